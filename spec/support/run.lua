--- Runs a shell command and returns its output on both streams, without the last newline. Fails the spec when
-- its exit status is not the expected one (default 0).
return function(command, expected)
  local pipe = io.popen(command .. " 2>&1; echo status $?")
  local output = pipe:read("*a")
  pipe:close()
  local text, status = output:match("^(.-)%s*status (%d+)%s*$")
  if tonumber(status) ~= (expected or 0) then
    error(("%s\nended with status %s:\n%s"):format(command, tostring(status), text or output), 2)
  end
  return text
end
