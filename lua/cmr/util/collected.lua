---Calls a function when Lua collects an object. Works on every version of Lua.

local collected = {}

---Makes a guard, and calls `act` when Lua collects it.
---@param act fun()
---@return any guard
function collected.guard(act)
  if newproxy then
    local guard = newproxy(true)
    getmetatable(guard).__gc = act
    return guard
  end
  return setmetatable({}, { __gc = act })
end

return collected
