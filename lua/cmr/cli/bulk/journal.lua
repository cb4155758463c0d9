--- What became of each row, in a file that survives the run: JSON lines, only ever added to.
--
--   {"journal":1,"operation":"reexport","url":"https://...","key":"<key_id>","at":"2026-06-23T09:00:00Z"}
--   {"row":17,"id":"...","event":"sending","at":"..."}     on the disk before the request leaves
--   {"row":17,"id":"...","event":"done","actionId":"ACT_...","at":"..."}
--   {"row":17,"id":"...","event":"failed","kind":"bad_request","outcome":"rejected","message":"..."}
--
-- A row is known by id, a digest of its content. "sending" and nothing after it means that nobody knows. A line that
-- was torn is followed by {"event":"torn"}: had it been a "sending", the request would not have left.

local core = require "cmr.core"
local utf8 = require("cmr.util.text").utf8

local M = {}

local Journal = {}
Journal.__index = Journal

local TORN = '\n{"event":"torn"}\n'

local BINDING = {
  { "operation", "another operation (%s)" },
  { "url", "another base URL (%s)" },
  { "key", "another key" },
}

local function wrong(message, ...)
  error({ usage = message:format(...) }, 0)
end

local function stamp()
  return os.date "!%Y-%m-%dT%H:%M:%SZ"
end

local function decode(line)
  local object = core.json_decode(line)
  return type(object) == "table" and object or nil
end

local function check_header(path, line, binding)
  local header = decode(line)
  if not header or header.journal ~= 1 then wrong("%s is no journal of cmr bulk", path) end
  for _, field in ipairs(BINDING) do
    local name, what = field[1], field[2]
    if header[name] ~= binding[name] then
      local hint = name == "key" and ', or, if the key was exchanged, write "key":"%s" into its first line' or ""
      what = what:format(tostring(header[name]))
      wrong("the journal %s is of %s: name another with --journal%s", path, what, hint:format(tostring(binding.key)))
    end
  end
end

-- The state a line of the journal leaves a row in: see M.read.
local function state_after(entry)
  if entry.event == "done" then return entry.partial and "partly" or "done" end
  if entry.event == "failed" and entry.outcome ~= "unknown" then
    return { kind = entry.kind, outcome = entry.outcome, message = entry.message, again = entry.again }
  end
  return "unknown"
end

-- Reads all of it. Returns the states, and what must be added before anything else.
local function load(file, path, binding)
  local states, number, bad, damaged = {}, 1, nil, false
  file:seek "set"
  local line = file:read "*l"
  if not line then return states, "" end
  check_header(path, line, binding)
  for text in file:lines() do
    number = number + 1
    local entry = decode(text)
    if not entry then
      bad = bad or number
    elseif entry.event == "torn" then
      bad = nil
    elseif bad then
      damaged = true
      break
    elseif entry.id then
      states[entry.id] = state_after(entry)
    end
  end
  local size = file:seek "end"
  file:seek("set", size - 1)
  local whole = file:read(1) == "\n"
  if not bad then return states, whole and "" or "\n" end
  if whole or damaged then wrong("the journal %s is damaged at line %d", path, bad) end
  return states, TORN
end

--- What a journal says, without changing it.
-- @param path     a file that need not be there
-- @param binding  {operation, url, key}: what it must have been made for
-- @return id -> "done"; "partly": done, but items of it failed; "unknown"; or, failed, {kind, outcome, message, again =
--   the time from which another try has a chance, seconds since 1970}. Raises {usage = message}
function M.read(path, binding)
  local file = io.open(path, "rb")
  if not file then return {} end
  local states = load(file, path, binding)
  file:close()
  return states
end

-- A new file is on the disk when its name is as well.
local function sync_directory(path)
  local directory = io.open(path:match "^.*/" or ".", "rb")
  if not directory then return end
  core.sync(directory)
  directory:close()
end

--- Opens a journal for this run alone; makes it when it is not there, heals it when its last line was torn.
-- @return journal, with states as of M.read. Raises {usage = message}
function M.open(path, binding)
  local file, why = io.open(path, "a+b")
  if not file then wrong("the journal cannot be written: %s", why) end
  local locked, refused = core.lock(file)
  if refused == "locked" then wrong("another run is at work with the journal %s", path) end
  if not locked then wrong("the journal %s cannot be locked (%s)", path, refused) end
  local fine, states, first = pcall(load, file, path, binding)
  if not fine then
    file:close() -- and with it the lock
    error(states, 0)
  end
  local self = setmetatable({ file = file, states = states, path = path }, Journal)
  if file:seek "end" == 0 then
    first = core.json_encode {
      journal = 1,
      operation = binding.operation,
      url = binding.url,
      key = binding.key,
      at = stamp(),
    } .. "\n"
  end
  local written, problem = self:add(first, true)
  if written then sync_directory(path) end
  if not written then wrong("the journal %s cannot be written: %s", path, problem) end
  return self
end

-- On the disk when it returns true, for `safe`; else with the kernel, which outlives this program.
function Journal:add(text, safe)
  local fine, why = self.file:write(self.torn and TORN .. text or text)
  if fine then
    fine, why = self.file:flush()
  end
  self.torn = not fine -- some of it may be there, and more may follow when the disk has room again
  if fine and safe then return core.sync(self.file) end
  return fine and true, why
end

local function entry(row, fields)
  fields.row, fields.id, fields.at = row.number, row.id, stamp()
  return core.json_encode(fields) .. "\n"
end

--- The row's request is about to leave: true once that is on the disk; nil, why not
function Journal:sending(row)
  return self:add(entry(row, { event = "sending" }), true)
end

--- The row's request was answered well. Returns as sending does.
-- @param partial  how many of its items failed all the same, or nil
function Journal:done(row, answer, partial)
  return self:add(entry(row, { event = "done", actionId = answer.actionId, partial = partial }))
end

--- It failed. Returns as sending does.
-- @param failure  as in the states of M.read, or with the outcome "unknown"
function Journal:failed(row, failure)
  return self:add(entry(row, {
    event = "failed",
    kind = failure.kind,
    outcome = failure.outcome,
    message = utf8(failure.message),
    again = failure.again,
  }))
end

--- Whether a path names it.
function Journal:is(path)
  return core.same_file(self.file, path)
end

function Journal:close()
  self.file:close()
end

return M
