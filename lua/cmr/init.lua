---The module cmr. It has one function for each operation of the Cold Mail Reseller API, such as cmr.platforms(userId)
---and cmr.reexport{...}.
---
---On success a function returns the decoded envelope. On failure it returns nil, a message and an error table. A
---mistake of the calling program, such as an unknown field, raises an error.

local Client = require "cmr.client"
local core = require "cmr.core"
local errors = require "cmr.util.errors"
local operations = require "cmr.operations"

---The result of a successful call: the API's envelope.
---@class cmr.Answer
---@field status integer Repeats the HTTP status.
---@field message string
---@field data? any The result. Absent if the API sends null or nothing.
---@field actionId? string The id of an asynchronous operation's action. The action's webhook events have this id too.

---@alias cmr.Kind
---| "network" # no answer: the connection failed
---| "timeout" # no answer in time
---| "tls" # no answer: the certificate or the encryption failed
---| "bad_response" # the response is no JSON object, is too large or truncated, or is a wrong page (client:each)
---| "unauthorized" # 401
---| "payment_required" # 402
---| "forbidden" # 403
---| "not_found" # 404
---| "conflict" # 409
---| "bad_request" # 400, 422: the API does not accept the request
---| "rate_limited" # 429, or the rate limit has no slot before the call's timeout
---| "quota_exceeded" # the mailbox's re-exports of this week are used up
---| "server_error" # 500 to 599
---| "unexpected_status" # any other status
---| "operation_failed" # the API reports a failure in an answer with a success status, or later (see client:await)
---| "cancelled" # ended by job:cancel(), before_send, await's `cancelled`, a closed engine, or a fork (in the child)
---| "not_recorded" # the ledger did not record the request, so nothing was sent
---| "invalid_argument" # an argument that cannot be sent, or no key; nothing was sent

---Whether the request may have been done. After several attempts, this is the most severe outcome of all attempts:
---unknown > rejected > not_sent.
---@alias cmr.Outcome
---| "not_sent" # the server never saw the request
---| "rejected" # the server refused the request
---| "unknown" # the server may have done the request: check before you repeat it

---A failure. tostring(err) returns its message.
---@class cmr.Error
---@field kind cmr.Kind
---@field message string
---@field operation? string
---@field status? integer The answer's HTTP status, if there was an answer.
---@field outcome cmr.Outcome
---@field retry_after? number Seconds to wait before you try again.
---@field attempts integer
---@field request_id? string The server's id for the request, from the answer's headers.
---@field budget_exhausted? true cmr did not try again, because the retry budget of the key is used up.
---
---The answer, decoded if it is a JSON object. In an error of client:await, the report of the failure: an event, a
---list of the items that the API refused, or the answer of order_status.
---@field body? any
---@field events? cmr.Event[] In an error of client:await, the events that arrived.
---@field curl_code? integer libcurl's error code; the curl program exits with the same code.
---
---Says what is wrong. For kind "invalid_argument": "unknown_field", "missing_field", "duplicate_field",
---"conflicting_fields", "empty", "bad_type", "bad_value", "bad_arguments", "undocumented", "too_long" or "no_key". For
---kind "bad_response" from client:each: "wrong_page", "list_changed", "repeated_page", "repeated_item", "missing_items"
---or "no_list". For kind "not_recorded": "busy" (another program has locked the ledger), "full" (the disk is full),
---"repeated" (another process has just sent the same request) or another reason.
---@field code? string
---@field field? string The path of the wrong field, such as "domains[2].domainName".
---@field expected? string The values that the field takes, in words.
---@field got? string The type of the field's value.
---@field suggestion? string The name that was probably meant.
---@field reason? string The mistake in words, if `expected` does not say it.
---@field programmer_error? true The program is wrong, not its data. The functions of cmr raise such an error.

---The type of cmr.all. Some operations of the API act on everything if you omit a list. To act on everything with
---cmr, pass cmr.all as the list.
---@class cmr.All

