-- Runs the server that the clients call: an nginx that answers as documented, at once or after a time. It answers
-- as `platforms`, or as `reexport` if the request is a POST without a delay.
local cmr = require "cmr"
local nginx = require "spec.support.nginx"
local tls = require "cmr.mock.certificates"

local upstream = {}

upstream.USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B" -- the user in the vendor's example

local KEY = "bench-api-key"

local ANSWER = '{"status":200,"message":"Fetched connected accounts successfully","data":{"EMAILBISON":{'
  .. '"connected":true,"credentials":[{"credentialId":"A1B2C3D4E5F6G7H8","email":"john@agency.com",'
  .. '"connectedAt":"2024-05-01T10:00:00.000Z","metadata":{"appBaseUrl":"https://app.emailbison.com",'
  .. '"appName":"EmailBison","workspace":"my-workspace"}}]}}}'

local ACCEPTED = '{"status":200,"message":"OAuth wil be performed performed shortly","data":null,'
  .. '"actionId":"ACT_$request_id"}'

local CONF = [[
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log warn;
$user
$modules
events { worker_connections 8192; }
http {
  access_log off;
  default_type application/json;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  ssl_certificate $server/leaf.pem;
  ssl_certificate_key $server/leaf.key;
  server {
    listen 127.0.0.1:$port ssl http2 backlog=4096;
    listen 127.0.0.1:$plain_port backlog=4096;
    location /now/ {
      if ($request_method = POST) { return 200 '$accepted'; }
      return 200 '$http';
    }
    location ~ ^/after/([0-9.]+)/ {
      set $seconds $1;
      content_by_lua_block {
        local answer = '$http'
        ngx.sleep(tonumber(ngx.var.seconds))
        ngx.header.content_length = #answer
        ngx.print(answer)
      }
    }
  }
}
]]

local function certificates()
  local directory = nginx.output "mktemp -d"
  for name, text in pairs(tls.files) do
    nginx.write(directory .. "/" .. name, text)
  end
  nginx.write(directory .. "/make.sh", tls.script)
  nginx.output(("cd %s && sh make.sh >/dev/null 2>&1"):format(directory))
  return directory
end

local running

--- Starts the server at the first call.
-- @return the server, with key and ca_file; upstream.stop() ends it
function upstream.start()
  if running then return running end
  local directory = certificates()
  local plain_port = nginx.free_port()
  local conf = CONF:gsub("%$plain_port", plain_port):gsub("%$accepted", ACCEPTED)
  running = nginx.start { conf = conf, http = ANSWER, server = directory }
  running.plain_port = plain_port
  running.key, running.ca_file, running.certificates = KEY, directory .. "/ca.pem", directory
  return running
end

-- Returns the library's headers without the key, one on each line, for peers that make the same request.
local function headers()
  local client = cmr.new { api_key = KEY }
  return table.concat(assert(client:preview("platforms", upstream.USER)).headers, "\n")
end

--- Returns the environment for a client of the server.
-- @param seconds how long the server takes to answer; nil: it answers at once
-- @param plain true: HTTP/1.1 without TLS
function upstream.env(seconds, plain)
  local server = upstream.start()
  local scheme, port = plain and "http" or "https", plain and server.plain_port or server.port
  local base = ("%s://127.0.0.1:%d/%s"):format(scheme, port, seconds and "after/" .. seconds or "now")
  return {
    CMR_BASE_URL = base,
    CMR_API_KEY = server.key,
    CMR_CA_FILE = server.ca_file,
    BENCH_USER = upstream.USER,
    BENCH_HEADERS = headers(),
    BENCH_URL = ("%s/exports/platform-credentials?userId=%s"):format(base, upstream.USER),
  }
end

function upstream.stop()
  if not running then return end
  running:stop()
  nginx.output("rm -rf " .. running.certificates)
  running = nil
end

return upstream
