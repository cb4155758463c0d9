---Parses multipart form data (RFC 7578): splits the bytes into parts, and turns the parts into an operation's fields.
---Pure.

local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"

local multipart = {}

local MAX_BOUNDARY_BYTES = 70

-- Returns the parameters of a header's value, such as {name = "a"} for 'form-data; name="a"'. The names are in lower
-- case. Returns nil if the value is malformed.
local function parameters(value)
  local found, rest = {}, value:match "^[^;]*(.*)$"
  while rest:find "%S" do
    local name, after = rest:match "^;%s*([%w%-*]+)=(.*)$"
    if not name then return nil end
    local quoted, tail = after:match '^"([^"]*)"%s*(.*)$'
    if not quoted then
      quoted, tail = after:match '^([^%s;"]+)%s*(.*)$'
    end
    if not quoted or found[name:lower()] then return nil end
    found[name:lower()], rest = quoted, tail
  end
  return found
end

-- Decodes the quotes and line breaks that browsers and libcurl encode in a name.
local function unescape(name)
  return (name:gsub("%%22", '"'):gsub("%%0D", "\r"):gsub("%%0A", "\n"))
end

-- Returns the headers of a part as {lower-case name = value}. Returns nil if a header is malformed or repeated.
local function part_headers(text)
  local headers = {}
  for line in (text .. "\r\n"):gmatch "(.-)\r\n" do
    local name, value = line:match "^([%w%-]+):%s*(.-)%s*$"
    if not name or headers[name:lower()] then return nil end
    headers[name:lower()] = value
  end
  return headers
end

local function part_of(head, content)
  local headers = part_headers(head)
  local disposition = headers and headers["content-disposition"] or ""
  local named = disposition:find "^form%-data%s*;" and parameters(disposition)
  if not named or not named.name then return nil, "a part has no name" end
  return {
    name = unescape(named.name),
    filename = named.filename and unescape(named.filename),
    type = headers["content-type"],
    content = content,
  }
end

---Splits a body into its parts.
---@param body string
---@param content_type string the header
---@return table[]? parts each {name, content}; a file also has {filename, type}
---@return string? message
function multipart.parse(body, content_type)
  local boundary = (parameters(content_type) or {}).boundary
  if not boundary or #boundary > MAX_BOUNDARY_BYTES then return nil, "the content type has no boundary" end
  local delimiter = "\r\n--" .. boundary
  body = "\r\n" .. body -- a delimiter at the start of the body lacks this line break
  local parts = {}
  local _, at = body:find(delimiter, 1, true)
  while at do
    if body:sub(at + 1, at + 2) == "--" then return parts end
    local _, head_start = body:find("^[ \t]*\r\n", at + 1)
    local head_end, content_start = body:find("\r\n\r\n", head_start or #body, true)
    local content_end, next_at = body:find(delimiter, content_start or #body, true)
    if not (head_start and head_end and content_end) then return nil, "a part has no end" end
    local part, message = part_of(body:sub(head_start + 1, head_end - 1), body:sub(content_start + 1, content_end - 1))
    if not part then return nil, message end
    parts[#parts + 1] = part
    at = next_at
  end
  return nil, "the last boundary is missing"
end

---Returns whether the request's header Content-Type is multipart/form-data.
---@param request table {headers}
function multipart.is_form(request)
  return (request.headers["content-type"] or ""):lower():find "^multipart/form%-data%s*;" ~= nil
end

---Returns the parts of a request. Parses the parts only once.
---@param request table {headers, raw_body}
---@return table[]? parts
---@return string? message
function multipart.parts(request)
  if not request.parts then
    request.parts, request.parts_problem = multipart.parse(request.raw_body, request.headers["content-type"])
  end
  return request.parts, request.parts_problem
end

-- The parsers for parameters that are strings, booleans or numbers. A parser turns a part's text into a value, or
-- returns nil.
local VALUES = {
  string = function(text)
    return text
  end,
  boolean = function(text)
    if text == "true" or text == "false" then return text == "true" end
  end,
  integer = json.number,
  number = json.number,
}

-- Returns a parameter's value. Assumed: the text of a list or an object is JSON.
local function value_of(param, part)
  local read = VALUES[param.type] or json.decode
  local value = read(part.content)
  if value ~= nil then return value end
  answer.refuse(400, ("'%s' must be of type %s"):format(param.name, param.type), "status 400; message")
end

local function file_of(part)
  return { filename = part.filename, type = part.type or "application/octet-stream", size = #part.content }
end

---Returns the fields of an HTML form as {name = value}. The value of a file is {filename, type, size}. Assumed: a part
---that holds a file is named FIELD[KEY].
---@param operation table
---@param parts table[]
function multipart.fields(operation, parts)
  local params, values = {}, {}
  for _, param in ipairs(operation.params) do
    params[param.name] = param
  end
  for _, part in ipairs(parts) do
    local fields, field, param = values, part.name, params[part.name]
    local name, key = field:match "^([^%[]+)%[(.+)%]$"
    if part.filename and name then
      values[name] = values[name] or {}
      fields, field = values[name], key
    end
    local label = ("'%s' is there twice"):format(part.name)
    if fields[field] ~= nil then answer.refuse(400, label, "status 400; message") end
    if part.filename then
      fields[field] = file_of(part)
    elseif param then
      fields[field] = value_of(param, part)
    else
      fields[field] = part.content
    end
  end
  return values
end

return multipart
