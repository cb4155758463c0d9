-- An error reply belongs to one script, unless it says that the server itself cannot serve now.
local core = require "cmr.core"
local redis = require "cmr.redis.scripts"
local nginx = require "spec.support.nginx"
local support = require "spec.support.redis"
local warned = require "spec.support.warnings"

local PUSH = 'return redis.call("RPUSH", KEYS[1], "x")'
local GET = 'return redis.call("GET", KEYS[1])'

support.each(function(name) describe("an error reply of " .. name, function()
  local server

  before_each(function() server = support.start{program = name} end)
  after_each(function() server:stop() end)

  local function connections() return tonumber(server:cli("info stats"):match "total_connections_received:(%d+)") end

  it("to one script is an error of that script, and not an outage", function()
    local r = redis.new{port = server.port}
    local warnings = warned(function()
      assert.equal(1, r:eval(PUSH, {"list"}, {}))
      local before = connections()
      for _ = 1, 3 do
        local reply, message, reason = r:eval(GET, {"list"}, {})
        assert.is_nil(reply)
        assert.matches("WRONGTYPE", message)
        assert.equal("refused", reason)
        assert.is_false(r:eval(GET, {"other"}, {}))
      end
      assert.matches("[Ww]rong number of args", (select(2, r:eval('return redis.call("GET")', {}, {}))))
      assert.matches("[Ee]rror compiling", (select(2, r:eval("not Lua", {}, {}))))
      assert.equal(before + 1, connections()) -- the call of connections() connects too
    end)
    assert.same({}, warnings)
  end)

  it("about memory is an error only for scripts that write", function()
    local r = redis.new{port = server.port}
    server:cli "config set maxmemory 1"
    local warnings = warned(function()
      local reply, message, reason = r:eval(PUSH, {"list"}, {})
      assert.is_nil(reply)
      assert.matches("OOM", message)
      assert.equal("refused", reason)
      assert.is_false(r:eval(GET, {"other"}, {}))
      server:cli "config set maxmemory 0"
      assert.equal(1, r:eval(PUSH, {"list"}, {}))
    end)
    assert.same({}, warnings)
  end)

  -- The errors of a server that cannot serve now, with the commands that begin and end this state.
  local STATES = {
    READONLY = {"replicaof 127.0.0.1 1", "replicaof no one"},
    MASTERDOWN = {"config set replica-serve-stale-data no; $cli replicaof 127.0.0.1 1", "replicaof no one"},
    NOREPLICAS = {"config set min-replicas-to-write 1", "config set min-replicas-to-write 0"},
    MISCONF = {"config set save '900 1'; mkdir -p $directory/dump.rdb/x; $cli set some value; $cli bgsave",
      "config set save ''"},
  }
  for code, commands in pairs(STATES) do
    it(code .. " is an outage, which ends", function()
      local cli = ("%s -p %d"):format(server.program.cli, server.port)
      local function run(command)
        server:cli((command:gsub("%$(%l+)", {cli = cli, directory = server.directory})))
      end
      local r = redis.new{port = server.port, timeout = 0.05}
      local warnings = warned(function()
        assert.equal(1, r:eval(PUSH, {"list"}, {}))
        run(commands[1])
        local reply, message, reason
        nginx.eventually(code, function()
          reply, message, reason = r:eval(PUSH, {"list"}, {})
          return reply == nil
        end)
        assert.matches(code, message)
        assert.equal("unavailable", reason)
        local begun = core.now()
        for _ = 1, 100 do assert.same({nil, message, "unavailable"}, {r:eval(PUSH, {"list"}, {})}) end
        assert.is_true(core.now() - begun < 2.5) -- most of these scripts fail at once, without a request
        run(commands[2])
        nginx.eventually("the end", function() return r:eval(PUSH, {"list"}, {}) end)
      end)
      assert.equal(1, #warnings)
      assert.matches("is unavailable %([^\n]*" .. code, warnings[1])
    end)
  end
end) end)

describe("the error reply", function()
  local luasocket = require "cmr.redis.luasocket"
  local open = luasocket.open

  after_each(function() luasocket.open = open end)

  -- Returns the reason and the message that a script's caller gets when a server sends this error.
  local function reason_of(reply)
    local connection = {reused = false}
    function connection.command(_, command)
      if command == "script" then return "digest" end
      return nil, reply, true
    end
    function connection.release() end
    function connection.close() end
    luasocket.open = function() return connection end
    local _, reason, message
    warned(function()
      local r = redis.new{host = "of " .. reply}
      _, message, reason = r:eval("return 1", {}, {})
    end)
    return reason, message
  end

  -- Redis 5 and 6 wrap the error of a script's command in an error of the script.
  local function of_script(reply)
    return "ERR Error running script (call to f_9d1b0af2): @user_script:2: @user_script: 2: " .. reply
  end

  it("of a server that cannot serve now is an outage, in the words of every version", function()
    for _, reply in ipairs{
      "LOADING Redis is loading the dataset in memory",
      "LOADING Valkey is loading the dataset in memory",
      "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
      "READONLY You can't write against a read only replica. script: 9d1b, on @user_script:1.",
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      "NOREPLICAS Not enough good replicas to write.",
      "CLUSTERDOWN The cluster is down",
      "TRYAGAIN Multiple keys request during rehashing of slot",
      "NOAUTH Authentication required.",
      "ERR max number of clients reached",
      of_script "-READONLY You can't write against a read only slave.",
      of_script "-MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.",
    } do
      local reason, message = reason_of(reply)
      assert.same({"unavailable", reply}, {reason, message})
    end
  end)

  it("to one script is a refusal, whatever it says", function()
    for _, reply in ipairs{
      "WRONGTYPE Operation against a key holding the wrong kind of value script: 9d1b, on @user_script:1.",
      "OOM command not allowed when used memory > 'maxmemory'. script: 9d1b, on @user_script:1.",
      "NOPERM this user has no permissions to access one of the keys used as arguments",
      "ERR unknown reason: READONLY",
      "",
      of_script "WRONGTYPE Operation against a key holding the wrong kind of value",
      of_script "-OOM command not allowed when used memory > 'maxmemory'.",
    } do
      local reason, message = reason_of(reply)
      assert.same({"refused", reply}, {reason, message})
    end
  end)
end)
