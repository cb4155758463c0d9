--- The items of a list, page by page. Knows both shapes of the vendor's answers: data.pagination{currentPage,
-- totalPages} (docs) and the same two directly in data (help). The sample's nextPage lies: it is not looked at.

local core = require "cmr.core"

local pages = {}

local function at(value, path)
  for name in path:gmatch "[^.]+" do
    if type(value) ~= "table" then return nil end
    value = value[name]
  end
  return value
end

local function position(res)
  local data = type(res.data) == "table" and res.data or {}
  local where = type(data.pagination) == "table" and data.pagination or data
  return tonumber(where.currentPage), tonumber(where.totalPages)
end

-- A value as text, whatever is in it: unlike JSON, which refuses numbers that were only received.
local function text_of(value)
  if type(value) ~= "table" then
    return type(value) .. " " .. (type(value) == "number" and ("%.17g"):format(value) or tostring(value))
  end
  local members = {}
  for name, member in pairs(value) do
    members[#members + 1] = text_of(name) .. "=" .. text_of(member)
  end
  table.sort(members)
  return "{" .. table.concat(members, ",") .. "}"
end

-- Enough to know a page again; the whole of it would be kept for every page.
local function fingerprint(items)
  return #items .. text_of(items[1]) .. text_of(items[#items])
end

local function broken(operation, message)
  message = operation .. ": " .. message
  local err = { kind = "bad_response", outcome = "rejected", operation = operation, message = message, attempts = 1 }
  return false, message, core.error(err)
end

--- Iterates over the items.
-- @tparam function fetch (page number) -> res, or nil, message, err
-- @tparam string operation for messages
-- @tparam string path of the items in an answer, as in "data.users"
-- @tparam number first page
-- @treturn function for a generic for: item, or once false, message, err when a page could not be had
function pages.iterate(fetch, operation, path, first)
  local number, items, index, last = first - 1, {}, 0, false
  local seen = {}

  local function turn()
    number = number + 1
    local res, why, err = fetch(number)
    if not res then
      last = true
      return false, why, err
    end
    items, index = at(res, path), 0
    if type(items) ~= "table" or (items[1] == nil and next(items) ~= nil) then
      last, items = true, {}
      return broken(operation, "there is no list at " .. path)
    end
    local current, total = position(res)
    if current and total then
      last = current >= total
      if not last and current < number then
        last, items = true, {}
        return broken(operation, ("asked for page %g of %g, got %g"):format(number, total, current))
      end
    elseif #items == 0 or seen[fingerprint(items)] then -- the end, or a server that knows no pages
      last, items = true, {}
    else
      seen[fingerprint(items)] = true
    end
    return true
  end

  return function()
    while index >= #items do
      if last then return nil end
      local fine, why, err = turn()
      if not fine then return false, why, err end
    end
    index = index + 1
    return items[index]
  end
end

return pages
