-- Collects the library's messages on standard error during one test.

---Runs a function and collects the messages meanwhile.
-- @return an array of the messages
return function(act)
  local stderr, written = io.stderr, {}
  io.stderr = {write = function(_, ...) written[#written + 1] = table.concat{...} end} -- luacheck: ignore 122
  local fine, why = pcall(act, written)
  io.stderr = stderr -- luacheck: ignore 122
  if not fine then error(why, 0) end
  return written
end
