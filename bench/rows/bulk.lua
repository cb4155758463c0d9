-- Measures bulk runs. For runs that find all their rows done, compares this version with an older one, which had a
-- journal file. Also measures runs that send their rows, and how often such a run waits for the disk.
local measure = require "bench.measure"
local nginx = require "spec.support.nginx"
local runs = require "spec.support.bulk"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local bulk = { title = "`cmr bulk` of %d rows that are done" }

local JOURNAL_COMMIT = "64464ab" -- bulk runs of this commit use a journal; it has no ledger yet
local JOURNAL_CHECKOUT = "build/bench/journal"
local ENV = { CMR_API_KEY = "bench", CMR_BASE_URL = "http://127.0.0.1:1" } -- the runs send nothing

local function write_rows(path, count)
  local file = assert(io.open(path, "wb"))
  file:write "mailboxId,google.clientId,google.appName\n"
  for number = 1, count do
    file:write(runs.id(number), ',5493-maeh.apps.googleusercontent.com,"Outreach, ', number % 7, '"\n')
  end
  file:close()
end

-- Returns a built checkout with the journal, or nil when git does not have the commit or the build fails.
local function journal_checkout()
  local commands = {
    "test -e %s/build/5.4/cmr/core.so",
    "git worktree prune && git worktree add --force --detach %s " .. JOURNAL_COMMIT,
    "make -C %s build LUA=5.4",
  }
  if not pcall(shell.run, commands[1]:format(JOURNAL_CHECKOUT)) then
    for index = 2, 3 do
      if not pcall(shell.run, commands[index]:format(JOURNAL_CHECKOUT)) then return nil end
    end
  end
  return shell.output "pwd" .. "/" .. JOURNAL_CHECKOUT
end

-- Makes a function that runs a program of bench/clients with the library of a checkout. nil means this checkout.
local function program(checkout, name, env, words)
  local root = shell.output "pwd"
  checkout = checkout or root
  local line = "cd %s && { LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/build/5.4/?.so;;'"
    .. " lua5.4 %s/bench/clients/%s.lua %s 2>/dev/null; }"
  local command = line:format(checkout, checkout, checkout, checkout, root, name, words)
  return function()
    local seconds, kilobytes, cpu_seconds = shell.numbers(command, env)
    return { seconds = seconds, megabytes = kilobytes and kilobytes / 1000, cpu_seconds = cpu_seconds }
  end
end

local function against_journal(size)
  local count = size.quick and 5000 or 100000
  local file, ledger = os.tmpname(), os.tmpname()
  os.remove(ledger)
  write_rows(file, count)
  runs.record(ledger, ENV, file)
  local env = { CMR_LEDGER = ledger }
  for name, value in pairs(ENV) do
    env[name] = value
  end
  local words = "bulk reexport --from " .. file
  local contestants = {
    { name = "ledger, --dry-run", ours = true, run = program(nil, "bulk", env, words .. " --dry-run") },
    { name = "ledger", ours = true, run = program(nil, "bulk", env, words) },
  }
  local checkout = journal_checkout()
  if checkout then
    program(checkout, "bulk_journal", env, file)()
    contestants[3] = { name = "journal, --dry-run", run = program(checkout, "bulk", env, words .. " --dry-run") }
    contestants[4] = { name = "journal", run = program(checkout, "bulk", env, words) }
  end
  local seconds, megabytes = measure.bars(size.rounds, contestants, { "seconds", "megabytes" })
  for _, path in ipairs { file, file .. ".reexport.journal" } do
    os.remove(path)
  end
  shell.remove_ledger(ledger)

  local name = bulk.title:format(count)
  local rows = {
    {
      name = name .. ": memory at most",
      against = "itself",
      unit = "MB",
      bars = megabytes,
      value = math.max(megabytes[1].median, megabytes[2].median),
      target = "<= 50 MB",
    },
  }
  if checkout then
    rows[2] = {
      name = name .. ": time",
      against = "an older cmr with a journal file",
      unit = "s",
      bars = seconds,
      base = 4,
      value = measure.ratio(seconds[2], seconds[4]),
      target = "<= 2 x",
      note = ("--dry-run %.2f x"):format(measure.ratio(seconds[1], seconds[3])),
    }
  end
  return rows
end

-- Plans and sends rows. Does this only once, because 100,000 rows take long.
local function sent(size)
  local count = size.quick and 2000 or 100000
  local file, ledger = os.tmpname(), os.tmpname()
  os.remove(ledger)
  write_rows(file, count)
  local env = upstream.env()
  env.CMR_LEDGER = ledger
  local result = program(nil, "bulk", env, ("bulk reexport --from %s --rate off"):format(file))()
  os.remove(file)
  shell.remove_ledger(ledger)
  local name = ("`cmr bulk` of %d rows that are sent: "):format(count)
  return {
    name = name .. "memory at most",
    against = "itself",
    unit = "MB",
    value = result.megabytes,
    target = "<= 50 MB",
  }, {
    name = name .. "time of a row",
    against = "itself",
    unit = "us",
    value = result.seconds / count * 1e6,
    target = "<= 660 us",
    note = ("CPU time %.0f us"):format(result.cpu_seconds / count * 1e6),
  }
end

local function syncs(size)
  local count = size.quick and 100 or 500
  local file, ledger, trace = os.tmpname(), os.tmpname(), os.tmpname()
  os.remove(ledger)
  write_rows(file, count)
  local env = upstream.env()
  env.CMR_LEDGER = ledger
  local words = "strace -q -f -e trace=fsync,fdatasync -o %s lua5.4 bin/cmr bulk reexport --from %s --rate off"
  shell.run(words:format(trace, file), env)
  local _, calls = nginx.read(trace):gsub("f%l*sync%(", "")
  os.remove(file)
  os.remove(trace)
  shell.remove_ledger(ledger)
  return {
    name = "waits of a bulk run for the disk, for each row that is sent",
    against = "strace",
    unit = "syncs",
    value = calls / count,
    target = "<= 2.2",
  }
end

function bulk.run(size)
  local rows = against_journal(size)
  rows[#rows + 1] = syncs(size)
  rows[#rows + 1], rows[#rows + 2] = sent(size)
  return rows
end

return bulk
