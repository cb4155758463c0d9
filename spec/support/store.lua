-- Makes a store of each backend, for specs. Each backend is one entry: {label = a description, start() -> the store, a
-- function that ends it, its server}.
local cjson = require "cjson"
local nginx = require "spec.support.nginx"
local redis = require "spec.support.redis"

local stores = {}

local SERVER = [=[
  client_body_buffer_size 1m;
  location = /store { content_by_lua_block {
    ngx.req.read_body()
    local cjson = require "cjson"
    local store = require("cmr.store").default()
    local call = cjson.decode(ngx.req.get_body_data())
    local one, two, three = store[call[1]](store, unpack(call, 2))
    ngx.print(cjson.encode{one == nil and cjson.null or one, two == nil and cjson.null or two, three})
  } }
]=]

local Remote = {}

function Remote.__index(_, method)
  return function(self, ...)
    local answer = self.server:get("/store", {method = "POST", body = cjson.encode{method, ...}})
    local results = cjson.decode(answer.body)
    for index = 1, 3 do
      if results[index] == cjson.null then results[index] = nil end
    end
    return results[1], results[2], results[3]
  end
end

stores.memory = {label = "of a process"}

function stores.memory.start()
  return require("cmr.store.memory").new(), function() end
end

-- The specs reach the store through a location that any worker answers.
local function start_nginx(http)
  local server = nginx.start{workers = 2, http = http, server = SERVER, unclean = {"lua_shared_dict"}}
  return setmetatable({server = server}, Remote), function() server:stop() end, server
end

stores.shdict = {label = "of nginx's workers, in one dictionary #nginx"}

function stores.shdict.start() return start_nginx "lua_shared_dict cmr 1m;" end

stores.shdicts = {label = "of nginx's workers, in three dictionaries #nginx"}

function stores.shdicts.start()
  return start_nginx "lua_shared_dict cmr 1m; lua_shared_dict cmr_events 1m; lua_shared_dict cmr_claims 1m;"
end

redis.each(function(name)
  stores[name] = {label = "of many hosts, in " .. name .. " #redis"}

  stores[name].start = function()
    local server = redis.start{program = name}
    return require("cmr.store.redis").new{port = server.port}, function() server:stop() end, server
  end
end)

stores.sqlite = {label = "of a machine's processes"}

function stores.sqlite.start()
  local path = os.tmpname()
  os.remove(path)
  local ledger = assert(require("cmr.ledger").open(path))
  return ledger:store(), function()
    ledger:close()
    for _, suffix in ipairs{"", "-wal", "-shm", "-writers", "-queue"} do os.remove(path .. suffix) end
  end
end

return stores
