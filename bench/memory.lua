-- Measures how much memory a process has.
local memory = {}

--- Returns the resident memory in bytes.
-- @param pid the process; nil means this one
function memory.resident(pid)
  local file = assert(io.open(("/proc/%s/status"):format(pid or "self"), "r"))
  local text = file:read "*a"
  file:close()
  return tonumber(text:match "VmRSS:%s+(%d+)") * 1024
end

return memory
