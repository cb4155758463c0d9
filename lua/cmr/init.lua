--- cmr: the Cold Mail Reseller API. One function per operation: cmr.platforms(userId), cmr.reexport{...}.
--
-- A success returns the decoded envelope, one value. A failure returns nil, a message, and an error with kind, message,
-- operation, status, outcome, retry_after, attempts, body, code. The programmer's mistakes raise.

local Client = require "cmr.client"
local core = require "cmr.core"
local operations = require "cmr.operations"
local raise = require("cmr.util.errors").raise
local webhook = require "cmr.webhook"

---@class cmr
local cmr = {
  _VERSION = core._VERSION,
  --- The version of the libcurl underneath.
  libcurl = core.libcurl,
  --- The API's operations: rows of name, method, path, params, flags, source ...; also by name.
  operations = operations,
  --- JSON's null: in arrays of answers, and to send one.
  null = core.null,
  --- cmr.array(table): marks a table as a JSON array, so that {} is sent as [].
  array = core.array,
  --- Says "all of them" where an operation means everything when its list is left out.
  all = core.all,
  --- cmr.new(options): a client of its own. See Client.new.
  new = Client.new,
  --- cmr.info(result): status, headers, attempts ... of an answer or an error. See Client.info.
  info = Client.info,
  --- cmr.webhook.verify(raw_body, headers): the outcome of what was accepted. See cmr.webhook.
  webhook = webhook,
}

local client

--- The client behind the functions of the module, made from the environment at first use.
local function default()
  client = client or Client.new()
  return client
end

for _, operation in ipairs(operations) do
  local name = operation.name
  cmr[name] = function(first, ...)
    local self = default()
    if first == cmr then raise(("%s: call it with a dot: cmr.%s(...)"):format(name, name)) end
    return self[name](self, first, ...)
  end
end

--- cmr.request(method, path, {query, body}): any other request. See Client:request.
function cmr.request(...)
  return default():request(...)
end

--- cmr.start(operation, ...): a call that goes on beside. See Client:start.
function cmr.start(...)
  return default():start(...)
end

--- cmr.map(operation, inputs, options): many calls, a few at a time. See Client:map.
function cmr.map(...)
  return default():map(...)
end

--- cmr.preview(operation, ...): what a call would send. See Client:preview.
function cmr.preview(...)
  return default():preview(...)
end

--- cmr.each(operation, ...): the items of a list over all its pages. See Client:each.
function cmr.each(...)
  return default():each(...)
end

--- cmr.await(answer, options): the outcome of what was only accepted. See Client:await.
function cmr.await(...)
  return default():await(...)
end

return cmr
