---Reads the items of a list, page by page. An answer has currentPage and totalPages, and perhaps the total number of
---items. The API documentation shows these fields in data.pagination, and the help pages show them directly in data.
---The answer's nextPage is not used, because the documented sample shows a wrong number.
---
---The pages are not one snapshot of the list. If the list changes during the iteration, items move from one page to
---another. So the iteration compares every page with all earlier pages. The iteration ends with an error if items may
---be missing or come twice.

local core = require "cmr.core"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local unpack = table.unpack or unpack

local pagination = {}

-- The possible names of the field with the total number of items.
local TOTAL_FIELDS = { "totalSearchedCount", "totalDomains", "total", "totalCount", "totalItems" }

---Returns three numbers from an answer. Returns nil for each number that the answer lacks.
---@return number? page The number of this page.
---@return number? pages The number of pages.
---@return number? total The number of items on all pages.
function pagination.position(res)
  local where = tables.at(res, "data.pagination")
  if type(where) ~= "table" then where = res.data end
  local total
  for _, name in ipairs(TOTAL_FIELDS) do
    total = total or tonumber(tables.at(where, name))
  end
  return tonumber(tables.at(where, "currentPage")), tonumber(tables.at(where, "totalPages")), total
end

local function broken(operation, code, message)
  local err = { kind = "bad_response", code = code, outcome = "rejected", operation = operation, attempts = 1 }
  err.message = operation .. ": " .. message
  return false, err.message, core.error(err)
end

-- Raises a table {code, message}. next_page catches the table and makes an error from it. Only `check` and its helpers
-- call this function.
local function stop(code, format, ...)
  local words = { ... }
  for index, word in ipairs(words) do
    if type(word) == "number" then words[index] = ("%.14g"):format(word) end
  end
  error { code = code, message = format:format(unpack(words)) }
end

-- Returns the field that identifies an item of a list, such as "subscriptionId" in data.subscriptions.
local function id_field(item, list_name)
  for _, name in ipairs { "id", "_id" } do
    if item[name] ~= nil then return name end
  end
  for _, name in ipairs(tables.sorted_keys(item)) do
    local stem = type(name) == "string" and name:match "^(.+)Id$"
    if stem and list_name:sub(1, #stem) == stem then return name end
  end
end

-- Returns a text that identifies an item, and a text that names the item in messages. If the item has no id, the first
-- text is a digest of the item's members.
local function identity(item, list_name)
  if not tables.is_object(item) or next(item) == nil then return nil end
  local field = id_field(item, list_name)
  local id = field and item[field]
  if type(id) == "number" then id = text.exact_number(id) end
  if type(id) == "string" then return field .. " " .. id, ("%s '%s'"):format(field, id) end
  return core.sha256(tables.canonical(item)), "an item"
end

-- Raises if an answer's page number is not `number`, or if `pages` or `total` differs from the value on the first page.
local function check_numbers(list, number, current, pages, total)
  if current and current ~= number then
    local of = pages and (" of %.14g"):format(pages) or ""
    stop("wrong_page", "asked for page %s, got page %s%s", number, current, of)
  end
  for _, now in ipairs { { "pages", pages }, { "total", total } } do
    local name, value = now[1], now[2]
    if list[name] and value and list[name] ~= value then
      local format = "the list changed while it was read: it had %s %s, on page %s it has %s"
      stop("list_changed", format, list[name], name == "total" and "items" or name, number, value)
    end
  end
end

-- Raises if this page is the same as an earlier page, or has an item of an earlier page. Two equal items in one page
-- are no error, because the server sent both in one answer.
local function check_repeats(list, number, items)
  local fingerprint = core.sha256(tables.canonical(items))
  if list.seen_pages[fingerprint] then
    stop("repeated_page", "page %s is the same as page %s", number, list.seen_pages[fingerprint])
  end
  list.seen_pages[fingerprint] = number
  local identities = {}
  for _, item in ipairs(items) do
    local key, words = identity(item, list.name)
    local earlier = key and list.seen_items[key]
    if earlier then
      stop(
        "repeated_item",
        "%s of page %s is on page %s too: the list changed while it was read",
        words,
        earlier,
        number
      )
    end
    if key then identities[#identities + 1] = key end
  end
  for _, key in ipairs(identities) do
    list.seen_items[key] = number
  end
end

-- Returns whether the first page's total counts the items of all pages. If the total equals the number of this page's
-- items, and the answer also says how many pages there are, the total may count only this page.
local function counts_all(total, pages, items)
  return total > #items or total == #items and not pages
end

-- Compares a page with the request and with the earlier pages. Returns whether the page is the last page.
local function check(list, number, res, items)
  local current, pages, total = pagination.position(res)
  -- ignores `pages` if it is NaN or below 1; a list without items may have 0 pages
  if pages and (pages < 1 or pages ~= pages) then pages = nil end
  check_numbers(list, number, current, pages, total)
  if number == list.first then
    list.pages = pages
    list.total = total and counts_all(total, pages, items) and total or nil
  end
  pages, total = list.pages, list.total
  if #items == 0 then
    if pages and pages > 1 and number <= pages then stop("missing_items", "page %s of %s is empty", number, pages) end
    return true
  end
  if pages and number > pages then stop("wrong_page", "asked for page %s, got page %s of %s", number, number, pages) end
  check_repeats(list, number, items)
  list.count = list.count + #items
  if pages then return number >= pages end
  return total ~= nil and list.first == 1 and list.count >= total
end

-- Returns the items of an answer, and the name of the list.
local function find_items(where, res)
  if type(where) == "function" then return where(res) end
  return tables.at(res, where), where:match "[^.]+$"
end

---Iterates over the items.
---@param fetch fun(page: number): cmr.Answer?, string?, cmr.Error?
---@param operation string The operation's name, for messages.
---@param where string|fun(res: cmr.Answer): any[]?, string? The path of the items, or a function; see cmr.List.
---@param first number The number of the first page.
function pagination.iterate(fetch, operation, where, first)
  first = tonumber(first) or first -- fetch refuses a value that is no number
  local list = { first = first, count = 0, seen_pages = {}, seen_items = {} }
  local number, items, index, is_last, is_checked = nil, {}, 0, false, false

  local function finish(...)
    is_last, is_checked, items = true, true, {}
    return ...
  end

  local function next_page()
    number = number and number + 1 or first
    local res, message, err = fetch(number)
    if not res then return finish(false, message, err) end
    items, list.name = find_items(where, res)
    index, list.name = 0, list.name or operation
    if type(items) ~= "table" or (items[1] == nil and next(items) ~= nil) then
      local place = type(where) == "string" and "at " .. where or "in the answer"
      return finish(broken(operation, "no_list", "there is no list " .. place))
    end
    local ok, result = pcall(check, list, number, res, items)
    if ok then
      is_last = result
      return true
    end
    if type(result) ~= "table" then error(result, 0) end
    return finish(broken(operation, result.code, result.message))
  end

  -- Checks, after the last item, that the number of items equals the total in the first answer.
  local function check_count()
    is_checked = true
    if not list.total or list.first ~= 1 or list.count == list.total then return nil end
    local message = "the list should have %.14g items, and %.14g came"
    return broken(operation, "missing_items", message:format(list.total, list.count))
  end

  return function()
    while index >= #items do
      if is_last then
        if is_checked then return nil end
        return check_count()
      end
      local ok, message, err = next_page()
      if not ok then return false, message, err end
    end
    index = index + 1
    return items[index]
  end
end

return pagination
