--- Tells whoever runs the program, and not the code that made the call: nginx's error log, else standard error.

--- @tparam string message one line
return function(message)
  local ngx = package.loaded.ngx
  if ngx and ngx.log then
    ngx.log(ngx.WARN, "cmr: ", message)
  else
    io.stderr:write("cmr: ", message, "\n")
  end
end
