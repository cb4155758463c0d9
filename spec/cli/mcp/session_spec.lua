-- A session of cmr mcp, run in this process: what each message of the client leads to.
local cjson = require "cjson"
local core = require "cmr.core"
local block = require "cmr.loop.block"
local logger = require "cmr.util.log"
local session = require "cmr.cli.mcp.session"

describe("a session with an assistant", function()
  local one, sent, log, now, held, core_now, log_error

  before_each(function()
    sent, log, held, now, core_now = {}, {}, {}, 100, core.now
    core.now = function() return now end
    log_error = logger.error
    logger.error = function(format, ...) log[#log + 1] = format:format(...) end
    local methods = {
      initialize = function(self)
        self.version = "2025-06-18"
        return {}
      end,
      ping = function() return {pong = true} end,
      refuse = function() return nil, -32602, "no such thing" end,
      fail = function() error("broken inside", 0) end,
      hold = function(_, params, request)
        local semaphore = block.semaphore()
        held[#held + 1] = request
        request.go_on, request.must_end = semaphore.post, params.must_end
        request.stop = semaphore.post
        semaphore.wait()
        return {held = true}
      end,
      question = function(self, _, request)
        return {answered = self:ask(request, "elicitation/create", {message = "?"}) or "nothing"}
      end,
    }
    one = session.new{methods = methods, write = function(line) sent[#sent + 1] = cjson.decode(line) end}
  end)

  after_each(function()
    core.now, logger.error = core_now, log_error
  end)

  local function receive(message)
    message.jsonrpc = "2.0"
    local count = #sent
    one:receive(cjson.encode(message))
    return sent[count + 1], #sent - count
  end

  local function initialized()
    assert.same({}, receive{id = 0, method = "initialize"}.result)
    return one
  end

  local function refusal(answer)
    return {answer.id, answer.error.code, answer.error.message}
  end

  it("answers a request with its result, its refusal, or an error without internal details", function()
    initialized()
    assert.same({jsonrpc = "2.0", id = 1, result = {pong = true}}, receive{id = 1, method = "ping"})
    assert.same({"a", -32602, "no such thing"}, refusal(receive{id = "a", method = "refuse"}))
    assert.same({2, -32603, "internal error"}, refusal(receive{id = 2, method = "fail"}))
    assert.equal(1, #log)
    assert.matches("broken inside", log[1], 1, true)
    assert.same({0, nil}, {one.count, next(one.running)})
  end)

  it("answers a request whose coroutine ended with an error, and no other one", function()
    initialized()
    receive{id = 1, method = "hold"}
    local has_raised = false
    logger.error = function(format, ...)
      log[#log + 1] = format:format(...)
      if format == "%s: %s" then -- plain Lua 5.1 logs the method's error with the format "%s"
        has_raised = true
        error("the log cannot be written: 100%d", 0)
      end
    end
    local answer, count = receive{id = 2, method = "fail"}
    assert.same({2, -32603, "internal error"}, refusal(answer))
    assert.same({1, 1}, {count, one.count})
    assert.matches("broken inside", log[1], 1, true)
    if has_raised then assert.matches("^the log cannot be written: 100%%d", log[2]) end
    held[1].go_on()
    assert.same({1, {held = true}}, {sent[#sent].id, sent[#sent].result})
  end)

  it("refuses a request that cannot begin, with the reason", function()
    assert.same({1, -32600, "the session is not initialized"}, refusal(receive{id = 1, method = "refuse"}))
    assert.same({pong = true}, receive{id = 1, method = "ping"}.result)
    initialized()
    assert.same({2, -32601, "unknown method 'zork'"}, refusal(receive{id = 2, method = "zork"}))
    assert.same({3, -32601, ("unknown method '%s\226\128\166'"):format(("x"):rep(97))},
      refusal(receive{id = 3, method = ("x"):rep(101)}))
    assert.same({4, -32602, "params has to be an object"}, refusal(receive{id = 4, method = "ping", params = {1}}))
    assert.same({5, -32600, "the method is missing"}, refusal(receive{id = 5}))
    receive{id = 6, method = "hold"}
    assert.same({6, -32600, "a request with this id is under way"}, refusal(receive{id = 6, method = "ping"}))
    assert.same({pong = true}, receive{id = "6", method = "ping"}.result)
    held[1].go_on()
    assert.same({6, {held = true}}, {sent[#sent].id, sent[#sent].result})
    assert.same({pong = true}, receive{id = 6, method = "ping"}.result)
  end)

  it("has 64 requests under way at most", function()
    initialized()
    for index = 1, 64 do assert.equal(0, (select(2, receive{id = index, method = "hold"}))) end
    assert.same({65, -32603, "more than 64 requests under way"}, refusal(receive{id = 65, method = "hold"}))
    held[7].go_on()
    assert.equal(0, (select(2, receive{id = 65, method = "hold"})))
    assert.equal(65, #held)
  end)

  it("cancels a request by its id: it gets no answer, also if it goes on", function()
    initialized()
    receive{id = 1, method = "hold"}
    receive{id = "1", method = "hold"}
    local _, count = receive{method = "notifications/cancelled", params = {requestId = 1}}
    assert.same({0, true, nil}, {count, held[1].is_cancelled, held[2].is_cancelled})
    assert.is_nil(one.running[held[1].key])
    for _, params in ipairs{{}, {requestId = 4711}, {requestId = {}}} do
      assert.equal(0, (select(2, receive{method = "notifications/cancelled", params = params})))
    end
    assert.equal(0, (select(2, receive{method = "notifications/cancelled", params = {1}})))
    assert.equal(0, (select(2, receive{method = "notifications/other", params = {requestId = "1"}})))
    assert.is_nil(held[2].is_cancelled)
    one:cancel_all()
    assert.is_true(held[2].is_cancelled)
    assert.same({0, nil}, {one.count, next(one.running)})
  end)

  it("does not stop a request twice", function()
    initialized()
    receive{id = 1, method = "hold"}
    local stops = 0
    held[1].stop = function() stops = stops + 1 end
    for _ = 1, 2 do one:cancel(held[1]) end
    assert.equal(1, stops)
  end)

  it("knows whether a request must end before the process does", function()
    initialized()
    assert.is_false(one:must_go_on())
    receive{id = 1, method = "hold"}
    assert.is_false(one:must_go_on())
    receive{id = 2, method = "hold", params = {must_end = true}}
    assert.is_true(one:must_go_on())
    held[2].go_on()
    assert.is_false(one:must_go_on())
  end)

  it("reports every progress to a request with a token, with increasing numbers", function()
    initialized()
    receive{id = 1, method = "hold", params = {_meta = {progressToken = "T"}}}
    receive{id = 2, method = "hold", params = {_meta = {progressToken = {}}}}
    receive{id = 3, method = "hold", params = {_meta = "x"}}
    local function progress(action)
      local count, seen = #sent, {}
      action()
      for index = count + 1, #sent do
        assert.equal("notifications/progress", sent[index].method)
        local params = sent[index].params
        seen[#seen + 1] = {params.progressToken, params.progress, params.message}
      end
      return seen
    end
    local function says(index, status) return function() one:progress(held[index], status) end end
    local function ticks() one:tick() end
    assert.same({{"T", 0, "waits"}}, progress(says(1, "waits")))
    assert.same({{"T", 0.001, "waits more"}}, progress(says(1, "waits more")))
    now = 100.0005
    assert.same({{"T", 0.002, "waits more"}}, progress(ticks))
    now = 101.5678
    assert.same({{"T", 1.567, "waits more"}}, progress(ticks))
    assert.same({}, progress(says(2, "x")))
    assert.same({}, progress(says(3, "x")))
    now = 105
    one:cancel(held[1])
    assert.same({}, progress(says(1, "x")))
    assert.same({}, progress(ticks))
  end)

  it("asks the client, and takes its answer once", function()
    initialized()
    local question = receive{id = 1, method = "question"}
    assert.same({"cmr-1", "elicitation/create", {message = "?"}}, {question.id, question.method, question.params})
    assert.equal(0, (select(2, receive{id = "cmr-2", result = {x = 1}})))
    assert.same({answered = {x = 1}}, receive{id = "cmr-1", result = {x = 1}}.result)
    assert.equal(0, (select(2, receive{id = "cmr-1", result = {x = 2}})))
    assert.equal("cmr-2", receive{id = 1, method = "question"}.id)
    assert.same({answered = "nothing"}, receive{id = "cmr-2", error = {code = 1, message = "no"}}.result)
    assert.equal("cmr-3", receive{id = 1, method = "question"}.id)
    assert.same({answered = "nothing"}, receive{id = "cmr-3", result = "text"}.result)
    assert.equal("cmr-4", receive{id = 1, method = "question"}.id)
    assert.equal(0, (select(2, receive{method = "notifications/cancelled", params = {requestId = 1}})))
    assert.same({0, nil}, {one.count, next(one.asked)})
  end)

  it("logs to a client that is there, from the level that it wants", function()
    one:log("error", "too early")
    assert.same({}, sent)
    initialized()
    one.level = "warning"
    for _, level in ipairs{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"} do
      one:log(level, "about " .. level)
    end
    local seen = {}
    for index = 2, #sent do seen[#seen + 1] = sent[index].params.level end
    assert.same({"warning", "error", "critical", "alert", "emergency"}, seen)
    local LEVELS = {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}
    for wanted, level in ipairs(LEVELS) do
      one.level = level
      for index, other in ipairs(LEVELS) do
        local count = #sent
        one:log(other, "x")
        assert.equal(index >= wanted and 1 or 0, #sent - count, level .. " " .. other)
      end
    end
    assert.same({method = "notifications/message", jsonrpc = "2.0",
      params = {level = "warning", logger = "cmr", data = "about warning"}}, sent[2])
  end)
end)
