---Logs messages in nginx's error log or on standard error, for the person who runs the program.

local text = require "cmr.util.text"

local log = {}

local MAX_MESSAGE_BYTES = 2000 -- nginx cuts a line after 2,048 bytes

local function write(level, format, ...)
  local line = format:format(...):gsub("%c", " ")
  local message = "cmr: " .. text.cut(line, MAX_MESSAGE_BYTES)
  local ngx = package.loaded.ngx
  if ngx and ngx.log then
    ngx.log(ngx[level], message)
  else
    io.stderr:write(message, "\n")
  end
end

---Logs a problem that does not stop the program. Takes the arguments of string.format.
function log.warn(format, ...)
  write("WARN", format, ...)
end

---Logs a failure. Takes the arguments of string.format.
function log.error(format, ...)
  write("ERR", format, ...)
end

return log
