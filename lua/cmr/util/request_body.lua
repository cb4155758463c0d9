---Reads the body of the request that nginx is serving.

local shell = require "cmr.util.shell"

local request_body = {}

---Returns the unchanged body. nginx stores a large body in a file.
function request_body.read()
  ngx.req.read_body()
  local path = ngx.req.get_body_file()
  return path and assert(shell.read(path)) or ngx.req.get_body_data() or ""
end

return request_body
