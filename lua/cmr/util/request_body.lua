---Reads the body of the request that nginx is serving.

local shell = require "cmr.util.shell"

local request_body = {}

---Returns the body as received. If nginx has stored a large body in a file, reads the file.
function request_body.read()
  ngx.req.read_body()
  local path = ngx.req.get_body_file()
  return path and assert(shell.read(path)) or ngx.req.get_body_data() or ""
end

return request_body