---An operation of the API. It is a row of the table from which functions, checks, commands and documents are made.
---@class cmr.Operation
---@field name string
---@field method? string Nil when undocumented.
---@field path? string Nil when undocumented.
---@field group string
---@field title string The vendor's title.
---@field summary string
---@field source "seed"|"docs"|"help" Where method and path are documented: quickstart, API pages or help centre.
---@field assumed? string The undocumented part, and what we assume about it.
---@field flags table<string, true>
---@field open_location? "query"|"body" The part of the request for undocumented fields.
---@field items? string The path of a list's items in the answer.
---@field page? string
---@field limit? string
---@field success_field? string The member that every item in `data` has unless the item failed.
---
---The success events, as "EVENT" or "EVENT PARAMETER". An event with a PARAMETER reports items of this parameter.
---@field success_events? string[]
---@field failure_events? string[] The events that report a failure.
---@field notes cmr.Note[] Facts from the documentation.
---@field statuses cmr.DocumentedStatus[] The refusals that the operation's own page documents.
---@field refusal_fields? string[] The members that a refusal may have besides the envelope's members.
---@field item_seconds? integer The seconds that the vendor may take for one item, or for a request without items.
---@field items_in? string The name of the list parameter with these items.
---@field positional string[]
---@field params cmr.Parameter[]

---@class cmr.Note
---@field source "seed"|"docs"|"help"
---@field text string

---@class cmr.DocumentedStatus
---@field code integer
---@field source "seed"|"docs"|"help"
---@field reason string

---@class cmr.Parameter
---@field name string
---@field in "query"|"body"
---@field type string
---@field required? true
---@field positional? true
---@field assumed? true
---@field either? "any"|"one"
---@field all_required? true
---@field accepts_item? true
---@field values? string[] The closed set of the parameter's values.
---@field known? string[] The documented values of a set that may have other values too.
---@field source "seed"|"docs"|"help"
---@field summary string

---The module. Its functions use a client that is made from the environment at the first call.
---@class cmr
---@field _VERSION string
---@field libcurl string The version of libcurl.
---@field operations cmr.Operation[]|table<string, cmr.Operation> The API's operations, by position and by name.
---@field null any JSON's null. In answers, only arrays contain it. Pass it to send a null.
---@field all cmr.All Means "every item". Pass it in place of a list to act on everything, see cmr.All.
---@field webhook cmr.Webhook
local cmr = {
  _VERSION = core._VERSION,
  libcurl = core.libcurl,
  operations = operations,
  null = core.null,
  all = core.all,
}

-- cmr.webhook is loaded when it is first used.
setmetatable(cmr, {
  __index = function(_, name)
    if name ~= "webhook" then return nil end
    cmr.webhook = require "cmr.webhook"
    return cmr.webhook
  end,
})

---Marks a table as a JSON array, so that {} is sent as [].
---@generic T: table
---@param list T
---@return T list
cmr.array = core.array

---Makes a client. Raises for an unknown option or a malformed value.
---@param opts? cmr.Options
---@return cmr.Client client
cmr.new = Client.new

---Reports facts about an answer or an error.
---@param result cmr.Answer|cmr.Error The answer or error that a call returned.
---@return cmr.Info? info Nil when the table does not come from a call.
cmr.info = Client.info

local default_client

-- Returns the client that the module's functions use. The functions' annotations are at the methods in cmr.client.
local function client()
  default_client = default_client or Client.new()
  return default_client
end

local names = { "await", "bulk", "each", "map", "preview", "request", "start" }
for _, operation in ipairs(operations) do
  names[#names + 1] = operation.name
end
for _, name in ipairs(names) do
  cmr[name] = function(first, ...)
    if first == cmr then errors.raise(("%s: call it with a dot: cmr.%s(...)"):format(name, name)) end
    local self = client()
    return self[name](self, first, ...)
  end
end

return cmr
