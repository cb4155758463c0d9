-- For busted --helper: says which file of specs runs, and so where a run that hangs did.
local busted = require("busted")
busted.subscribe({ "file", "start" }, function(file)
  io.write("\n", file.name, " ")
  io.flush()
  return nil, true
end)
