-- Things by id, in the order in which they came.
local shelf = {}
shelf.__index = shelf

--- An empty one.
function shelf.new()
  return setmetatable({ by_id = {}, ids = {} }, shelf)
end

--- The thing of this id, or nil.
function shelf:get(id)
  return self.by_id[id]
end

--- Put a thing there; one of the same id is replaced. Returns the thing.
function shelf:put(id, thing)
  if not self.by_id[id] then self.ids[#self.ids + 1] = id end
  self.by_id[id] = thing
  return thing
end

--- Take the thing of this id away.
function shelf:remove(id)
  self.by_id[id] = nil
  for index = #self.ids, 1, -1 do
    if self.ids[index] == id then table.remove(self.ids, index) end
  end
end

local function fits(thing, wanted)
  for name, value in pairs(wanted) do
    if thing[name] ~= value then return false end
  end
  return true
end

--- The things with these members, in order.
-- @param wanted {member = value}; nothing for all
function shelf:list(wanted)
  local list = {}
  for _, id in ipairs(self.ids) do
    local thing = self.by_id[id]
    if fits(thing, wanted or {}) then list[#list + 1] = thing end
  end
  return list
end

--- Take all things with these members away.
function shelf:clear(wanted)
  local ids = self.ids
  self.ids = {}
  for _, id in ipairs(ids) do
    if fits(self.by_id[id], wanted) then
      self.by_id[id] = nil
    else
      self.ids[#self.ids + 1] = id
    end
  end
end

return shelf
