-- The journal: what is in it after every way a run can end.
local core = require "cmr.core"
local command = require "spec.support.command"
local journal = require "cmr.cli.bulk.journal"

local BINDING = {operation = "reexport", url = "https://example.com/api", key = "0123456789abcdef"}

teardown(command.clean)

local function row(number) return {number = number, id = "id-" .. number} end

-- A journal in which row 1 is done, 2 in part, 3 refused, 4 unknown by its error, 5 by having none.
local function filled()
  local path = command.file_with("")
  local one = journal.open(path, BINDING)
  for number = 1, 5 do assert(one:sending(row(number))) end
  assert(one:done(row(1), {actionId = "ACT_1"}))
  assert(one:done(row(2), {}, 3))
  assert(one:failed(row(3), {kind = "quota_exceeded", outcome = "rejected", message = "no \255", retry_at = 17}))
  assert(one:failed(row(4), {kind = "timeout", outcome = "unknown", message = "late"}))
  one:close()
  return path
end

local STATES = {
  ["id-1"] = "done", ["id-2"] = "partial", ["id-4"] = "unknown", ["id-5"] = "unknown",
  ["id-3"] = {kind = "quota_exceeded", outcome = "rejected", message = "no \239\191\189", retry_at = 17},
}

local function fault(action, ...)
  local ok, mistake = pcall(action, ...)
  assert.is_false(ok)
  return mistake.usage
end

local function append(path, text)
  local file = assert(io.open(path, "ab"))
  file:write(text)
  file:close()
end

