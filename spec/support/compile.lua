-- Compiles C of the specs into a library, with the flags of the build under test.
local run = require "spec.support.run"

local flavour = os.getenv("CMR_FLAVOUR") or rawget(_G, "jit") and "jit" or _VERSION:match("%d+%.%d+")

--- Compiles one file.
-- @param source path of a .c file
-- @return path of a new shared library; whoever asked for it removes it
return function(source)
  local library = os.tmpname()
  -- A sanitizer preloaded for Lua would look for leaks in the compiler.
  run(("env -u LD_PRELOAD %s @build/%s/compile.flags -shared -o %s %s"):format(
    os.getenv("CC") or "cc", flavour, library, source))
  return library
end
