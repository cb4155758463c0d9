-- Which rows of a bulk run are sent. A table stands for the ledger; spec/cli/bulk/bulk_spec.lua has real runs.
local identity = require "cmr.ledger.identity"
local plan = require "cmr.bulk.plan"

local NOW = 1000
local OPERATION = {name = "op", flags = {}, params = {}}

describe("the plan of a bulk run", function()
  local asked

  -- Makes a run of these rows. Whatever a row contains, its ledger says that `entries` are the requests with the same
  -- content.
  local function run_of(rows, entries, options)
    asked = 0
    local ledger = {path = "/l.db"}
    function ledger.same()
      asked = asked + 1
      local copies = {}
      for index, entry in ipairs(entries or {}) do copies[index] = entry end
      return copies
    end
    function ledger.newest() return options and options.newest or 5 end
    function ledger.snapshot(_, act) return act() end
    local run = {ledger = ledger, account = "a", operation = OPERATION, id = 1, round_after = 0, remember_seconds = 100,
      time = function() return NOW end, check = function() return true end}
    function run.rows()
      local number = 0
      return function()
        number = number + 1
        if rows[number] == nil then return nil end
        return {number = number}
      end
    end
    function run.read_row(row) row.args = rows[row.number] or nil end
    for name, value in pairs(options or {}) do run[name] = value end
    plan.read(run)
    return run
  end

  local function list(run)
    local rows = {}
    for row in plan.rows(run) do rows[#rows + 1] = row end
    return rows
  end

  -- Makes a request of the run, in the form in which a ledger returns it.
  local function entry(fields)
    local made = {id = 1, account = "a", run = 1, state = "done", sent_at = 950, ended_at = 950}
    for name, value in pairs(fields) do made[name] = value end
    return made
  end

  -- Returns the status of a single row that has this request in the ledger.
  local function status(fields, options)
    return list(run_of({{id = "A"}}, {entry(fields)}, options))[1].status
  end

  it("sends a row that has no request in the ledger, and knows that there is none", function()
    local run = run_of{{id = "A"}}
    local row = list(run)[1]
    assert.same({number = 1, first = 1, copy = 1, status = "todo", is_repeat = false, newest_known = 0,
      args = {id = "A"}, digest = identity.digest({id = "A"}, OPERATION)}, row)
  end)

  it("has the state of the row's request, and sends the row again where that is right", function()
    for _, case in ipairs{
      {"done", {}}, {"done", {failed_items = 1}}, {"partial", {state = "partial"}},
      {"accepted", {state = "accepted"}}, {"accepted", {state = "accepted", failed_items = 0}},
      {"partial", {state = "accepted", failed_items = 1}}, {"sending", {state = "sending"}},
      {"sending", {state = "sending"}, {retry_unknown = true}},
      {"unknown", {state = "unknown"}}, {"todo", {state = "unknown"}, {retry_unknown = true}},
      {"unknown", {state = "unknown"}, {retry_failed = true}},
      {"failed", {state = "failed", outcome = "rejected"}}, {"todo", {state = "failed", outcome = "not_sent"}},
      {"todo", {state = "failed", outcome = "rejected"}, {retry_failed = true}},
      {"failed", {state = "failed", outcome = "rejected"}, {retry_unknown = true}},
      {"todo", {state = "deferred"}}, {"todo", {state = "deferred", retry_at = NOW}},
      {"deferred", {state = "deferred", retry_at = NOW + 1}},
      {"deferred", {state = "deferred", retry_at = NOW + 1}, {retry_unknown = true}},
      {"todo", {state = "deferred", retry_at = NOW + 1}, {retry_failed = true}},
    } do
      assert.equal(case[1], status(case[2], case[3]), case[2].state)
    end
  end)

  it("counts only the requests of the present round", function()
    assert.same({"done", "todo", "todo"}, {status({id = 5}, {round_after = 4}), status({id = 5}, {round_after = 5}),
      status({id = 5}, {round_after = 6})})
  end)

  it("sends a row again that was done at least repeat_after ago", function()
    for _, state in ipairs{"done", "accepted", "partial"} do
      for seconds, expected in pairs{[59.5] = state, [60] = "todo", [61] = "todo"} do
        local at = NOW - seconds
        assert.equal(expected, status({state = state, sent_at = 1, ended_at = at}, {repeat_after = 60}))
        assert.equal(expected, status({state = state, sent_at = at, ended_at = false}, {repeat_after = 60}))
        assert.equal(state, status{state = state, sent_at = 1, ended_at = at})
      end
    end
    for _, state in ipairs{"unknown", "sending"} do
      assert.equal(state, status({state = state, sent_at = 1, ended_at = false}, {repeat_after = 60}))
    end
  end)

  it("counts the requests of other runs only if a second call does harm, for as long as `remember` says", function()
    local states = {done = "done", accepted = "accepted", partial = "partial", sending = "sending", unknown = "unknown",
      failed = "todo", deferred = "todo"}
    for flag, is_guarded in pairs{charges = true, danger = true, quota = true, flips = true, async = false} do
      local operation = {name = "op", flags = {[flag] = true}, params = {}}
      assert.equal(is_guarded, plan.is_guarded(operation) or false)
      for state, counted in pairs(states) do
        for _, other in ipairs{2, false} do
          for seconds, is_remembered in pairs{[99.5] = true, [100] = false, [101] = false} do
            local found = status({run = other, state = state, sent_at = NOW - seconds, retry_at = NOW + 1,
              outcome = "rejected"}, {operation = operation})
            assert.equal(is_guarded and is_remembered and counted or "todo", found, flag .. " " .. state)
          end
        end
      end
    end
    assert.equal("todo", status({run = false, sent_at = 1}, {id = false}))
    assert.equal(30 * 24 * 3600, plan.REMEMBER_SECONDS)
  end)

  it("counts a row that another run did until repeat_after has passed since its end", function()
    local operation = {name = "op", flags = {charges = true}, params = {}}
    local options = {operation = operation, repeat_after = 200, remember_seconds = plan.remember_seconds(100, 200)}
    for _, state in ipairs{"done", "accepted", "partial"} do
      assert.equal(state, status({run = 2, state = state, sent_at = NOW - 201, ended_at = NOW - 199.5}, options))
      assert.equal(state, status({run = 2, state = state, sent_at = NOW - 199.5, ended_at = false}, options))
      assert.equal("todo", status({run = 2, state = state, sent_at = NOW - 201, ended_at = NOW - 200}, options))
    end
    assert.same({"unknown", "todo"}, {status({run = 2, state = "unknown", sent_at = NOW - 199.5}, options),
      status({run = 2, state = "unknown", sent_at = NOW - 200}, options)})
    assert.same({100, 100, 100}, {plan.remember_seconds(100), plan.remember_seconds(100, 99),
      plan.remember_seconds(100, 100)})
  end)

  -- Returns the ids of the requests that the copies of a row get.
  local function entries_of(count, entries, options)
    local rows, ids = {}, {}
    for number = 1, count do rows[number] = {id = "A"} end
    for index, row in ipairs(list(run_of(rows, entries, options))) do ids[index] = row.entry and row.entry.id or 0 end
    return ids
  end

  it("refuses a row that another key sent after this key and in this round, if a second call does harm", function()
    local guarded = {name = "op", flags = {charges = true}, params = {}}
    local function refused(fields, options)
      options.operation = options.operation or guarded
      local other = entry{id = 5, account = "b"}
      for name, value in pairs(fields) do other[name] = value end
      local run = run_of({{id = "A"}}, {entry{id = 3, state = "failed", outcome = "not_sent"}, other}, options)
      local ok, failure = pcall(list, run)
      if not ok then assert.same({"row 1 was sent with another key", 1}, {failure.other_key, failure.status}) end
      return not ok
    end
    assert.is_true(refused({run = false}, {}))
    for _, case in ipairs{{{id = 2}, {}}, {{}, {others_after = 5}}, {{}, {other_account = true}},
      {{}, {operation = OPERATION}}, {{state = "failed"}, {}}, {{sent_at = NOW - 100}, {}}} do
      case[1].run = false
      assert.is_false(refused(case[1], case[2]))
    end
    assert.is_true(refused({run = false}, {others_after = 4}))
    assert.is_false(refused({run = false}, {changed_key = true, former_accounts = {}}))
  end)

  it("gives the first copies of a row the requests that were done, then those that may have been", function()
    local ranks = {done = 1, partial = 1, accepted = 1, sending = 2, unknown = 2, deferred = 3, failed = 3}
    for one, rank in pairs(ranks) do
      for other, other_rank in pairs(ranks) do
        local expected = other_rank < rank and {2, 1, 0} or {1, 2, 0}
        local entries = {entry{id = 1, state = one}, entry{id = 2, state = other}}
        assert.same(expected, entries_of(3, entries), one .. " " .. other)
      end
    end
    local many = {}
    for index, id in ipairs{1, 2, 9, 3, 4, 10} do many[index] = entry{id = id} end
    assert.same({1, 2, 3, 4, 9, 10}, entries_of(6, many, {newest = 10}))
  end)

  it("gives the first copies in a failures file the requests that failed", function()
    for _, state in ipairs{"failed", "deferred"} do
      local entries = {entry{id = 1}, entry{id = 2, state = "unknown"}, entry{id = 3, state = state},
        entry{id = 4, state = state}}
      assert.same({1, 2, 3, 4}, entries_of(4, entries))
      assert.same({3, 4, 1, 2}, entries_of(4, entries, {is_part = true}))
    end
    local entries = {entry{id = 1}, entry{id = 3, state = "failed"}, entry{id = 6}} -- 6 is of this pass
    assert.same({6, 3, 1}, entries_of(3, entries, {is_part = true}))
    local operation = {name = "op", flags = {quota = true}, params = {}} -- 2 and 5 are requests of other runs
    entries = {entry{id = 1}, entry{id = 2, run = 2}, entry{id = 3, state = "failed"}, entry{id = 5, run = 2}}
    assert.same({1, 2, 5, 3}, entries_of(4, entries, {is_part = true, operation = operation}))
  end)

  it("gives a request of this pass to the first copy, because that copy was just sent", function()
    for id, expected in pairs{[6] = {6, 1}, [5] = {1, 5}} do -- 5 is the newest request before the pass
      assert.same(expected, entries_of(2, {entry{id = 1}, entry{id = id, state = "failed"}}))
      assert.same(expected, entries_of(2, {entry{id = 1}, entry{id = id}}))
    end
    local operation = {name = "op", flags = {quota = true}, params = {}}
    local entries = {entry{id = 1}, entry{id = 6, run = 2, state = "unknown"}}
    assert.same({1, 6}, entries_of(2, entries, {operation = operation}))
  end)

  it("tells when a row was sent before, and the newest request of its first copy", function()
    local entries = {
      entry{id = 2, sent_at = 960}, entry{id = 3, sent_at = 940, state = "unknown", run = 7},
      entry{id = 4, sent_at = 990, state = "failed"}, entry{id = 5, sent_at = 980, state = "deferred"},
    }
    local rows = list(run_of({{id = "A"}, {id = "A"}, {id = "A"}}, entries))
    for copy, row in ipairs(rows) do
      assert.same({1, copy, 960, copy <= 2}, {row.first, row.copy, row.last_sent_at, row.is_repeat})
      assert.equal(copy == 1 and 5 or nil, row.newest_known)
      assert.equal(copy > 1 and 3 or nil, row.newest_known_elsewhere) -- the run's own requests may be the first copy's
    end
    assert.is_nil(list(run_of({{id = "A"}}, {entries[3]}))[1].last_sent_at)
    assert.equal(0.5, list(run_of({{id = "A"}}, {entry{sent_at = 0.5}}))[1].last_sent_at)
  end)

  it("numbers the rows with the same content", function()
    for _, case in ipairs{
      {"AA", "1:1 1:2"}, {"AB", "1:1 2:1"}, {"ABA", "1:1 2:1 1:2"}, {"BAA", "1:1 2:1 2:2"}, {"AAB", "1:1 1:2 3:1"},
      {"ABAB", "1:1 2:1 1:2 2:2"}, {"AAA", "1:1 1:2 1:3"}, {"ABCA", "1:1 2:1 3:1 1:2"},
    } do
      local rows, found = {}, {}
      for letter in case[1]:gmatch "." do rows[#rows + 1] = {id = letter} end
      for index, row in ipairs(list(run_of(rows))) do found[index] = row.first .. ":" .. row.copy end
      assert.equal(case[2], table.concat(found, " "))
    end
  end)

  it("does not look rows up that do no harm a second time, or that have no ledger", function()
    for _, options in ipairs{{repeatable = true}, {ledger = false}} do
      local run = run_of({{id = "A"}, {id = "A"}}, {entry{}}, options)
      assert.same({"todo", "todo"}, {list(run)[1].status, list(run)[2].status})
      assert.equal(0, asked)
      assert.equal(2, plan.review(run, function() end).todo)
      assert.equal(0, asked)
    end
  end)

  it("has rows that are not valid, with the reason", function()
    local run = run_of({{id = "A"}, false, {id = "B"}}, nil, {
      check = function(args)
        if args.id == "A" then return nil, "A is wrong" end
        return true
      end,
    })
    function run.read_row(row)
      row.args = ({{id = "A"}, nil, {id = "B"}})[row.number]
      row.problem = row.number == 2 and "not a row" or nil
    end
    local rows = list(run)
    assert.same({"invalid", "A is wrong"}, {rows[1].status, rows[1].problem})
    assert.same({"invalid", "not a row", ""}, {rows[2].status, rows[2].problem, rows[2].digest})
    assert.same({"todo", nil}, {rows[3].status, rows[3].problem})
  end)

  it("ends with a message when the input changed", function()
    local changed = {false, {usage = "the input changed while it was read"}}
    local rows = {{id = "A"}, false}
    local run = run_of(rows)
    rows[3] = {id = "C"}
    assert.same(changed, {pcall(list, run)})
    rows[3], rows[2] = nil, {id = "B"}
    assert.same(changed, {pcall(list, run)})
    assert.is_false(plan.is_unchanged(run, {number = 1, args = {id = "B"}}))
    assert.is_true(plan.is_unchanged(run, {number = 1, args = {id = "A"}}))
  end)

  it("ends with a message when the ledger cannot be read", function()
    local unreadable = {false, {failure = "the ledger /l.db cannot be used: locked", status = 1}}
    for _, method in ipairs{"same", "newest", "snapshot"} do
      local run = run_of{{id = "A"}}
      run.ledger[method] = function() return nil, "locked" end
      assert.same(unreadable, {pcall(plan.review, run, function() end)})
      if method ~= "snapshot" then assert.same(unreadable, {pcall(list, run)}) end
    end
  end)

  it("is reviewed in one snapshot, which counts the rows by status; done rows are not looked up again", function()
    local by_digest, rows = {}, {}
    for index, state in ipairs{"done", "accepted", "partial", "sending", "unknown", "failed", "deferred"} do
      rows[index] = {id = state}
      local made = entry{state = state, outcome = "rejected", retry_at = NOW + 1}
      by_digest[identity.digest(rows[index], OPERATION)] = made
    end
    rows[8], rows[9], rows[10] = {id = "new"}, {id = "newer"}, false
    local run = run_of(rows)
    local looked_up, snapshots, seen = {}, 0, 0
    function run.ledger.same(_, account, operation, digest)
      assert.same({"a", "op"}, {account, operation})
      looked_up[#looked_up + 1] = by_digest[digest] and by_digest[digest].state or "new"
      return {by_digest[digest]}
    end
    function run.ledger.snapshot(_, act)
      snapshots = snapshots + 1
      return act()
    end
    function run.read_row(row)
      row.args = rows[row.number] or nil
      row.problem = not row.args and "not a row" or nil
    end
    local sums = plan.review(run, function(row) seen = seen + row.number end)
    assert.same({rows = 10, todo = 2, done = 1, accepted = 1, partial = 1, sending = 1, unknown = 1, failed = 1,
      deferred = 1, invalid = 1}, sums)
    assert.same({1, 55, 9}, {snapshots, seen, #looked_up})
    assert.same({"done", "accepted", "partial"}, run.settled)
    looked_up = {}
    local statuses = {}
    for index, row in ipairs(list(run)) do statuses[index] = row.status end
    assert.same({"done", "accepted", "partial", "sending", "unknown", "failed", "deferred", "todo", "todo", "invalid"},
      statuses)
    assert.same({"sending", "unknown", "failed", "deferred", "new", "new"}, looked_up)
  end)
end)
