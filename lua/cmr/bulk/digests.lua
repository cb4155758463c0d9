---The digests of a run's rows, by row number. A list of 100,000 texts takes 7 MB, and every garbage collection visits
---all of these texts. So this module stores the digests as parts of a few long texts.

local digests = {}

local Digests = {}
Digests.__index = Digests
Digests.__name = "cmr.bulk.digests"

local DIGEST_BYTES = 20
local BLOCK_ROWS = 1000
local NONE = (" "):rep(DIGEST_BYTES) -- stands for a row that is not valid

---Makes an empty list.
function digests.new()
  return setmetatable({ count = 0, blocks = {}, rest = {} }, Digests)
end

---Appends a row's digest; nil stands for a row that is not valid.
---@param digest string?
function Digests:add(digest)
  self.count = self.count + 1
  self.rest[#self.rest + 1] = digest or NONE
  if #self.rest < BLOCK_ROWS then return end
  self.blocks[#self.blocks + 1] = table.concat(self.rest)
  self.rest = {}
end

---Returns the digest of a row; "" if the row is not valid; nil if there is no such row.
---@param number integer
---@return string? digest
function Digests:get(number)
  if number > self.count then return nil end
  local index = (number - 1) % BLOCK_ROWS
  local block = self.blocks[(number - 1 - index) / BLOCK_ROWS + 1]
  local digest = block and block:sub(index * DIGEST_BYTES + 1, (index + 1) * DIGEST_BYTES) or self.rest[index + 1]
  return digest ~= NONE and digest or ""
end

---Returns all digests as a list.
function Digests:list()
  local list = {}
  for number = 1, self.count do
    list[number] = self:get(number)
  end
  return list
end

return digests
