-- What specs run inside nginx: calls, told as text.
local cmr = require "cmr"

local M = {}

M.USER, M.MAILBOX = "BVZGM5TE9BMP3PP0VWGW943RGV1B", "39XXMZ1SQMMWWPN2GCRB0Q78KZAR" -- of the mock's seed

--- A client without pacing.
function M.client(options)
  options = options or {}
  if options.rate == nil then options.rate = false end
  return cmr.new(options)
end

local client

--- The same client for all of a worker.
function M.shared()
  client = client or M.client{retries = 0}
  return client
end

--- A result as one word: "ok", or the error's kind and outcome.
function M.word(res, _, err)
  return res and "ok" or err.kind .. "/" .. err.outcome
end

--- One call as one word; what it raises instead of it.
-- @param options of the client, nil for the shared one
function M.call(options)
  local fine, word = pcall(function()
    return M.word((options and M.client(options) or M.shared()):platforms(M.USER))
  end)
  return word, fine
end

--- Eight calls at once, as "1 ok, 2 ok, ...".
function M.map(options)
  local fine, text = pcall(function()
    local words, inputs = {}, {}
    for index = 1, 8 do inputs[index] = {userId = tostring(index)} end
    local one = options and M.client(options) or M.shared()
    for input, res, why, err in one:map("platforms", inputs, {concurrency = 3, ordered = true}) do
      words[#words + 1] = input.userId .. " " .. M.word(res, why, err)
    end
    return table.concat(words, ", ")
  end)
  return fine and text or "raised " .. tostring(text)
end

--- The first of many calls.
function M.first()
  for _, res, why, err in M.shared():map("platforms", function() return M.USER end) do -- luacheck: ignore 512
    return M.word(res, why, err)
  end
end

return M
