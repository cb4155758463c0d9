-- How much memory a process has.
local memory = {}

--- Bytes that are resident.
-- @param pid of which process; this one when it is nil
function memory.resident(pid)
  local file = assert(io.open(("/proc/%s/status"):format(pid or "self"), "r"))
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmRSS:%s+(%d+)") * 1024
end

return memory
