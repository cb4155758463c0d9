---The messages of the Model Context Protocol: JSON-RPC 2.0, one message on each line. Pure.

local core = require "cmr.core"
local redact = require "cmr.util.redact"
local tables = require "cmr.util.tables"
local text = require "cmr.util.text"

local protocol = {
  PARSE_ERROR = -32700,
  INVALID_REQUEST = -32600,
  UNKNOWN_METHOD = -32601,
  BAD_PARAMS = -32602,
  INTERNAL_ERROR = -32603,
  UNKNOWN_RESOURCE = -32002,
  MAX_MESSAGE_BYTES = 4 * 1024 * 1024,
  VERSIONS = { "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05" }, -- newest first
}

local BATCH_VERSION = "2025-03-26" -- the only version that allows a list of messages
local MAX_BATCH_MESSAGES = 100
local MAX_ID = 2 ^ 53
local MAX_NAME_BYTES = 100 -- in a message, a longer name is cut

---Returns the version for the session: the client's version if the server supports it, otherwise the newest version.
---@param version any the client's version
---@return string
function protocol.agree(version)
  for _, known in ipairs(protocol.VERSIONS) do
    if known == version then return known end
  end
  return protocol.VERSIONS[1]
end

---Makes a function that takes the next bytes of the input and returns the lines that these bytes complete. The function
---returns false in place of a line that is longer than protocol.MAX_MESSAGE_BYTES.
---@return fun(bytes: string): (string|false)[] feed
function protocol.splitter()
  local parts, size, is_too_long = {}, 0, false
  local function add(part)
    size = size + #part
    if size > protocol.MAX_MESSAGE_BYTES then
      parts, is_too_long = {}, true
    elseif part ~= "" then
      parts[#parts + 1] = part
    end
  end
  return function(bytes)
    local lines, start = {}, 1
    local stop = bytes:find("\n", start)
    while stop do
      add(bytes:sub(start, stop - 1))
      lines[#lines + 1] = not is_too_long and table.concat(parts)
      parts, size, is_too_long = {}, 0, false
      start = stop + 1
      stop = bytes:find("\n", start)
    end
    add(bytes:sub(start))
    return lines
  end
end

local function is_id(id)
  if type(id) == "number" then return id % 1 == 0 and id > -MAX_ID and id < MAX_ID end
  return type(id) == "string" and not id:find "%z"
end

local function invalid(id, message)
  return { kind = "invalid", id = id, code = protocol.INVALID_REQUEST, message = message }
end

-- Checks a decoded message. Returns a table whose field `kind` is "request", "notification", "response" or "invalid".
local function classify(value, has_null_id)
  if not tables.is_object(value) then return invalid(nil, "a message is a JSON object") end
  local id = value.id
  if id ~= nil and not is_id(id) then return invalid(nil, "an id is a text or a whole number") end
  if value.jsonrpc ~= "2.0" then return invalid(id, 'jsonrpc has to be "2.0"') end
  if value.method == nil then
    local is_response = id ~= nil and (value.result ~= nil or value.error ~= nil)
    if not is_response then return invalid(id, "the method is missing") end
    return { kind = "response", id = id, result = value.result, error = value.error }
  end
  if type(value.method) ~= "string" then return invalid(id, "a method is a text") end
  if has_null_id and id == nil then return invalid(nil, "an id is a text or a whole number") end
  local message = { kind = id == nil and "notification" or "request", id = id, method = value.method }
  message.params = value.params == nil and {} or value.params
  if not tables.is_object(message.params) then message.params = nil end
  return message
end

---Returns the messages of a line. If the params of a message are not an object, drops these params.
---@param line string|false false: the line was too long
---@param version string? the version that was agreed on
---@return table[] messages {kind, id, method, params, result, error, code, message}
function protocol.read(line, version)
  if not line then return { invalid(nil, ("more than %d bytes"):format(protocol.MAX_MESSAGE_BYTES)) } end
  if not line:find "%S" then return {} end
  local value, message = core.json_decode(line)
  if value == nil then
    return { { kind = "invalid", code = protocol.PARSE_ERROR, message = text.printable(tostring(message)) } }
  end
  -- the decoder leaves out members that are null
  local has_null_id = line:find '"id"%s*:%s*null' ~= nil
  if version ~= BATCH_VERSION or not tables.is_list(value) then return { classify(value, has_null_id) } end
  if #value > MAX_BATCH_MESSAGES then
    return { invalid(nil, ("more than %d messages in a batch"):format(MAX_BATCH_MESSAGES)) }
  end
  local messages = {}
  for index, member in ipairs(value) do
    messages[index] = classify(member, has_null_id)
  end
  return messages
end

---Returns the line for a message. The line has no NUL bytes, even if a text from the client had some.
---@param message table without jsonrpc
---@return string line without a newline
function protocol.write(message)
  message.jsonrpc = "2.0"
  local ok, line = pcall(core.json_encode, message)
  if not ok then line = core.json_encode(redact.copy(message, {}, true)) end
  return text.utf8(line)
end

---Returns a name from the client, cut if it is too long for a message.
---@param name string
---@return string
function protocol.shown_name(name)
  return (text.cut(name, MAX_NAME_BYTES))
end

---Returns the answer to a request.
function protocol.result(id, result)
  return { id = id, result = result }
end

---Returns the error that answers a message. The error's id is null if the message has no id.
function protocol.error(id, code, message)
  return { id = id == nil and core.null or id, error = { code = code, message = message } }
end

return protocol
