---A collection of items. It finds an item by its id, and lists items in the order in which they were added.

local Collection = {}
Collection.__index = Collection
Collection.__name = "cmr.mock.collection"

local function matches(item, filter)
  for name, value in pairs(filter or {}) do
    if item[name] ~= value then return false end
  end
  return true
end

---Makes an empty collection.
---@return table collection
function Collection.new()
  return setmetatable({ by_id = {}, ids = {} }, Collection)
end

---@param id string
---@return table? item
function Collection:get(id)
  return self.by_id[id]
end

---Adds an item, or replaces the item that already has this id.
---@param id string
---@param item table
---@return table item
function Collection:put(id, item)
  if not self.by_id[id] then self.ids[#self.ids + 1] = id end
  self.by_id[id] = item
  return item
end

---@param id string
function Collection:remove(id)
  self.by_id[id] = nil
  for index = #self.ids, 1, -1 do
    if self.ids[index] == id then table.remove(self.ids, index) end
  end
end

---Lists the items that match a filter, in order.
---@param filter table? {member = value}; nil for all items.
---@return table[] items
function Collection:list(filter)
  local items = {}
  for _, id in ipairs(self.ids) do
    local item = self.by_id[id]
    if matches(item, filter) then items[#items + 1] = item end
  end
  return items
end

---Removes the items that match a filter.
---@param filter table {member = value}
function Collection:clear(filter)
  local ids = self.ids
  self.ids = {}
  for _, id in ipairs(ids) do
    if matches(self.by_id[id], filter) then
      self.by_id[id] = nil
    else
      self.ids[#self.ids + 1] = id
    end
  end
end

return Collection
