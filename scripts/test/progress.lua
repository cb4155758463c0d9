-- For busted --helper: says which file of specs runs, and so where a run that hangs did; and how long those took that
-- took long.
local busted = require "busted"
local LONG = 3 -- seconds
local begun
busted.subscribe({ "file", "start" }, function(file)
  begun = require("socket").gettime()
  io.write("\n", file.name, " ")
  io.flush()
  return nil, true
end)
busted.subscribe({ "file", "end" }, function()
  local took = require("socket").gettime() - begun
  if took > LONG then io.write((" (%.0f s)"):format(took)) end
  return nil, true
end)
