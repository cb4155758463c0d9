--- The only way from the check to the API. It reads; anything else is refused here, before it is sent.

local cmr = require "cmr"

local M = {}

local PRODUCTION = "https://customers.coldmailreseller.com/api/v1/integration/"

-- Flags that say nothing about what an operation does. Any other one acts, and so does a flag that is yet to come.
local harmless = { list = true, deprecated = true }

-- Reads whose answers are secrets.
local secret = { mailbox_admin = "its answer is an administrator's password" }

--- Why an operation is not to be asked.
-- @param row  of the operations table, or nil
-- @return nil when it may be; else the reason, and whether that is that no document says how to ask it
function M.refusal(row)
  if not row then return "there is no such operation" end
  if not row.path or not row.method then return "not documented", true end
  if row.method ~= "GET" then return "it is no read" end
  for flag in pairs(row.flags) do
    if not harmless[flag] then return ("it acts (%s)"):format(flag) end
  end
  return secret[row.name]
end

--- Asks, by the documented path, whatever `paths` say: those are the user's.
-- @param client  from cmr.new
-- @param name    the operation's name; raises when it is no read
-- @param query   name -> string or number; not held against the row, so that what is missing can be tried
-- @return {status = of HTTP, envelope = the decoded answer, version = of HTTP, encoding, headers, production = whether
--   the API of the documents answered}; without a status: {failure = the error's kind, message}.
--   Raises {usage = message} when the client cannot ask at all, with its key for example.
function M.read(client, name, query)
  local row = cmr.operations[name]
  local refusal = M.refusal(row)
  if refusal then error(("check: '%s' is not asked: %s"):format(tostring(name), refusal), 0) end
  local answer, message, err = client:request("GET", row.path, { query = query })
  if err and err.kind == "invalid_argument" then error({ usage = message }, 0) end
  local info = cmr.info(answer or err)
  if not info.status then return { failure = err.kind, message = (message:gsub("^request: ", "")) } end
  local envelope = answer or err.body
  return {
    status = info.status,
    envelope = type(envelope) == "table" and envelope or nil,
    version = info.http_version,
    encoding = info.headers["content-encoding"],
    headers = info.headers,
    production = info.url:sub(1, #PRODUCTION) == PRODUCTION,
  }
end

return M
