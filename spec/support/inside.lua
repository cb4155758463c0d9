-- Calls that specs run inside nginx. Each returns its result as text.
local cmr = require "cmr"

local inside = {}

-- from the mock's initial data
inside.USER, inside.MAILBOX = "BVZGM5TE9BMP3PP0VWGW943RGV1B", "39XXMZ1SQMMWWPN2GCRB0Q78KZAR"

---Makes a client. It has no rate limit unless the options give one.
function inside.client(options)
  options = options or {}
  if options.rate == nil then options.rate = false end
  return cmr.new(options)
end

local client

---Returns the client that all requests of a worker share.
function inside.shared()
  client = client or inside.client{retries = 0}
  return client
end

---Returns a result as one word: "ok", or the error's kind and outcome.
function inside.word(res, _, err)
  return res and "ok" or err.kind .. "/" .. err.outcome
end

---Makes one call and returns its result as one word, or the error that it raises.
-- @param options the options of the client; nil means the shared client
function inside.call(options)
  local fine, word = pcall(function()
    return inside.word((options and inside.client(options) or inside.shared()):platforms(inside.USER))
  end)
  return word, fine
end

---Sends a form with this file, and returns the result as one word.
function inside.form(path)
  local one = inside.client{retries = 0, endpoints = {create_order_form = "POST /supplied/form"}}
  return inside.word(one:create_order_form{userId = inside.USER, confirm = false,
    domains = {{domain = "inside.com", years = 1}}, files = {["a@inside.com"] = path}})
end

---Makes eight calls, at most three at a time. Returns "1 ok, 2 ok, ...".
function inside.map(options)
  local fine, text = pcall(function()
    local words, inputs = {}, {}
    for index = 1, 8 do inputs[index] = {userId = tostring(index)} end
    local one = options and inside.client(options) or inside.shared()
    for input, res, why, err in one:map("platforms", inputs, {concurrency = 3, ordered = true}) do
      words[#words + 1] = input.userId .. " " .. inside.word(res, why, err)
    end
    return table.concat(words, ", ")
  end)
  return fine and text or "raised " .. tostring(text)
end

---Returns the first result of many calls.
-- @param options the options of the client; nil means the shared client
function inside.first(options)
  local one = options and inside.client(options) or inside.shared()
  for _, res, why, err in one:map("platforms", function() return inside.USER end) do -- luacheck: ignore 512
    return inside.word(res, why, err)
  end
end

return inside
