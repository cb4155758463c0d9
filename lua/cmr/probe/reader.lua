---Sends the probe's requests. The probe has no other way to reach the API. This module sends only reads and refuses
---everything else.

local cmr = require "cmr"
local core = require "cmr.core"
local errors = require "cmr.util.errors"

local reader = {}

local PRODUCTION = core.production .. "/"
-- The flags that a read may have. The reader refuses an operation with any other flag, known or new.
local HARMLESS_FLAGS = { list = true, deprecated = true }
local SECRET_ANSWERS = { mailbox_admin = "its answer holds an administrator's password" }

---If the probe must not call an operation, returns the reason. Otherwise returns nil. The second result is true if the
---operation's method or path is undocumented.
function reader.refusal(operation)
  if not operation then return "there is no such operation" end
  if not operation.path or not operation.method then return "not documented", true end
  if operation.method ~= "GET" then return "it is not a read" end
  for flag in pairs(operation.flags) do
    if not HARMLESS_FLAGS[flag] then return ("it does more than read (%s)"):format(flag) end
  end
  return SECRET_ANSWERS[operation.name]
end

---Sends one read to the documented path, whatever the option `endpoints` says. Raises if reader.refusal has a reason.
---@param query table? Name -> string or number. Nothing checks the query, so a required field can be missing.
---@return table answer {status = the HTTP status, envelope = the decoded answer, version = the HTTP version, encoding,
---  headers, production = whether the production API answered, err = the library's error}. If there is no answer, only
---  {err, message}.
function reader.read(client, name, query)
  local operation = cmr.operations[name]
  local refusal = reader.refusal(operation)
  if refusal then errors.raise(("probe: '%s' must not be called: %s"):format(tostring(name), refusal)) end
  local res, message, err = client:request("GET", operation.path, { query = query })
  local info = cmr.info(res or err)
  if not info or not info.status then return { err = err, message = (message:gsub("^request: ", "")) } end
  local envelope = res or err.body
  return {
    status = info.status,
    envelope = type(envelope) == "table" and envelope or nil,
    version = info.http_version,
    encoding = info.headers["content-encoding"],
    headers = info.headers,
    production = info.url:sub(1, #PRODUCTION) == PRODUCTION,
    err = err,
  }
end

return reader
