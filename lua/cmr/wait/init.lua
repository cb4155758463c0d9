--- How to wait, by name, or by the place a call is made in. A strategy has wait(engine, call), sleep(engine, seconds),
-- now() and, where waiting is not possible everywhere, refuse(): why not here, or nil.

local wait = {}

--- The strategy for the place the caller runs in.
-- @treturn table strategy
function wait.detect()
  if ngx and ngx.get_phase then
    return require "cmr.wait.nginx"
  end
  return require "cmr.wait.block"
end

--- The strategy of a name: the ones in this folder.
-- @tparam string name
-- @treturn table strategy
function wait.named(name)
  return require("cmr.wait." .. name)
end

return wait
