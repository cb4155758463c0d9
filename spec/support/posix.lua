-- Loads the functions of posix.c, compiled with the flags of the tested build.
local library = require "spec.support.compile" "spec/support/posix.c"
local posix = assert(package.loadlib(library, "luaopen_spec_posix"))()
os.remove(library)

---Runs a function in a forked child, which then ends at once. Returns true, or false and the error that the function
---raised.
function posix.child(action)
  local told = os.tmpname()
  local pid = posix.fork()
  if pid == 0 then
    local good, why = pcall(action)
    local file = io.open(told, "wb")
    if file then
      file:write(good and "good" or tostring(why))
      file:close()
    end
    posix.exit(0)
  end
  local status = posix.wait(pid)
  local file = assert(io.open(told, "rb"))
  local text = file:read("*a")
  file:close()
  os.remove(told)
  if status ~= 0 then return false, ("the child ended with status %d: %s"):format(status, text) end
  if text ~= "good" then return false, text end
  return true
end

return posix
