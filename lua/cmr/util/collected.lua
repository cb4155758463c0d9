---Calls a function when Lua collects an object. Works on every version of Lua.

local collected = {}

---Makes an object. When Lua collects the object, Lua calls `act`.
---@param act fun()
---@return any guard
function collected.guard(act)
  if _VERSION == "Lua 5.1" then -- in Lua 5.1 and LuaJIT, tables have no finalizers
    local guard = newproxy(true)
    getmetatable(guard).__gc = act
    return guard
  end
  return setmetatable({}, { __gc = act })
end

return collected
