--- What answers tell of lists: where they are, how they are cut into pages, and whether the parameters that ask for a
-- page do so. Pure. Pages are asked for with limit=1.

local judge = require "cmr.probe.judge"
local shape = require "cmr.probe.shape"

local M = {}

local yes, no, unseen = judge.yes, judge.no, judge.unseen

local DEEPEST = 3 -- data, data.users, data.result.users

-- Lists and empty tables that are no items of another list, outermost first.
local function candidates(envelope, words)
  local found, level = {}, { { path = "", value = envelope } }
  for _ = 1, DEEPEST do
    local below = {}
    for _, at in ipairs(level) do
      local names = {}
      for name in pairs(at.value) do
        names[#names + 1] = name
      end
      table.sort(names)
      for _, name in ipairs(names) do
        local kind = shape.type(at.value[name])
        local path = (at.path .. "." .. shape.name(at.value, name, words)):gsub("^%.", "")
        local entry = { path = path, kind = kind, value = at.value[name] }
        if kind == "object" then below[#below + 1] = entry end
        if kind == "list" or kind == "empty" then found[#found + 1] = entry end
      end
    end
    level = below
  end
  return found
end

--- The list of an answer.
-- @param envelope    decoded
-- @param documented  where it should be, or nil; somewhere else is looked when it is not there
-- @param words       of shape.words: what the path may not give away
-- @return its path, its items; nil when there is none
function M.list(envelope, documented, words)
  local there = documented and shape.at(envelope, documented)
  if type(there) == "table" and shape.type(there) ~= "object" then return documented, there end
  local some, nothing
  for _, entry in ipairs(candidates(envelope, words or {})) do
    if entry.kind == "list" then
      if type(entry.value[1]) == "table" then return entry.path, entry.value end
      some = some or entry
    else
      nothing = nothing or entry
    end
  end
  local entry = some or nothing
  if entry then return entry.path, entry.value end
end

local totals = { "totalSearchedCount", "totalDomains", "total", "totalCount", "totalItems", "count" }

--- What an answer says about its pages: {current, pages, total}, each nil when it is not there.
function M.position(envelope)
  local data = type(envelope.data) == "table" and envelope.data or {}
  for _, where in ipairs { data.pagination or 0, data.meta or 0, envelope.pagination or 0, envelope.meta or 0, data } do
    if type(where) == "table" then
      local found = { current = tonumber(where.currentPage or where.page), pages = tonumber(where.totalPages) }
      for _, name in ipairs(totals) do
        found.total = found.total or tonumber(where[name])
      end
      if next(found) then return found end
    end
  end
  return {}
end

--- Whether there is a second page of one item.
-- @return true, or nil when the answer does not tell, or false and why not
function M.more(envelope, documented)
  local path, items = M.list(envelope, documented)
  if not path then return false, "no list was found in the answer" end
  if #items == 0 then return false, "the list is empty" end
  local position = M.position(envelope)
  if (position.total or 0) > 1 or (position.pages or 0) > 1 then return true end
  if #items == 1 and (position.total == 1 or position.pages == 1) then return false, "there is only one item" end
  return nil
end

--- Whether limit=1 was honoured.
-- @param first, second  envelopes of pages 1 and 2; the second may be nil
-- @return a verdict, what was seen
function M.limit(first, second, documented)
  local path, items = M.list(first, documented)
  if path and #items > 1 then return no "many items came" end
  local more, why = M.more(first, documented)
  if more then return yes "one of many items came" end
  if more == false then return unseen(why) end
  local _, others = M.list(second or {}, documented)
  if others and #others > 0 and not shape.same(items, others) then return yes "pages 1 and 2 have one item each" end
  return unseen "one item came, and nothing says that there are more"
end

--- Whether page=2 was honoured. Parameters and result as of limit; both envelopes are there.
function M.page(first, second, documented)
  local _, items = M.list(first, documented)
  local _, others = M.list(second, documented)
  local more, current = M.more(first, documented), M.position(second).current
  if others and #others > 0 and shape.same(items, others) then
    if more or #items > 1 then return no "page 2 repeats page 1" end
    return unseen "page 2 repeats the one item of page 1, and nothing says that there are more"
  end
  if current and current ~= 2 then return no "the answer calls itself another page" end
  if not others then return unseen "page 2 has no list" end
  if #others == 0 and more and #items == 1 then return no "page 2 is empty although there are more items" end
  if current then return yes "the answer calls itself page 2" end
  return yes(#others == 0 and "page 2 is empty, page 1 is not" or "page 2 has other items than page 1")
end

return M
