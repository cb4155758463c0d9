---The requests that the mock received, with their answers. The recorder drops the oldest requests when there are too
---many, or when they take too much memory. Pure.

local Recorder = {}
Recorder.__index = Recorder
Recorder.__name = "cmr.mock.recorder"

local MAX_REQUESTS = 10000
local MAX_BYTES = 64 * 1024 * 1024 -- for all recorded heads, bodies and answers together

---The recorder stores at most this many bytes of each body and of each answer.
Recorder.MAX_BODY_BYTES = 1024 * 1024

---Makes an empty recorder.
---@param last integer The first request gets the number last + 1.
---@return table recorder
function Recorder.new(last)
  return setmetatable({ entries = {}, sizes = {}, first = last + 1, last = last, finished = 0, bytes = 0 }, Recorder)
end

local function drop_oldest(self)
  local slot = self.first % MAX_REQUESTS
  self.bytes = self.bytes - self.sizes[slot]
  self.entries[slot], self.sizes[slot] = nil, nil
  self.first = self.first + 1
end

-- Adds bytes to a request's size. Drops the oldest requests when all requests together are too large. Does nothing for
-- a request that was dropped.
local function grow(self, entry, bytes)
  local slot = entry.number % MAX_REQUESTS
  if self.entries[slot] ~= entry then return end
  self.sizes[slot], self.bytes = self.sizes[slot] + bytes, self.bytes + bytes
  while self.bytes > MAX_BYTES and self.first < self.last do
    drop_oldest(self)
  end
end

---Records a request. Sets the entry's number. The caller may add members to the entry afterwards.
---@param entry table
---@param bytes integer The size of the request's head.
function Recorder:add(entry, bytes)
  if self.last - self.first + 1 >= MAX_REQUESTS then drop_oldest(self) end
  self.last = self.last + 1
  entry.number = self.last
  local slot = entry.number % MAX_REQUESTS
  self.entries[slot], self.sizes[slot] = entry, 0
  grow(self, entry, bytes)
end

local function beginning(body)
  return body:sub(1, Recorder.MAX_BODY_BYTES)
end

---Records the body of a request.
---@param entry table
---@param body string
---@param parts table[]? The parts of a form.
function Recorder:set_body(entry, body, parts)
  entry.body = beginning(body)
  local bytes = #entry.body
  if parts then
    entry.parts = parts
    for _, part in ipairs(parts) do
      bytes = bytes + #(part.value or "")
    end
  end
  grow(self, entry, bytes)
end

---Records the end of a request.
---@param entry table
---@param status integer
---@param headers table? The headers of the answer; nil when there was no answer.
---@param body string?
function Recorder:finish(entry, status, headers, body)
  entry.status = status
  self.finished = self.finished + 1
  if not headers then return end
  body = beginning(body)
  entry.answer = { headers = headers, body = body }
  grow(self, entry, #body)
end

---Lists the recorded requests, oldest first.
---@param after integer? Lists only the requests with a higher number than this.
---@param limit integer? Lists at most this many requests: the newest.
---@return table[] entries
function Recorder:list(after, limit)
  local first = math.max(self.first, (after or 0) + 1, self.last - (limit or MAX_REQUESTS) + 1)
  local list = {}
  for number = first, self.last do
    list[#list + 1] = self.entries[number % MAX_REQUESTS]
  end
  return list
end

return Recorder