describe("a journal", function()
  it("remembers what became of each row, the last word counting", function()
    local path = filled()
    assert.same(STATES, journal.read(path, BINDING))
    local again = journal.open(path, BINDING)
    assert.same(STATES, again.states)
    assert(again:sending(row(3)))
    assert(again:done(row(3), {}))
    again:close()
    assert.equal("done", journal.read(path, BINDING)["id-3"])
    assert.same({}, journal.read(path .. ".none", BINDING))
  end)

  it("is JSON lines that name rows, times, and of an answer only the action", function()
    local lines = {}
    for line in io.lines(filled()) do lines[#lines + 1] = core.json_decode(line) end
    assert.same({journal = 1, operation = "reexport", url = BINDING.url, key = BINDING.key, at = lines[1].at}, lines[1])
    assert.same({row = 5, id = "id-5", event = "sending", at = lines[6].at}, lines[6])
    assert.same({row = 1, id = "id-1", event = "done", actionId = "ACT_1", at = lines[7].at}, lines[7])
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", lines[1].at)
  end)

  it("is read as far as it was whole, wherever its last line was torn, and goes on from there", function()
    local path = filled()
    local whole = command.read(path)
    local line = '{"row":1,"id":"id-1","event":"sending","at":"now"}\n'
    for length = 1, #line - 1 do
      local torn = command.file_with(whole .. line:sub(1, length))
      local states = journal.read(torn, BINDING)
      assert.equal(length == #line - 1 and "unknown" or "done", states["id-1"])
      assert.equal(whole .. line:sub(1, length), command.read(torn)) -- reading changes nothing
      local healed = journal.open(torn, BINDING)
      assert(healed:sending(row(6)))
      healed:close()
      append(torn, "again torn")
      journal.open(torn, BINDING):close()
      states = journal.read(torn, BINDING)
      assert.equal("unknown", states["id-6"])
      assert.equal("partial", states["id-2"])
      os.remove(torn)
    end
  end)

  it("is refused where it is damaged elsewhere", function()
    local path = filled()
    local text = command.read(path):gsub('"event":"done"', '"event:"done"', 1)
    assert.equal(("the journal %s is damaged at line 7"):format(path),
      fault(journal.read, command.file_with(text), BINDING):gsub("/%S+", path))
    assert.matches("is damaged at line 7$", fault(journal.read, command.file_with(text .. "torn"), BINDING))
    text = command.read(path) .. "junk\n"
    assert.matches("is damaged at line 11$", fault(journal.read, command.file_with(text), BINDING))
    for _, other in ipairs{"mailboxId\nM1\n", "\n", "{}\n", '{"journal":2}\n', "[1]\n"} do
      assert.matches("is not a journal of cmr bulk$", fault(journal.open, command.file_with(other), BINDING))
    end
  end)

  it("belongs to one operation, base URL and key", function()
    local path = filled()
    for name, what in pairs{operation = "another operation (reexport)", key = "another key",
      url = "another base URL (https://example.com/api)"} do
      local other = setmetatable({[name] = "other"}, {__index = BINDING})
      local message = ("the journal %s is for %s: choose another one with --journal"):format(path, what)
      if name == "key" then
        message = message .. "; if you changed the API key, write \"key\":\"other\" into its first line"
      end
      assert.equal(message, fault(journal.read, path, other))
      assert.equal(message, fault(journal.open, path, other))
    end
  end)

  it("belongs to one run at a time", function()
    local path = filled()
    local first = journal.open(path, BINDING)
    assert.equal("another run is using the journal " .. path, fault(journal.open, path, BINDING))
    first:close()
    journal.open(path, BINDING):close()
    assert.matches("^the journal cannot be written: /none/here: ", fault(journal.open, "/none/here", BINDING))
  end)

  it("says when it cannot be written", function()
    local full = io.open("/dev/full", "wb")
    if not full then return pending "no /dev/full" end
    local broken = setmetatable({file = full}, getmetatable(journal.open(filled(), BINDING)))
    local ok, message = broken:sending(row(1))
    assert.is_nil(ok)
    assert.matches("No space left", message)
  end)

  it("is whole again when what was torn in the middle of a run is followed by more", function()
    local path = filled()
    local one = journal.open(path, BINDING)
    local disk = one.file
    one.file = { -- full, after a part of the line
      write = function(_, text) return disk:write(text:sub(1, 20)) end,
      flush = function() return nil, disk:flush() and "No space left" end,
    }
    for _ = 1, 2 do assert.is_nil((one:done(row(5), {}))) end
    one.file = disk
    assert(one:done(row(4), {}))
    one:close()
    local states = journal.read(path, BINDING)
    assert.same({"done", "unknown"}, {states["id-4"], states["id-5"]})
  end)

  it("is on the disk with its name before the first row leaves", function()
    local sync, synced = core.sync, 0
    finally(function() core.sync = sync end)
    core.sync = function(file)
      synced = synced + 1
      return sync(file)
    end
    journal.open(command.file_with "", BINDING):close()
    assert.equal(2, synced)
  end)
end)

describe("core.same_file", function()
  it("tells whether a path names an open file", function()
    local path = command.file_with ""
    local file = assert(io.open(path))
    assert.is_true(core.same_file(file, path:gsub("/([^/]*)$", "/./%1")))
    assert.is_false(core.same_file(file, command.file_with ""))
    assert.is_false(core.same_file(file, "/none"))
    file:close()
    assert.error_matches(function() core.same_file(file, path) end, "an open file expected")
  end)
end)

describe("core.lock and core.sync", function()
  it("keep the lock from programs that are started meanwhile", function()
    local path = command.file_with("")
    local file = assert(io.open(path, "ab"))
    assert.is_true(core.lock(file))
    local pipe = assert(io.popen("sleep 5 >/dev/null 2>&1 & echo $!"))
    local child = pipe:read()
    pipe:close()
    file:close()
    local again = assert(io.open(path, "ab"))
    local locked, message = core.lock(again)
    again:close()
    os.execute("kill " .. child)
    assert.same({true}, {locked, message})
  end)

  it("want an open file", function()
    for _, action in ipairs{core.lock, core.sync} do
      local file = assert(io.open(command.file_with(""), "r+"))
      assert.is_true(action(file))
      file:close()
      for _, bad in ipairs{file, "path", {}, io.stdout and core.null} do
        assert.error_matches(function() action(bad) end, "an open file expected")
      end
    end
  end)
end)
