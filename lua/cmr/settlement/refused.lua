---Finds the items that the API refused in a successful answer. Pure.

local reading = require "cmr.settlement.reading"
local text = require "cmr.util.text"

---@class cmr.FailedItem
---@field name? string
---@field reason? string

local first_of, nonempty = reading.first_of, reading.nonempty

local MAX_REASON_BYTES = 200
local MAX_NAME_BYTES = 200 -- in a message
local MAX_LIST_BYTES = 1000 -- in a message
local FAILED_ITEM_NAMES = { "domainName", "domain", "mailboxId", "email", "subscriptionId", "domainId" }
local FAILED_ITEM_REASONS = { "message", "error", "reason" }

local refused = {}

---Returns the failed items of an answer. Some operations answer with status 200 although they refused some items.
---@return any[]? items Nil when none failed.
function refused.items(operation, res)
  local data = res.data
  if type(data) ~= "table" then return nil end
  local failed = {}
  if type(data.unavailableDomains) == "table" then -- answers to orders have this field (help page)
    for _, domain in ipairs(data.unavailableDomains) do
      failed[#failed + 1] = domain
    end
  end
  for _, item in ipairs(data) do
    if type(item) == "table" then
      local incomplete = operation and operation.success_field and item[operation.success_field] == nil
      if item.success == false or incomplete then -- answers to bulk mailbox updates have `success` (help page)
        failed[#failed + 1] = item
      end
    end
  end
  return failed[1] ~= nil and failed or nil
end

---Returns the names and reasons of failed items.
---@param failed any[]? The result of refused.items.
---@return cmr.FailedItem[]? items
function refused.describe(failed)
  local described = {}
  for index, item in ipairs(failed or {}) do
    local is_table = type(item) == "table"
    local reason = not is_table and "not available" or first_of(item, FAILED_ITEM_REASONS)
    described[index] = {
      name = is_table and first_of(item, FAILED_ITEM_NAMES) or nonempty(item),
      reason = reason and (text.cut(reason, MAX_REASON_BYTES)) or nil,
    }
  end
  return described[1] and described or nil
end

---Returns failed items in words, such as "2 items failed: a.com (too early), b.com". If there are too many for a
---message, the last ones are only counted.
---@param items cmr.FailedItem[] The result of refused.describe.
---@return string
function refused.in_words(items)
  local shown, bytes = {}, 0
  for index, item in ipairs(items) do
    local name = text.cut(item.name or "an item without a name", MAX_NAME_BYTES)
    local words = item.reason and ("%s (%s)"):format(name, item.reason) or name
    bytes = bytes + #words
    if bytes > MAX_LIST_BYTES then break end
    shown[index] = words
  end
  local more = #items > #shown and (" and %d more"):format(#items - #shown) or ""
  return ("%s failed: %s%s"):format(#items == 1 and "1 item" or #items .. " items", table.concat(shown, ", "), more)
end

return refused
