---Finds the list in an answer, and judges whether `page` and `limit` work. Pure. `first` and `second` are the
---envelopes of pages 1 and 2, both requested with limit=1. `documented` is the list's documented path.

local facts = require "cmr.probe.facts"
local shape = require "cmr.probe.shape"
local tables = require "cmr.util.tables"

local paging = {}

local yes, no, unseen = facts.yes, facts.no, facts.unseen

local MAX_DEPTH = 3 -- the depth of data.result.users
local TOTAL_FIELDS = { "totalSearchedCount", "totalDomains", "total", "totalCount", "totalItems", "count" }

-- Returns the lists and empty tables in an envelope, but nothing inside a list. The entries nearest to the top come
-- first.
local function candidates(envelope, words)
  local found, level = {}, { { path = "", value = envelope } }
  for _ = 1, MAX_DEPTH do
    local next_level = {}
    for _, object in ipairs(level) do
      for _, name in ipairs(tables.sorted_keys(object.value)) do
        local kind = shape.type(object.value[name])
        local path = (object.path .. "." .. shape.name(object.value, name, words)):gsub("^%.", "")
        local entry = { path = path, kind = kind, value = object.value[name] }
        if kind == "object" then next_level[#next_level + 1] = entry end
        if kind == "list" or kind == "empty" then found[#found + 1] = entry end
      end
    end
    level = next_level
  end
  return found
end

---Returns the path and the items of an answer's list. The order of preference is: the list at the documented path,
---a list of objects, a list of other values, an empty list.
---@param words table? Words from shape.words. The returned path shows them as "*", unless they are documented names.
function paging.list(envelope, documented, words)
  local value = documented and tables.at(envelope, documented)
  if type(value) == "table" and shape.type(value) ~= "object" then return documented, value end
  local full, empty
  for _, entry in ipairs(candidates(envelope, words or {})) do
    if entry.kind == "list" then
      if type(entry.value[1]) == "table" then return entry.path, entry.value end
      full = full or entry
    else
      empty = empty or entry
    end
  end
  local entry = full or empty
  if entry then return entry.path, entry.value end
end

---Returns three numbers from an answer: the number of this page, the number of pages, and the number of items on all
---pages.
---@return {current: number?, pages: number?, total: number?}
function paging.position(envelope)
  local data = type(envelope.data) == "table" and envelope.data or {}
  local objects = { data.pagination or 0, data.meta or 0, envelope.pagination or 0, envelope.meta or 0, data }
  for _, object in ipairs(objects) do
    if type(object) == "table" then
      local found = { current = tonumber(object.currentPage or object.page), pages = tonumber(object.totalPages) }
      for _, name in ipairs(TOTAL_FIELDS) do
        found.total = found.total or tonumber(object[name])
      end
      if next(found) then return found end
    end
  end
  return {}
end

---Returns whether a list with one item per page (limit=1) has a second page. `first` is the first page's answer.
---    there is a second page       true
---    there is no second page      false and a reason
---    the answer does not say it   nil
function paging.has_more(first, documented)
  local path, items = paging.list(first, documented)
  if not path then return false, "no list was found in the answer" end
  if #items == 0 then return false, "the list is empty" end
  local position = paging.position(first)
  if (position.total or 0) > 1 or (position.pages or 0) > 1 then return true end
  if #items == 1 and (position.total == 1 or position.pages == 1) then return false, "there is only one item" end
  return nil
end

local function is_same(items, others)
  return tables.canonical(items) == tables.canonical(others)
end

---Judges whether limit=1 works; `second` may be nil.
function paging.judge_limit(first, second, documented)
  local path, items = paging.list(first, documented)
  if path and #items > 1 then return no "more than one item came" end
  local more, reason = paging.has_more(first, documented)
  if more then return yes "one of many items came" end
  if more == false then return unseen(reason) end
  local _, others = paging.list(second or {}, documented)
  if others and #others > 0 and not is_same(items, others) then return yes "pages 1 and 2 have one item each" end
  return unseen "one item came, and the answer does not say whether there are more"
end

---Judges whether page=2 works.
function paging.judge_page(first, second, documented)
  local _, items = paging.list(first, documented)
  local _, others = paging.list(second, documented)
  local more, current = paging.has_more(first, documented), paging.position(second).current
  if others and is_same(items, others) then
    if more or #items > 1 then return no "page 2 repeats page 1" end
    return unseen "page 2 repeats the one item of page 1, and the answer does not say whether there are more"
  end
  if current and current ~= 2 then return no "the answer has another page number" end
  if not others then return unseen "page 2 has no list" end
  if #others == 0 and more and #items == 1 then return no "page 2 is empty although there are more items" end
  if current then return yes "the answer has page number 2" end
  return yes(#others == 0 and "page 2 is empty, page 1 is not" or "page 2 has other items than page 1")
end

return paging
