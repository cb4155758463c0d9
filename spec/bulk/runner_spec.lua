-- How a bulk run sends its rows, and why it stops. A table stands for the client, and another one for the ledger;
-- spec/cli/bulk/bulk_spec.lua has real runs.
local core = require "cmr.core"
local plan = require "cmr.bulk.plan"
local runner = require "cmr.bulk.runner"

local OPERATION = {name = "op", flags = {}, params = {}}

describe("a bulk run", function()
  local ended, told, slept, real_now

  before_each(function()
    ended, told, slept, real_now = {}, {}, {}, core.now
  end)

  after_each(function()
    core.now = real_now
  end)

  -- Makes a run with one row for each of these answers. client:map gives the row's {answer = ...} or {err = ...}. The
  -- member `info` in it is what client:info gives. `is` tells about the row: "invalid" is not valid, "done" was done
  -- before, and an earlier request of "again" was not sent.
  local function run_of(answers, options)
    local run = {operation = OPERATION, id = 1, account = "a", round_after = 0, remember_seconds = 0, concurrency = 4,
      time = function() return 1000 end, sent = {}}
    function run.rows()
      local number = 0
      return function()
        number = number + 1
        return answers[number] and {number = number} or nil
      end
    end
    function run.read_row(row)
      row.args = {number = row.number, is = answers[row.number].is}
    end
    function run.check(args)
      if args.is == "invalid" then return nil, "it is wrong" end
      return true
    end
    run.ledger = {path = "/l.db", newest = function() return 0 end}
    local earlier = {id = 3, account = "a", run = 1, state = "done", sent_at = 5}
    local other = {id = 4, account = "a", run = 1, state = "failed", outcome = "not_sent", sent_at = 5}
    function run.ledger.same(_, _, _, digest)
      for number, one in ipairs(answers) do
        if run.digests:get(number) == digest then
          return one.is == "done" and {earlier} or one.is == "again" and {other} or {}
        end
      end
    end
    run.client = {info = function(of) return of.info end}
    function run.client.map(_, name, next_args, opts)
      assert.same({"op", 4}, {name, opts.concurrency})
      return function()
        local args = next_args()
        if not args then return nil end
        local one = answers[args.number]
        local context = false
        if not one.is_cancelled then context = opts.before_send(args) end
        run.sent[args.number] = context
        if context then assert.equal(1, run.in_flight) end
        if not context then return args, nil, nil, {kind = "cancelled", outcome = "not_sent", message = "x"} end
        if one.raises then error(one.raises, 0) end
        return args, one.answer, nil, one.err
      end
    end
    run.loop = {sleep = function(_, seconds) slept[#slept + 1] = seconds end}
    function run.on_end(row, state, failure, is_earlier)
      ended[#ended + 1] = {row.number, state, failure and failure.kind, is_earlier}
    end
    function run.on_result(row, answer, err) told[#told + 1] = {row.number, answer, err} end
    for name, value in pairs(options or {}) do run[name] = value end
    plan.read(run)
    return run
  end

  local function fails(kind, fields)
    local err = {kind = kind, outcome = "rejected", message = "no " .. kind}
    for name, value in pairs(fields or {}) do err[name] = value end
    return {err = err}
  end

  local OK = {answer = {status = 200}}

  it("tells how each row ended, and whether that was earlier", function()
    local refused = fails("not_found")
    local answers = {OK, {is = "invalid"}, {is = "done"}, refused,
      {answer = {status = 200, data = {{success = true}, {success = false}}}},
      {answer = {status = 200, data = {{success = false}}}},
      fails("server", {outcome = "unknown"}), fails("quota_exceeded"), fails("x", {code = "repeated"}), OK}
    local run = run_of(answers)
    assert.is_nil(runner.run(run))
    assert.same({{1, "done", nil, false}, {2, "failed", "invalid_argument", false}, {3, "done", nil, true},
      {4, "failed", "not_found", false}, {5, "partial", nil, false}, {6, "failed", "operation_failed", false},
      {7, "unknown", "server", false}, {8, "deferred", "quota_exceeded", false}, {9, "sending", nil, false},
      {10, "done", nil, false}}, ended)
    assert.same({1, OK.answer, nil}, told[1])
    assert.same({4, nil, refused.err}, told[2])
    assert.equal(8, #told)
    assert.same({0, 3}, {run.in_flight, run.failed})
  end)

  it("passes on why a row failed", function()
    local failures = {}
    local run = run_of({{is = "invalid"}, {answer = {status = 200, data = {{success = false}}}},
      fails("rate_limited", {retry_after = 7, status = 429})}, {
      on_end = function(row, _, failure) failures[row.number] = failure end,
    })
    assert.is_nil(runner.run(run))
    assert.same({
      {kind = "invalid_argument", outcome = "not_sent", message = "it is wrong"},
      {state = "failed", kind = "operation_failed", outcome = "rejected", status = 200, ids = {}, failed_items = 1,
        message = "1 item failed: an item without a name"},
      {state = "deferred", kind = "rate_limited", outcome = "rejected", message = "no rate_limited", status = 429,
        retry_at = 1007},
    }, failures)
  end)

  it("records each row with the request that it repeats, if that is of the same run", function()
    local run = run_of{OK, {is = "again", answer = {status = 200}}}
    runner.run(run)
    local function context(number, supersedes, newest)
      return {run = 1, row = number, digest = run.digests:get(number), supersedes = supersedes, newest_known = newest}
    end
    assert.same({context(1, nil, 0), context(2, 4, 4)}, run.sent)
    run = run_of({OK}, {id = false, ledger = false})
    runner.run(run)
    assert.same({true}, run.sent)
    run = run_of({{is = "again", answer = {status = 200}}}, {id = 2})
    runner.run(run)
    assert.is_nil(run.sent[1].supersedes)
  end)

  it("stops for a reason that concerns every further row, and says which", function()
    local go_on = "; the same command again goes on"
    for _, case in ipairs{
      {fails "unauthorized", 3, "stopped: the API refuses the key"},
      {fails "payment_required", 3, "stopped: the wallet does not cover the request" .. go_on},
      {fails("rate_limited", {status = 429, retry_after = 61}), 3, "stopped: the API asks to wait for 61 s" .. go_on},
      {fails "not_recorded", 1, "stopped: no not_recorded"},
      {fails("rate_limited", {status = 429, retry_after = 60})},
      {fails("rate_limited", {status = 429})},
      {fails("rate_limited", {retry_after = 61})}, -- no answer: the limiter's own wait was too long
      {fails("quota_exceeded", {status = 429, retry_after = 61})},
      {fails "server"},
    } do
      local run = run_of{case[1], OK}
      local ending = runner.run(run)
      assert.same(case[2] and {status = case[2], failure = case[3]}, ending or nil, case[1].err.kind)
      assert.equal(not case[2], run.sent[2] ~= nil, case[1].err.kind)
    end
  end)

  it("stops after max_failures; a row that can be sent later is no failure", function()
    for most, sent in pairs{[1] = 2, [2] = 4, [3] = 5} do
      local refused = {answer = {status = 200, data = {{success = false}}}}
      local answers = {fails "quota_exceeded", fails "server", OK, refused, OK}
      local run = run_of(answers, {max_failures = most})
      local ending = runner.run(run)
      assert.same(most < 3 and {status = 3, failure = ("stopped after %d failures"):format(most)} or nil, ending)
      assert.equal(sent, #run.sent)
    end
  end)

  it("stops when the ledger cannot record the end of a row, which is then unknown", function()
    local message = "the ledger cannot be written (full): the requests in flight are unknown"
    for _, one in ipairs{
      {answer = {status = 200, info = {ledger_error = "full"}}},
      fails("server", {info = {ledger_error = "full"}}),
    } do
      ended = {}
      local run = run_of{one, OK}
      assert.same({status = 1, failure = message}, runner.run(run))
      assert.same({{1, "unknown", nil, false}}, ended)
      assert.equal(0, run.failed)
    end
    assert.is_nil(runner.run(run_of{{answer = {status = 200, info = {}}}}))
  end)

  it("stops when it is interrupted, and then sends and skips nothing more", function()
    local answers = {OK, {is = "done"}, OK, {is = "invalid"}}
    for after, expected in pairs{[0] = 0, [1] = 1, [2] = 1} do
      ended = {}
      local count = 0
      local run = run_of(answers, {interrupted = function(run)
        count = count + 1
        if count > after then runner.stop(run, 130, "interrupted") end
      end})
      assert.same({status = 130, failure = "interrupted"}, runner.run(run))
      assert.equal(after < 2 and 0 or expected, #ended)
      assert.is_true(count <= after + 1) -- the runner does not call `interrupted` after the run's end
      assert.is_true(run.sent[3] == nil)
      if after == 1 then assert.is_false(run.sent[1]) end
    end
  end)

  it("ends for the first reason only", function()
    local run = {}
    runner.stop(run, 3, "one")
    runner.stop(run, 1, "two")
    assert.same({status = 3, failure = "one"}, run.ending)
  end)

  it("leaves a row untried that is cancelled before it is sent", function()
    local run = run_of{{is_cancelled = true}, OK, fails "cancelled"}
    assert.is_nil(runner.run(run))
    assert.same({{2, "done", nil, false}, {3, "failed", "cancelled", false}}, ended)
    assert.equal(0, run.in_flight)
  end)

  it("ends with the error that was raised in it", function()
    assert.equal("broken", runner.run(run_of{OK, {raises = "broken"}}))
    local wrong = {usage = "option '--x' is wrong"}
    assert.same({status = 1, failure = "option '--x' is wrong"}, runner.run(run_of{OK, {raises = wrong}}))
    local failure = {status = 1, failure = "unreadable"}
    assert.equal(failure, runner.run(run_of{{raises = failure}}))
    assert.same({status = 3, failure = "stopped: the API refuses the key"},
      runner.run(run_of({fails "unauthorized", {raises = "broken"}}, {interrupted = function(run)
        if run.ending then error "asked again" end
      end})))
  end)

  it("stops when its input changed", function()
    local run = run_of{OK, OK, OK}
    local read_row = run.read_row
    function run.read_row(row)
      read_row(row)
      if row.number == 2 then row.args.number = 7 end
    end
    assert.same({status = 1, failure = "the input changed while it was read"}, runner.run(run))
    assert.equal(1, #run.sent)
  end)

  it("lets the requests in flight go on when it has skipped rows for 0.02 s", function()
    local time, answers = 0, {}
    core.now = function() return time end
    for number = 1, 40 do answers[number] = {is = "done"} end
    local run = run_of(answers)
    local on_end = run.on_end
    function run.on_end(...)
      time = time + 1 / 256
      return on_end(...)
    end
    assert.is_nil(runner.run(run))
    assert.equal(40, #ended)
    assert.equal(6, #slept) -- after 6/256 s each time
  end)
end)
