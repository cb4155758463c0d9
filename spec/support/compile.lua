-- Compiles C code of the specs into a library, with the flags of the tested build.
local run = require "spec.support.run"

local flavour = os.getenv("CMR_FLAVOUR") or rawget(_G, "jit") and "jit" or _VERSION:match("%d+%.%d+")

--- Compiles one file.
-- @param source path of a .c file
-- @return the path of a new shared library; the caller must remove it
return function(source)
  local library = os.tmpname()
  -- Without `env -u LD_PRELOAD`, a sanitizer that is preloaded for Lua would look for leaks in the compiler.
  run(("env -u LD_PRELOAD %s @build/%s/compile.flags -shared -o %s %s"):format(
    os.getenv("CC") or "cc", flavour, library, source))
  return library
end
