-- The example under load, with faults and reloads. `make soak S=120` runs longer.
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local soak = require "spec.support.soak"

local SECONDS = tonumber(os.getenv "CMR_SOAK") or 10
local BOUND = 35 -- seconds: the example's timeout, and some time for a busy machine

local ANSWERS = {[200] = true, [202] = true, [401] = true, [429] = true, [502] = true, [503] = true, [504] = true}

local function tell(report)
  local words = {}
  for status, count in pairs(report.answered) do table.insert(words, ("%d of %d"):format(count, status)) end
  table.sort(words)
  print(("\n%d requests in %.0f s: %s; %d clients hung up"):format(
    report.requests, report.seconds, table.concat(words, ", "), report.hung_up))
  print(("%d faults, %d reloads; the longest answer took %.1f s"):format(report.faults, report.reloads, report.longest))
  print(("a worker's kB in each generation: %s; the master's before and after: %d, %d"):format(
    table.concat(report.resident, " "), report.master[1], report.master[2]))
  print(("descriptors at rest before and after: a worker's %d, %d; the master's %d, %d"):format(
    report.descriptors[1], report.descriptors[2], report.master_descriptors[1], report.master_descriptors[2]))
end

describe("the nginx example under load #soak", function()
  it("answers all requests, and needs no more memory or descriptors afterwards", function()
    local upstream = mock.start{tls = true, rate = 0}
    finally(function() upstream:stop() end)
    local report = soak.run(upstream, {seconds = SECONDS, reload_every = math.min(10, SECONDS / 4)})
    local generations = report.resident
    if os.getenv "CMR_SOAK" then tell(report) end

    assert.same({}, report.unanswered)
    assert.is_true(report.longest < BOUND, report.longest)
    for status in pairs(report.answered) do assert.is_true(ANSWERS[status], status) end
    assert.is_true((report.answered[200] or 0) > report.requests / 4)
    assert.is_true((report.answered[502] or 0) > 0) -- the faults had an effect
    assert.is_true(report.reloads >= 3)

    -- From the third generation of workers on, none may have much more memory than the second one. This is not checked
    -- with sanitizers, because they keep freed memory.
    for index = 3, nginx.sanitized and 0 or #generations do
      assert.is_true(generations[index] < generations[2] * 1.25 + 2000, table.concat(generations, " "))
    end
    assert.is_true(nginx.sanitized or report.master[2] < report.master[1] * 1.2 + 1000, report.master[2])
    assert.is_true(report.descriptors[2] <= report.descriptors[1] + 8, report.descriptors[2])
    assert.is_true(report.master_descriptors[2] <= report.master_descriptors[1] + 2, report.master_descriptors[2])
  end)
end)
