-- A helper for busted (--helper). It prints the name of each spec file before the file runs, so that you see where a
-- run hangs. It also prints how long slow files took.
local busted = require "busted"
local SLOW_SECONDS = 3
local begun
busted.subscribe({ "file", "start" }, function(file)
  begun = require("socket").gettime()
  io.write("\n", file.name, " ")
  io.flush()
  return nil, true
end)
busted.subscribe({ "file", "end" }, function()
  local took = require("socket").gettime() - begun
  if took > SLOW_SECONDS then io.write((" (%.0f s)"):format(took)) end
  return nil, true
end)
