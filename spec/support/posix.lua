-- fork, wait, exit, poll and what is open: a little C, compiled with the flags of the build under test.
local run = require "spec.support.run"

local flavour = os.getenv("CMR_FLAVOUR") or rawget(_G, "jit") and "jit" or _VERSION:match("%d+%.%d+")
local build = "build/" .. flavour
local library = os.tmpname()

-- A sanitizer preloaded for Lua would look for leaks in the compiler.
run(("env -u LD_PRELOAD %s @%s/compile.flags -shared -o %s spec/support/posix.c"):format(
  os.getenv("CC") or "cc", build, library))
local posix = assert(package.loadlib(library, "luaopen_spec_posix"))()
os.remove(library)

--- Runs a function in a forked child, which then ends at once. Returns true, or false and what it raised.
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
