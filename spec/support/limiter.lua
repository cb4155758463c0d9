-- Makes the limiters of each backend, for specs. The module has one table for each backend. Its `label` describes the
-- backend. Its function `start` returns three values: a limiter; another limiter on the same queues, or nil; and a
-- function that cleans up.
local cjson = require "cjson"
local ledger = require "spec.support.ledger"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"

local limiters = {}

limiters.memory = {label = "of a process"}

function limiters.memory.start()
  return require("cmr.limiter.memory").new(), nil, function() end
end

local SERVER = [=[
  location = /limiter { content_by_lua_block {
    ngx.req.read_body()
    local cjson = require "cjson"
    local limiter = require("cmr.limiter").default()
    local call = cjson.decode(ngx.req.get_body_data())
    local delay, needed = limiter[call[1]](limiter, unpack(call, 2))
    ngx.print(cjson.encode{delay or cjson.null, needed or cjson.null})
  } }
]=]

local Remote = {}

function Remote.__index(_, method)
  return function(self, ...)
    local results = cjson.decode(self.server:get("/limiter", {method = "POST", body = cjson.encode{method, ...}}).body)
    for index = 1, 2 do
      if results[index] == cjson.null then results[index] = nil end
    end
    return results[1], results[2]
  end
end

limiters.shdict = {label = "of nginx's workers #nginx"}

-- The specs reach the limiter through a location that any worker answers.
function limiters.shdict.start()
  local server = nginx.start{workers = 2, http = "lua_shared_dict cmr 1m;", server = SERVER}
  local function new() return setmetatable({server = server}, Remote) end
  return new(), new(), function() server:stop() end
end

redis.each(function(name)
  limiters[name] = {label = "of many hosts, in " .. name .. " #redis"}

  limiters[name].start = function()
    local server = redis.start{program = name}
    local function new() return require("cmr.limiter.redis").new{port = server.port} end
    return new(), new(), function() server:stop() end
  end
end)

limiters.file = {label = "of a machine's processes"}

function limiters.file.start()
  local path = ledger.path()
  local function new() return require("cmr.limiter.file").new{path = path} end
  return new(), new(), function() ledger.remove(path) end
end

return limiters
