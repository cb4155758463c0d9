---The items of a list, page by page. An answer has currentPage and totalPages in data.pagination (docs) or directly in
---data (help). Its nextPage is not used: the documented sample shows a wrong one.

local core = require "cmr.core"
local tables = require "cmr.util.tables"

local pagination = {}

-- Tells a page from another one without storing the page.
local function fingerprint(items)
  return #items .. tables.canonical(items[1]) .. tables.canonical(items[#items])
end

local function broken(operation, message)
  message = operation .. ": " .. message
  local err = { kind = "bad_response", outcome = "rejected", operation = operation, message = message, attempts = 1 }
  return false, message, core.error(err)
end

---An answer's place among its pages.
---@return number? page
---@return number? total pages
function pagination.position(res)
  local where = tables.at(res, "data.pagination")
  if type(where) ~= "table" then where = res.data end
  return tonumber(tables.at(where, "currentPage")), tonumber(tables.at(where, "totalPages"))
end

---Iterates over the items.
---@param fetch fun(page: number): cmr.Answer?, string?, cmr.Error?
---@param operation string for messages
---@param path string of the items in an answer, as in "data.users"
---@param first number page
function pagination.iterate(fetch, operation, path, first)
  local number, items, index, is_last = first - 1, {}, 0, false
  local seen = {}

  local function next_page()
    number = number + 1
    local res, message, err = fetch(number)
    if not res then
      is_last = true
      return false, message, err
    end
    items, index = tables.at(res, path), 0
    if type(items) ~= "table" or (items[1] == nil and next(items) ~= nil) then
      is_last, items = true, {}
      return broken(operation, "there is no list at " .. path)
    end
    local current, total = pagination.position(res)
    if current and total then
      is_last = current >= total
      if not is_last and current < number then
        is_last, items = true, {}
        return broken(operation, ("asked for page %g of %g, got %g"):format(number, total, current))
      end
    elseif #items == 0 or seen[fingerprint(items)] then -- the end, or a server without pages
      is_last, items = true, {}
    else
      seen[fingerprint(items)] = true
    end
    return true
  end

  return function()
    while index >= #items do
      if is_last then return nil end
      local ok, message, err = next_page()
      if not ok then return false, message, err end
    end
    index = index + 1
    return items[index]
  end
end

return pagination
