---The journal of a bulk run: what became of each row, in a file of JSON lines that only grows.
---
---  {"journal":1,"operation":"reexport","url":"https://...","key":"<key_id>","at":"2026-06-23T09:00:00Z"}
---  {"row":17,"id":"...","event":"sending","at":"..."}     on the disk before the request leaves
---  {"row":17,"id":"...","event":"done","actionId":"ACT_...","at":"..."}
---  {"row":17,"id":"...","event":"failed","kind":"bad_request","outcome":"rejected","message":"..."}
---
---The id of a row is a digest of its content. "sending" without a later line means that the outcome is unknown. A torn
---line is followed by {"event":"torn"}: if it was a "sending", the request did not leave.

local core = require "cmr.core"
local io = require "cmr.cli.io"
local shell = require "cmr.util.shell"
local text = require "cmr.util.text"

local journal = {}

local Journal = {}
Journal.__index = Journal
Journal.__name = "cmr.cli.bulk.journal"

local VERSION = 1
local TORN = '\n{"event":"torn"}\n'
local KEY_HINT = [[; if you changed the API key, write "key":"%s" into its first line]]

local BINDING = {
  { name = "operation", text = "another operation (%s)" },
  { name = "url", text = "another base URL (%s)" },
  { name = "key", text = "another key", hint = KEY_HINT },
}

local function timestamp()
  return os.date "!%Y-%m-%dT%H:%M:%SZ"
end

local function decode(line)
  local object = core.json_decode(line)
  return type(object) == "table" and object or nil
end

local function check_header(path, line, binding)
  local header = decode(line)
  if not header or header.journal ~= VERSION then io.usage("%s is not a journal of cmr bulk", path) end
  for _, field in ipairs(BINDING) do
    if header[field.name] ~= binding[field.name] then
      local other = field.text:format(tostring(header[field.name]))
      local hint = (field.hint or ""):format(tostring(binding.key))
      io.usage("the journal %s is for %s: choose another one with --journal%s", path, other, hint)
    end
  end
end

-- The state of a row after an entry: see journal.read.
local function state_after(entry)
  if entry.event == "done" then return entry.partial and "partial" or "done" end
  if entry.event == "failed" and entry.outcome ~= "unknown" then
    return { kind = entry.kind, outcome = entry.outcome, message = entry.message, retry_at = entry.retry_at }
  end
  return "unknown"
end

-- Reads the whole file. Returns the states, and the text that must be added before any other.
local function load(file, path, binding)
  local states, number, bad_line, is_damaged = {}, 1, nil, false
  file:seek "set"
  local header = file:read "*l"
  if not header then return states, "" end
  check_header(path, header, binding)
  for line in file:lines() do
    number = number + 1
    local entry = decode(line)
    if not entry then
      bad_line = bad_line or number
    elseif entry.event == "torn" then
      bad_line = nil
    elseif bad_line then
      is_damaged = true
      break
    elseif entry.id then
      states[entry.id] = state_after(entry)
    end
  end
  local size = file:seek "end"
  file:seek("set", size - 1)
  local ends_with_line = file:read(1) == "\n"
  if not bad_line then return states, ends_with_line and "" or "\n" end
  if ends_with_line or is_damaged then io.usage("the journal %s is damaged at line %d", path, bad_line) end
  return states, TORN
end

---Reads a journal without changing it. Raises a mistake.
---@param path string a file that need not exist
---@param binding table {operation, url, key}: the run that the journal must belong to
---@return table states id -> "done", "partial" (done, but some items failed), "unknown", or for a failed row {kind,
---outcome, message, retry_at = the time at which a retry may succeed, seconds since 1970}
function journal.read(path, binding)
  local file = io.system.open(path, "rb")
  if not file then return {} end
  local states = load(file, path, binding)
  file:close()
  return states
end

-- A new file is safe when its name is on the disk too.
local function sync_directory(path)
  local directory = io.system.open(path:match "^.*/" or ".", "rb")
  if not directory then return end
  core.sync(directory)
  directory:close()
end

---Opens a journal for this run alone. Creates it when there is none, and repairs it when its last line was torn. Raises
---a mistake.
---@return table journal with states, see journal.read
function journal.open(path, binding)
  local file, message = io.system.open(path, "a+b")
  if not file then io.usage("the journal cannot be written: %s", message) end
  local ok
  ok, message = core.lock(file)
  if message == "locked" then io.usage("another run is using the journal %s", path) end
  if not ok then io.usage("the journal %s cannot be locked (%s)", path, message) end
  local loaded, states, first = pcall(load, file, path, binding)
  if not loaded then
    file:close() -- which releases the lock
    error(states, 0)
  end
  local self = setmetatable({ file = file, states = states }, Journal)
  if file:seek "end" == 0 then
    local header = { journal = VERSION, at = timestamp() }
    for _, field in ipairs(BINDING) do
      header[field.name] = binding[field.name]
    end
    first = core.json_encode(header) .. "\n"
  end
  ok, message = self:append(first, true)
  if not ok then io.usage("the journal %s cannot be written: %s", path, message) end
  sync_directory(path)
  return self
end

-- With `sync` the text is on the disk when this returns true. Otherwise the kernel has it, which outlives this program.
function Journal:append(lines, sync)
  local ok, message = shell.append(self.file, self.torn and TORN .. lines or lines)
  self.torn = not ok -- a part may be written, and more may follow when the disk has room again
  if ok and sync then return core.sync(self.file) end
  return ok, message
end

local function entry(row, fields)
  fields.row, fields.id, fields.at = row.number, row.id, timestamp()
  return core.json_encode(fields) .. "\n"
end

---Records that the row's request is about to leave. Like done and failed it returns true, or nil and a message.
function Journal:sending(row)
  return self:append(entry(row, { event = "sending" }), true)
end

---Records a success.
---@param failed_items integer? how many of its items failed
function Journal:done(row, answer, failed_items)
  return self:append(entry(row, { event = "done", actionId = answer.actionId, partial = failed_items }))
end

---Records a failure.
function Journal:failed(row, failure)
  return self:append(entry(row, {
    event = "failed",
    kind = failure.kind,
    outcome = failure.outcome,
    message = text.utf8(failure.message),
    retry_at = failure.retry_at,
  }))
end

---Whether a path names the journal.
function Journal:is_at(path)
  return core.same_file(self.file, path)
end

function Journal:close()
  self.file:close()
end

return journal
