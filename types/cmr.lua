---@meta _
-- luacheck: ignore
-- Generated from the operations table by `make docs`; not to be edited, and never required at run time.
--
-- What editors with the Lua language server show and check. Of each operation: <name>.fields is its table of arguments,
-- <name>.others the same without those that may be given in front of it, <name>.answer its answer, as far as a
-- documented one shows it. In parentheses: where a fact is from, as docs/reference.md explains.

---A success: the API's envelope.
---@class cmr.Answer
---@field status integer The HTTP status again.
---@field message string
---@field data? any What was asked for; absent where the API sends null or nothing. Where the type is any, no document says what it holds.
---@field actionId? string Of an asynchronous operation: its webhook carries it.

---@alias cmr.Kind
---| "network" # no answer: the connection failed
---| "timeout" # no answer in time
---| "tls" # no answer: the certificate or the encryption
---| "bad_response" # an answer that is none of the API's: not a JSON object, too large, cut short
---| "unauthorized" # 401
---| "payment_required" # 402
---| "forbidden" # 403
---| "not_found" # 404
---| "conflict" # 409
---| "bad_request" # 400, 422: the API does not accept it
---| "rate_limited" # 429, or no place in the line within the time left
---| "quota_exceeded" # a mailbox's re-exports of the week are used up
---| "server_error" # 500 to 599
---| "unexpected_status" # any other status
---| "operation_failed" # accepted, and failed later: client:await
---| "cancelled" # call:cancel(), or the engine was closed
---| "invalid_argument" # an argument that cannot be sent, or no key

---@alias cmr.Outcome
---| "not_sent" # the server never saw it
---| "rejected" # it answered no
---| "unknown" # it may have been done: look before you repeat it

---A failure. tostring gives its message.
---@class cmr.Error
---@field kind cmr.Kind
---@field message string
---@field operation? string
---@field status? integer Of the answer, where there was one.
---@field outcome cmr.Outcome Over several attempts the worst.
---@field retry_after? number Seconds to wait before another try.
---@field attempts integer
---@field body? any The answer, decoded where it is JSON; of client:await the event that says it failed.
---@field events? cmr.Event[] Of client:await: the events that came.
---@field curl_code? integer libcurl's, as the curl program exits with.
---@field code? string Of "invalid_argument": "unknown_field", "missing_field", "duplicate_field", "conflicting_fields", "empty", "bad_type", "bad_value", "bad_arguments", "undocumented", "too_long" or "no_key".
---@field field? string Of "invalid_argument": the path of the field, as in "domains[2].domainName".
---@field expected? string Of "invalid_argument": what the field may be, in words.
---@field got? string Of "invalid_argument": the type it has.
---@field suggestion? string Of "invalid_argument": the field that was probably meant.
---@field reason? string Of "invalid_argument": what is wrong, in words, where expected does not say it.
---@field programmer_error? true Of "invalid_argument": the program is wrong and not its data; the functions of cmr raise it.

---What cmr.all is: everything, where a list that is left out would mean it.
---@class cmr.All

---What cmr.info tells: of the last attempt where there were several.
---@class cmr.Info
---@field operation string
---@field method string
---@field url string
---@field status? integer
---@field headers? table<string, string> Lower-case names.
---@field attempts integer
---@field elapsed number Seconds, the whole call.
---@field reused? boolean Whether the connection had been used before.
---@field http_version? string
---@field sends integer How often libcurl began to send it.
---@field partial? any[] The items that failed inside a success.
---@field tls? string With on_response: the version a new connection agreed on.
---@field timing? cmr.Timing With on_response.

---Where an attempt's time went: seconds from its start, absent where it did not come to that.
---@class cmr.Timing
---@field resolved? number The name's address was known.
---@field connected? number
---@field secured? number TLS was agreed on.
---@field first_byte? number Of the answer.

---What a call would send, the key masked: as libcurl is told it.
---@class cmr.Preview
---@field method string
---@field url string
---@field headers string[] Lines, without that of the key; "Name:" sends none, "Name;" an empty one.
---@field key_header? string The name of the header that carries the key.
---@field body? string
---@field ca_file? string
---@field proxy? string "": none, whatever the environment says.
---@field resolve? string

---What options on_retry is told before a wait; false from it stops.
---@class cmr.Retry
---@field operation string
---@field attempt integer
---@field delay number Seconds.
---@field err cmr.Error

---What on_response is told after every attempt.
---@class cmr.Attempt: cmr.Info
---@field attempt integer
---@field err? cmr.Error

---Whose turn it is: see lua/cmr/limiter/memory.lua.
---@class cmr.Limiter
---@field reserve fun(self: cmr.Limiter, key: string, rate: number, now: number, most: number): number?, number?
---@field pause fun(self: cmr.Limiter, key: string, now: number, seconds: number)

---What outlives a call and is shared: see lua/cmr/store. Times are in seconds; a failure is nil and why.
---@class cmr.Store
---@field claim fun(self: cmr.Store, name: string, lease: number): any, string?, any
---@field done fun(self: cmr.Store, name: string, token: any, ttl: number): true?, string?
---@field release fun(self: cmr.Store, name: string, token: any): true?, string?
---@field append fun(self: cmr.Store, name: string, text: string, ttl: number): true?, string?
---@field list fun(self: cmr.Store, name: string): string[]?, string?
---@field count fun(self: cmr.Store, name: string, limit: integer, window: number): integer?, string?, any
---@field uncount fun(self: cmr.Store, name: string): true?, string?

---How to wait: see lua/cmr/loop. Without spawn, signal and wake there is no start and no map.
---@class cmr.Wait
---@field wait fun(engine: any, call: any)
---@field sleep fun(engine: any, seconds: number)
---@field now fun(): number
---@field spawn? fun(run: fun())
---@field signal? fun(): table
---@field wake? fun(call: any)
---@field refuse? fun(): string?

---@class cmr.Options
---@field api_key? string Default: $CMR_API_KEY.
---@field base_url? string https, or http to loopback. Default: $CMR_BASE_URL, or production.
---@field ca_file? string Certificates to trust, PEM. Default: $CMR_CA_FILE, or libcurl's.
---@field key_header? string Default: cmr-x-api-key; the sandbox uses another.
---@field timeout? number Seconds, the whole call. Default: 30.
---@field attempt_timeout? number Seconds, one attempt. Default: 12.
---@field connect_timeout? number Seconds. Default: 5.
---@field retries? integer Attempts after the first. Default: 2.
---@field rate? number|false Requests per second and key; false: no pacing. Default: 4.
---@field limiter? cmr.Limiter Default: one per process; in nginx lua_shared_dict cmr where there is one.
---@field reexport_quota? "warn"|"enforce"|false Of re-exports per mailbox and week: a warning, kind "quota_exceeded" and nothing sent, or nothing. Default: warn.
---@field store? cmr.Store Where webhooks and quotas are remembered. Default: in nginx lua_shared_dict cmr where there is one; else this process.
---@field max_response? integer Bytes, after decompression. Default: 16 MiB; 1 MiB in nginx.
---@field proxy? string Never for loopback. Default: libcurl's environment.
---@field headers? table<string, string> More headers.
---@field user_agent? string Put before the library's own.
---@field endpoints? table<string, string> Operation -> "METHOD /path": overrides one, or supplies one that is not documented. Default: the JSON file $CMR_ENDPOINTS.
---@field allow_http? boolean Plain http to any host: the key is readable on the way. Default: false.
---@field loop? "block"|"nginx"|"luv"|"cqueues"|cmr.Wait Default: whatever fits the place of the call.
---@field on_retry? fun(retry: cmr.Retry): boolean? Told before a wait; false from it stops.
---@field on_response? fun(attempt: cmr.Attempt) Told after every attempt.
---@field jitter? fun(): number From 0 to 1: spreads retries. Default: the clock's digits.

---A row of the table that all is derived from.
---@class cmr.Operation
---@field name string
---@field method? string nil: not documented
---@field path? string nil: not documented
---@field group string
---@field title string The vendor's.
---@field summary string
---@field source "seed"|"docs"|"help" Of method and path.
---@field assumed? string What the documents leave open, and how it was read.
---@field flags table<string, true>
---@field rest? "query"|"body" Where fields go that no row knows.
---@field items? string Where a list's items are in its answer.
---@field page? string
---@field limit? string
---@field complete? string What every item of data has that did not fail.
---@field settles? string[] "EVENT PARAMETER": the webhooks that say it is done, one for each item of the parameter.
---@field fails? string[] The webhooks that say it failed.
---@field positional string[]
---@field params cmr.Parameter[]

---@class cmr.Parameter
---@field name string
---@field in "query"|"body"
---@field type string
---@field required? true
---@field positional? true
---@field assumed? true
---@field either? "any"|"one"
---@field everything? true
---@field or_item? true
---@field values? string[]
---@field source "seed"|"docs"|"help"
---@field summary string

---@class cmr.Request
---@field query? table<string, string|number|boolean>
---@field body? table

---What each lists: an operation's name, or with it what no document says of its answer.
---@class cmr.List
---@field [1] string
---@field items? string As in "data.users".
---@field page? string The parameter that chooses a page.

---What another process was answered, for await.
---@class cmr.Accepted
---@field operation string
---@field actionId? string
---@field orderId? string
---@field userId? string
---@field count? integer How many events are to come.

---@class cmr.AwaitOptions
---@field timeout? number Seconds. Default: 180.
---@field poll? number|false Seconds between two requests for an order's status; false: none. Default: 30.

---What start returns: a call that goes on beside the caller.
---@class cmr.Job
local Job = {}

---Waits for the end; as often as it is asked.
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Job:wait() end

---Whether it has finished.
---@return boolean
function Job:done() end

---Ends it: at once when it is in flight, else when its turn comes. What was sent may have been done: see err.outcome.
function Job:cancel() end

---@class cmr.MapOptions
---@field concurrency? integer Calls at once, and results held. Default: 16.
---@field ordered? boolean In the inputs' order, not as they finish. Default: false.
---@field before_send? fun(input: any): boolean? Told the input when it has left the line; false: it is not sent.

---The module: its functions use a client made from the environment at first use.
---@class cmr
---@field _VERSION string
---@field libcurl string
---@field operations cmr.Operation[]|table<string, cmr.Operation>
---@field null any JSON's null: in arrays of answers, and to send one.
---@field webhook cmr.Webhook
---@field all cmr.All Says "all of them" where an operation means everything when its list is left out.
local cmr = {}

---A client: one key and base URL.
---@class cmr.Client
local Client = {}

---Makes a client. An unknown option or a malformed value raises.
---@param options? cmr.Options
---@return cmr.Client
function cmr.new(options) end

---Facts about an answer or an error; nil when it is none of a call.
---@param result cmr.Answer|cmr.Error
---@return cmr.Info?
function cmr.info(result) end

---Marks a table as a JSON array, so that {} is sent as [].
---@generic T: table
---@param list T
---@return T
function cmr.array(list) end

---Any other request, under the same rules.
---@param method "GET"|"POST"|"PUT"|"PATCH"|"DELETE"
---@param path string Below the base URL, percent-encoded, without a query.
---@param request? cmr.Request
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.request(method, path, request) end

---The items of a list over all its pages: item, or once false, message, err when a page could not be had.
---@param what string|cmr.List
---@param ... any The operation's arguments.
---@return fun(): any, string?, cmr.Error?
function cmr.each(what, ...) end

---Waits for the outcome of what was only accepted: for the webhooks that settle it, in the client's store. When only an
---order's status says that it is done, the array has what it said as its member order.
---@param answer cmr.Answer|cmr.Accepted
---@param options? cmr.AwaitOptions
---@return cmr.Event[]? events One for each mailbox of an order.
---@return string? message
---@return cmr.Error? err Of kind "operation_failed", with the event as body; or "timeout", outcome "unknown".
function cmr.await(answer, options) end

---Starts a call and goes on.
---@param operation string Its name.
---@param ... any Its arguments.
---@return cmr.Job
function cmr.start(operation, ...) end

---Runs an operation on many inputs, a few at a time: input, then what its call returned. Leaving the loop cancels what
---is in flight.
---@param operation string Its name.
---@param inputs any[]|fun(): any A table of fields each, or the first argument.
---@param options? cmr.MapOptions
---@return fun(): any, cmr.Answer?, string?, cmr.Error?
function cmr.map(operation, inputs, options) end

---What a call would send; nothing is sent.
---@param what string The operation's name, or "request".
---@param ... any Its arguments, or those of request.
---@return cmr.Preview? preview
---@return string? message
---@return cmr.Error? err
function cmr.preview(what, ...) end

---The same client with other options, light to make: client:with{timeout = 60}:platforms(id).
---@param options cmr.Options
---@return cmr.Client
function Client:with(options) end

---Ends the client: later calls raise.
function Client:close() end

---Any other request, under the same rules.
---@param method "GET"|"POST"|"PUT"|"PATCH"|"DELETE"
---@param path string Below the base URL, percent-encoded, without a query.
---@param request? cmr.Request
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:request(method, path, request) end

---The items of a list over all its pages: item, or once false, message, err when a page could not be had.
---@param what string|cmr.List
---@param ... any The operation's arguments.
---@return fun(): any, string?, cmr.Error?
function Client:each(what, ...) end

---Waits for the outcome of what was only accepted: for the webhooks that settle it, in the client's store. When only an
---order's status says that it is done, the array has what it said as its member order.
---@param answer cmr.Answer|cmr.Accepted
---@param options? cmr.AwaitOptions
---@return cmr.Event[]? events One for each mailbox of an order.
---@return string? message
---@return cmr.Error? err Of kind "operation_failed", with the event as body; or "timeout", outcome "unknown".
function Client:await(answer, options) end

---Starts a call and goes on.
---@param operation string Its name.
---@param ... any Its arguments.
---@return cmr.Job
function Client:start(operation, ...) end

---Runs an operation on many inputs, a few at a time: input, then what its call returned. Leaving the loop cancels what
---is in flight.
---@param operation string Its name.
---@param inputs any[]|fun(): any A table of fields each, or the first argument.
---@param options? cmr.MapOptions
---@return fun(): any, cmr.Answer?, string?, cmr.Error?
function Client:map(operation, inputs, options) end

---What a call would send; nothing is sent.
---@param what string The operation's name, or "request".
---@param ... any Its arguments, or those of request.
---@return cmr.Preview? preview
---@return string? message
---@return cmr.Error? err
function Client:preview(what, ...) end

-- luacheck: ignore
-- Webhooks

---Why a delivery is refused.
---@alias cmr.RefusalKind
---| "no_key" # neither api_key nor $CMR_API_KEY
---| "too_large" # the body is over max_body
---| "missing_signature"
---| "missing_timestamp"
---| "repeated_header" # signature or timestamp more than once
---| "malformed_signature" # no digest in its one spelling, or not as the pinned signature format writes it
---| "malformed_timestamp" # no whole number, or not in the pinned signature format's unit
---| "bad_signature" # changed, or signed with another key
---| "stale" # signed, but longer ago than the tolerance
---| "future" # signed, but later than the tolerance allows
---| "not_json" # signed and fresh, but no object in JSON
---| "no_event" # such an object, but it names no event

---A delivery that is not accepted. tostring gives its message.
---@class cmr.Refusal
---@field kind cmr.RefusalKind
---@field message string
---@field status integer The HTTP status to answer with.

---@class cmr.VerifyOptions
---@field api_key? string|string[] The key that signs, or several while one replaces another. Default: $CMR_API_KEY.
---@field tolerance? number Seconds that the timestamp may be off, either way. Default: 300.
---@field max_body? integer Bytes. Default: 1 MiB.
---@field signature_format? string One of the names in signature_formats, and no other is accepted. Default: any of them.
---@field now? number|fun(): number Seconds since 1970. Default: os.time.

---An event as the vendor sent it: its name is under event or, of warmup events, under eventType.
---@class cmr.Event
---@field event? cmr.EventName
---@field eventType? cmr.EventName
---@field eventId? string Absent from the samples of warmup events: see id.
---@field data? table<string, any>

---What is known of an event that verify returned.
---@class cmr.Delivery
---@field signature_format string How it was signed.
---@field timestamp number Seconds since 1970.
---@field timestamp_signed boolean false: the timestamp protects nothing, a replay is told by the id only.
---@field age number Seconds.
---@field event cmr.EventName
---@field id string eventId, or body_hash without one.
---@field body_hash string
---@field key integer Which of several keys.

---What an event runs. It failed when it raises, or returns false, or nil and why: then the vendor tries again.
---@alias cmr.EventHandler fun(event: cmr.Event): any, any

---@class cmr.HandlerOptions: cmr.VerifyOptions
---@field on? table<string, cmr.EventHandler> By the event's name; "*" for those without one.
---@field store? cmr.Store Default: in nginx lua_shared_dict cmr where there is one; else this process.
---@field lease? number Seconds a handler may take; then the event is anybody's again. Default: 240.
---@field done_ttl? number Seconds for which a duplicate is known. Default: 7 days.
---@field event_ttl? number Seconds for which client:await finds an event. Default: 3600.
---@field store_passwords? boolean Whether what it finds has the passwords. Default: false.
---@field log? fun(level: "WARN"|"ERR", message: string) Default: nginx's error log, else standard error.

---@class cmr.Receiver
local Receiver = {}

---Receives a delivery; the HTTP status to answer with: 200 done, now or before; 400, 401, 413 refused; 500 failed; 503
---being handled elsewhere, or the store is unavailable.
---@param raw_body string
---@param headers table<string, string|string[]> Names in any case.
---@return integer status
function Receiver:receive(raw_body, headers) end

---@class cmr.Webhook
---@field signature_formats string[] The names of all signature formats.
local webhook = {}

---Is this delivery the vendor's? Checked over the bytes that were received.
---@param raw_body string
---@param headers table<string, string|string[]> Names in any case.
---@param options? cmr.VerifyOptions
---@return cmr.Event? event
---@return string? message
---@return cmr.Refusal? err
function webhook.verify(raw_body, headers, options) end

---Receives webhooks in nginx, each event once: a function for content_by_lua.
---@param options cmr.HandlerOptions
---@return fun()
function webhook.handler(options) end

---The same for other servers.
---@param options cmr.HandlerOptions
---@return cmr.Receiver
function webhook.receiver(options) end

---What is known of an event that verify returned; nil for any other table.
---@param event cmr.Event
---@return cmr.Delivery?
function webhook.info(event) end

---What tells an event from every other, also when it is delivered again.
---@param event cmr.Event
---@return string?
function webhook.id(event) end

---The event's name, under whichever key.
---@param event cmr.Event
---@return cmr.EventName
function webhook.name(event) end
---@alias cmr.EventName
---| "domain.order.success" # A domain is registered. (docs)
---| "domain.order.failed" # A domain could not be had: taken, restricted, the registrar, the wallet, its workspace. No mailbox events follow. (docs)
---| "domain.renewal.success" # A domain is renewed. (help)
---| "domain.renewal.failed" # A domain could not be renewed. (help)
---| "domain.grace_period" # A domain has reached its expiry: 7 days are left. (help)
---| "domain.expired" # A domain's grace is over: the API can no longer renew it. (help)
---| "mailbox.order.success" # The provider has confirmed an order of mailboxes. (docs)
---| "mailbox.order.failed" # An order of mailboxes failed. (docs)
---| "mailbox.created" # A mailbox is ready; one event for each. Its credentials are in it. (docs)
---| "mailbox.updated" # A mailbox's details have changed. (docs)
---| "mailbox.exported" # An OAuth export is finished. (help)
---| "mailbox.warmup.started" # A mailbox's warmup is ACTIVE. (help)
---| "mailbox.warmup.removed" # A mailbox's warmup is deleted; a pause says nothing. (help)
---| "subscription.renewing" # A subscription goes from ACTIVE to RENEWING. (docs)
---| "subscription.renewal.success" # A subscription is renewed. (docs)
---| "subscription.renewal.failed" # A subscription's domain is in GRACE_PERIOD or EXPIRED. (docs)
---| "subscription.past_due" # A subscription's payment failed, or its period ended unrenewed. (help)
---| "subscription.expired" # A subscription that was past due is not recovered. (help)
---| "subscription.cancelled" # A subscription was cancelled by a call. (docs)
---| "subscription.updated" # Once, when the price after 12 months applies. (docs)
---| "prewarmup.order.success" # Warm mailboxes are assigned. Their credentials are in it. (docs)
---| "prewarmup.order.failed" # Warm mailboxes could not be assigned. (docs)
---| "dns-record.updated" # A change of DNS or of forwarding is applied. (help)
---| string # the set is open

---A domain is registered. (docs)
---@class cmr.event.domain.order.success: cmr.Event
---@field event "domain.order.success"
---@field data cmr.event.domain.order.success.data

---@class cmr.event.domain.order.success.data
---@field userId? string
---@field userEmail? string
---@field orderId? string
---@field domainId? string
---@field domainName? string
---@field creationTime? string
---@field expiryDate? string
---@field price? number
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A domain could not be had: taken, restricted, the registrar, the wallet, its workspace. No mailbox events follow. (docs)
---@class cmr.event.domain.order.failed: cmr.Event
---@field event "domain.order.failed"
---@field data cmr.event.domain.order.failed.data

---@class cmr.event.domain.order.failed.data
---@field reason? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A domain is renewed. (help)
---@class cmr.event.domain.renewal.success: cmr.Event
---@field event "domain.renewal.success"
---@field data cmr.event.domain.renewal.success.data

---@class cmr.event.domain.renewal.success.data
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A domain could not be renewed. (help)
---@class cmr.event.domain.renewal.failed: cmr.Event
---@field event "domain.renewal.failed"
---@field data cmr.event.domain.renewal.failed.data

---@class cmr.event.domain.renewal.failed.data
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A domain has reached its expiry: 7 days are left. (help)
---@class cmr.event.domain.grace_period: cmr.Event
---@field event "domain.grace_period"
---@field data cmr.event.domain.grace_period.data

---@class cmr.event.domain.grace_period.data
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A domain's grace is over: the API can no longer renew it. (help)
---@class cmr.event.domain.expired: cmr.Event
---@field event "domain.expired"
---@field data cmr.event.domain.expired.data

---@class cmr.event.domain.expired.data
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---The provider has confirmed an order of mailboxes. (docs)
---@class cmr.event.mailbox.order.success: cmr.Event
---@field event "mailbox.order.success"
---@field data cmr.event.mailbox.order.success.data

---@class cmr.event.mailbox.order.success.data
---@field domainId? string
---@field domainName? string
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field orderId? string
---@field workspaceType? string
---@field creationTime? string
---@field expiryDate? string
---@field price? number
---@field quantity? number
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---An order of mailboxes failed. (docs)
---@class cmr.event.mailbox.order.failed: cmr.Event
---@field event "mailbox.order.failed"
---@field data cmr.event.mailbox.order.failed.data

---@class cmr.event.mailbox.order.failed.data
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A mailbox is ready; one event for each. Its credentials are in it. (docs)
---@class cmr.event.mailbox.created: cmr.Event
---@field event "mailbox.created"
---@field data cmr.event.mailbox.created.data

---@class cmr.event.mailbox.created.data
---@field userId? string
---@field orderId? string
---@field mailboxId? string
---@field email? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A mailbox's details have changed. (docs)
---@class cmr.event.mailbox.updated: cmr.Event
---@field event "mailbox.updated"
---@field data cmr.event.mailbox.updated.data

---@class cmr.event.mailbox.updated.data
---@field updatedFields? table<string, any>
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---An OAuth export is finished. (help)
---@class cmr.event.mailbox.exported: cmr.Event
---@field event "mailbox.exported"
---@field data cmr.event.mailbox.exported.data

---@class cmr.event.mailbox.exported.data
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A mailbox's warmup is ACTIVE. (help)
---@class cmr.event.mailbox.warmup.started: cmr.Event
---@field eventType "mailbox.warmup.started"
---@field data cmr.event.mailbox.warmup.started.data

---@class cmr.event.mailbox.warmup.started.data
---@field userId? string
---@field userEmail? string
---@field mailboxId? string
---@field email? string
---@field domain? string
---@field workspaceType? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A mailbox's warmup is deleted; a pause says nothing. (help)
---@class cmr.event.mailbox.warmup.removed: cmr.Event
---@field eventType "mailbox.warmup.removed"
---@field data cmr.event.mailbox.warmup.removed.data

---@class cmr.event.mailbox.warmup.removed.data
---@field mailboxId? string
---@field email? string
---@field domain? string
---@field workspaceType? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A subscription goes from ACTIVE to RENEWING. (docs)
---@class cmr.event.subscription.renewing: cmr.Event
---@field event "subscription.renewing"
---@field data cmr.event.subscription.renewing.data

---@class cmr.event.subscription.renewing.data
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field domainId? string
---@field domain? string
---@field workspaceType? string
---@field quantity? number
---@field periodStart? string
---@field periodEnd? string
---@field autoRenew? boolean
---@field description? string
---@field subscriptionStatus? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A subscription is renewed. (docs)
---@class cmr.event.subscription.renewal.success: cmr.Event
---@field event "subscription.renewal.success"
---@field data cmr.event.subscription.renewal.success.data

---@class cmr.event.subscription.renewal.success.data
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field domainId? string
---@field domain? string
---@field workspaceType? string
---@field quantity? number
---@field periodStart? string
---@field periodEnd? string
---@field autoRenew? boolean
---@field description? string
---@field subscriptionStatus? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A subscription's domain is in GRACE_PERIOD or EXPIRED. (docs)
---@class cmr.event.subscription.renewal.failed: cmr.Event
---@field event "subscription.renewal.failed"
---@field data cmr.event.subscription.renewal.failed.data

---@class cmr.event.subscription.renewal.failed.data
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field domainId? string
---@field domain? string
---@field workspaceType? string
---@field quantity? number
---@field periodStart? string
---@field periodEnd? string
---@field autoRenew? boolean
---@field description? string
---@field subscriptionStatus? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A subscription's payment failed, or its period ended unrenewed. (help)
---@class cmr.event.subscription.past_due: cmr.Event
---@field event "subscription.past_due"
---@field data cmr.event.subscription.past_due.data

---@class cmr.event.subscription.past_due.data
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field domainId? string
---@field domain? string
---@field workspaceType? string
---@field quantity? number
---@field periodStart? string
---@field periodEnd? string
---@field autoRenew? boolean
---@field description? string
---@field subscriptionStatus? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A subscription that was past due is not recovered. (help)
---@class cmr.event.subscription.expired: cmr.Event
---@field event "subscription.expired"
---@field data cmr.event.subscription.expired.data

---@class cmr.event.subscription.expired.data
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field domainId? string
---@field domain? string
---@field workspaceType? string
---@field quantity? number
---@field periodStart? string
---@field periodEnd? string
---@field autoRenew? boolean
---@field description? string
---@field subscriptionStatus? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A subscription was cancelled by a call. (docs)
---@class cmr.event.subscription.cancelled: cmr.Event
---@field event "subscription.cancelled"
---@field data cmr.event.subscription.cancelled.data

---@class cmr.event.subscription.cancelled.data
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field domainId? string
---@field domain? string
---@field workspaceType? string
---@field quantity? number
---@field periodStart? string
---@field periodEnd? string
---@field autoRenew? boolean
---@field description? string
---@field subscriptionStatus? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---Once, when the price after 12 months applies. (docs)
---@class cmr.event.subscription.updated: cmr.Event
---@field event "subscription.updated"
---@field data cmr.event.subscription.updated.data

---@class cmr.event.subscription.updated.data
---@field userId? string
---@field userEmail? string
---@field subscriptionId? string
---@field domainId? string
---@field domain? string
---@field workspaceType? string
---@field quantity? number
---@field periodStart? string
---@field periodEnd? string
---@field autoRenew? boolean
---@field description? string
---@field subscriptionStatus? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---Warm mailboxes are assigned. Their credentials are in it. (docs)
---@class cmr.event.prewarmup.order.success: cmr.Event
---@field event "prewarmup.order.success"
---@field data cmr.event.prewarmup.order.success.data

---@class cmr.event.prewarmup.order.success.data
---@field userId? string
---@field userEmail? string
---@field orderId? string
---@field serviceProvider? string
---@field mailboxDetails? table[]
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---Warm mailboxes could not be assigned. (docs)
---@class cmr.event.prewarmup.order.failed: cmr.Event
---@field event "prewarmup.order.failed"
---@field data cmr.event.prewarmup.order.failed.data

---@class cmr.event.prewarmup.order.failed.data
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A change of DNS or of forwarding is applied. (help)
---@class cmr.event.dns_record.updated: cmr.Event
---@field event "dns-record.updated"
---@field data cmr.event.dns_record.updated.data

---@class cmr.event.dns_record.updated.data
---@field userId? string
---@field actionId? string As the help centre's samples show it.
---@field [string] any

---A function for each event one cares for.
---@class cmr.Handlers
---@field ["domain.order.success"]? fun(event: cmr.event.domain.order.success): any
---@field ["domain.order.failed"]? fun(event: cmr.event.domain.order.failed): any
---@field ["domain.renewal.success"]? fun(event: cmr.event.domain.renewal.success): any
---@field ["domain.renewal.failed"]? fun(event: cmr.event.domain.renewal.failed): any
---@field ["domain.grace_period"]? fun(event: cmr.event.domain.grace_period): any
---@field ["domain.expired"]? fun(event: cmr.event.domain.expired): any
---@field ["mailbox.order.success"]? fun(event: cmr.event.mailbox.order.success): any
---@field ["mailbox.order.failed"]? fun(event: cmr.event.mailbox.order.failed): any
---@field ["mailbox.created"]? fun(event: cmr.event.mailbox.created): any
---@field ["mailbox.updated"]? fun(event: cmr.event.mailbox.updated): any
---@field ["mailbox.exported"]? fun(event: cmr.event.mailbox.exported): any
---@field ["mailbox.warmup.started"]? fun(event: cmr.event.mailbox.warmup.started): any
---@field ["mailbox.warmup.removed"]? fun(event: cmr.event.mailbox.warmup.removed): any
---@field ["subscription.renewing"]? fun(event: cmr.event.subscription.renewing): any
---@field ["subscription.renewal.success"]? fun(event: cmr.event.subscription.renewal.success): any
---@field ["subscription.renewal.failed"]? fun(event: cmr.event.subscription.renewal.failed): any
---@field ["subscription.past_due"]? fun(event: cmr.event.subscription.past_due): any
---@field ["subscription.expired"]? fun(event: cmr.event.subscription.expired): any
---@field ["subscription.cancelled"]? fun(event: cmr.event.subscription.cancelled): any
---@field ["subscription.updated"]? fun(event: cmr.event.subscription.updated): any
---@field ["prewarmup.order.success"]? fun(event: cmr.event.prewarmup.order.success): any
---@field ["prewarmup.order.failed"]? fun(event: cmr.event.prewarmup.order.failed): any
---@field ["dns-record.updated"]? fun(event: cmr.event.dns_record.updated): any
---@field [string] fun(event: cmr.Event): any

-- Retrieve all users (help)

---@class cmr.users.fields
---@field page? integer The page, from 1; by the help centre's rule for all lists. (help, assumed)
---@field limit? integer Items per page, at most 100; by the same rule. (help, assumed)
---@field [string] any The documents leave names open.

---The users of the partner.
---
---`GET /users/list`
---
---A list, in pages.
---
---Assumed: paging and a search exist, their names are not given: page and limit by the help centre's general rule.
---@param fields? cmr.users.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.users(fields) end

---As cmr.users.
---@param fields? cmr.users.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:users(fields) end

-- Get User Details (help)

---@class cmr.user.fields
---@field userId string The user. (help)

---A user's profile and billing details.
---
---`GET /users`
---@overload fun(fields: cmr.user.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.user(userId) end

---As cmr.user.
---@overload fun(self: cmr.Client, fields: cmr.user.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:user(userId) end

-- Create User (docs)

---@class cmr.create_user.fields
---@field email string The user's address. (docs)
---@field company string The company's name. (docs)
---@field firstName string First name. (docs)
---@field lastName string Last name. (docs)
---@field country string ISO 3166-1 alpha-2, as in countries. (docs)
---@field city string City. (docs)
---@field addressLineOne string Street and number. (docs)
---@field addressLineTwo? string More of the address. (docs)
---@field addressLineThree? string More of the address. (docs)
---@field languagePreference string A language's code, as in en. (docs)
---@field postalCode string Postal code. (docs)
---@field state string The state; the samples give its name, the help centre its code. (docs)
---@field phoneCc string The dialling code, without +. (docs)
---@field phone string The number, without the dialling code. (docs)

---@class cmr.create_user.answer: cmr.Answer
---@field data cmr.create_user.answer.data

---@class cmr.create_user.answer.data
---@field id string

---Make a user; the new id is data.id.
---
---`POST /users`
---@param fields cmr.create_user.fields
---@return cmr.create_user.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.create_user(fields) end

---As cmr.create_user.
---@param fields cmr.create_user.fields
---@return cmr.create_user.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:create_user(fields) end

-- Update User Details (docs)

---@class cmr.update_user.others
---@field email? string The user's address. (docs)
---@field company? string The company's name. (docs)
---@field firstName? string First name. (docs)
---@field lastName? string Last name. (docs)
---@field country? string ISO 3166-1 alpha-2, as in countries. (docs)
---@field city? string City. (docs)
---@field addressLineOne? string Street and number. (docs)
---@field addressLineTwo? string More of the address. (docs)
---@field addressLineThree? string More of the address. (docs)
---@field languagePreference? string A language's code, as in en. (docs)
---@field postalCode? string Postal code. (docs)
---@field state? string The state; the samples give its name, the help centre its code. (docs)
---@field phoneCc? string The dialling code, without +. (docs)
---@field phone? string The number, without the dialling code. (docs)

---@class cmr.update_user.fields: cmr.update_user.others
---@field userId string The user. (docs)

---Change a user; send the full set of fields, the newer document refuses a part.
---
---`PUT /users`
---
---Assumed: the API pages make every field optional, the help centre wants all of them: not checked here.
---@overload fun(fields: cmr.update_user.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields? cmr.update_user.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.update_user(userId, fields) end

---As cmr.update_user.
---@overload fun(self: cmr.Client, fields: cmr.update_user.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields? cmr.update_user.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:update_user(userId, fields) end

-- Delete User (docs)

---@class cmr.delete_user.fields
---@field userId string The user. (docs)

---Delete a user without domains and mailboxes, for good.
---
---`DELETE /users`
---
---Destroys: what it removes does not come back.
---@overload fun(fields: cmr.delete_user.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.delete_user(userId) end

---As cmr.delete_user.
---@overload fun(self: cmr.Client, fields: cmr.delete_user.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:delete_user(userId) end

-- Get Countries List (help)

---@class cmr.countries.answer: cmr.Answer
---@field data table<string, string>

---Country names and their ISO codes.
---
---`GET /geo/countries`
---@return cmr.countries.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.countries() end

---As cmr.countries.
---@return cmr.countries.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:countries() end

-- Get States of a Country (help)

---@class cmr.states.fields
---@field countryCode string ISO 3166-1 alpha-2. (help)

---@class cmr.states.answer: cmr.Answer
---@field data table<string, string>

---A country's states and their codes.
---
---`GET /geo/states`
---@overload fun(fields: cmr.states.fields): cmr.states.answer?, string?, cmr.Error?
---@param countryCode string ISO 3166-1 alpha-2. (help)
---@return cmr.states.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.states(countryCode) end

---As cmr.states.
---@overload fun(self: cmr.Client, fields: cmr.states.fields): cmr.states.answer?, string?, cmr.Error?
---@param countryCode string ISO 3166-1 alpha-2. (help)
---@return cmr.states.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:states(countryCode) end

-- Get Domains For User (help)

---@class cmr.domains.others
---@field page? integer The page, from 1; by the help centre's rule for all lists. (help, assumed)
---@field limit? integer Items per page, at most 100; by the same rule. (help, assumed)
---@field [string] any The documents leave names open.

---@class cmr.domains.fields: cmr.domains.others
---@field userId string The user. (help)

---A user's domains; an unknown user has an empty list, not an error.
---
---`GET /domains/by-user`
---
---A list, in pages.
---
---Assumed: further query names are not given: page and limit by the help centre's general rule.
---@overload fun(fields: cmr.domains.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.domains.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.domains(userId, fields) end

---As cmr.domains.
---@overload fun(self: cmr.Client, fields: cmr.domains.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.domains.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:domains(userId, fields) end

-- Suggest Available Domains (seed)

---@class cmr.suggest_domains.fields
---@field [string] any The documents leave names open.

---Names that could be registered.
---
---`POST /...`
---
---Changes nothing, although it is no GET.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.suggest_domains.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.suggest_domains(fields) end

---As cmr.suggest_domains.
---@param fields? cmr.suggest_domains.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:suggest_domains(fields) end

-- Get Single Available Domain (seed)

---@class cmr.check_domain.fields
---@field [string] any The documents leave names open.

---Whether a name can be registered, and its price.
---
---`POST /...`
---
---Changes nothing, although it is no GET.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.check_domain.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.check_domain(fields) end

---As cmr.check_domain.
---@param fields? cmr.check_domain.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:check_domain(fields) end

-- Check If Workspace Exists (help)

---@class cmr.check_workspace.fields
---@field userId? string The user. (help, assumed)
---@field domainName? string One domain. (help)
---@field serviceProvider? "GOOGLE"|"MICROSOFT" Where to look, for one domain. (help)
---@field domains? cmr.check_workspace.fields.domains[] Several domains. (help)

---@class cmr.check_workspace.fields.domains
---@field domainName string Its name. (help)
---@field serviceProvider? "GOOGLE"|"MICROSOFT" Where to look. (help)

---Whether a domain has a workspace already; data is null when it has none.
---
---`POST /domains/has-workspace`
---
---Changes nothing, although it is no GET.
---
---Needs exactly one of `domainName` and `domains`.
---
---Assumed: whether userId is wanted is not documented.
---@param fields cmr.check_workspace.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.check_workspace(fields) end

---As cmr.check_workspace.
---@param fields cmr.check_workspace.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:check_workspace(fields) end

-- Add domain forwarding (seed)

---@class cmr.add_domain_forwarding.fields
---@field [string] any The documents leave names open.

---Forward a domain to a URL.
---
---`POST /...`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.add_domain_forwarding.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.add_domain_forwarding(fields) end

---As cmr.add_domain_forwarding.
---@param fields? cmr.add_domain_forwarding.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:add_domain_forwarding(fields) end

-- Add email forwarding (seed)

---@class cmr.add_email_forwarding.fields
---@field [string] any The documents leave names open.

---Forward all mail of a domain; its mailboxes must be ACTIVE.
---
---`POST /...`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.add_email_forwarding.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.add_email_forwarding(fields) end

---As cmr.add_email_forwarding.
---@param fields? cmr.add_email_forwarding.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:add_email_forwarding(fields) end

-- Add Google Client ID to Domain (help)

---@class cmr.add_google_client_id.others
---@field domains string[] The domains. (help, assumed)
---@field clientId string The OAuth client's id. (help, assumed)
---@field appName? string The OAuth application's name. (help, assumed)

---@class cmr.add_google_client_id.fields: cmr.add_google_client_id.others
---@field userId string The user. (help)

---Allow an OAuth client in the workspaces of domains.
---
---`POST /domains/add-client-id`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Assumed: the application's name is sent as appName, its key elsewhere: here it is not spelt out; domains are names, and what is required is not said.
---@overload fun(fields: cmr.add_google_client_id.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.add_google_client_id.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.add_google_client_id(userId, fields) end

---As cmr.add_google_client_id.
---@overload fun(self: cmr.Client, fields: cmr.add_google_client_id.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.add_google_client_id.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:add_google_client_id(userId, fields) end

-- Remove domains (seed)

---@class cmr.remove_domains.fields
---@field [string] any The documents leave names open.

---Give up domains; refused while mailboxes remain.
---
---`DELETE /...`
---
---Destroys: what it removes does not come back.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.remove_domains.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.remove_domains(fields) end

---As cmr.remove_domains.
---@param fields? cmr.remove_domains.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:remove_domains(fields) end

-- Get domain renewal pricing (docs)

---@class cmr.domain_renewal_prices.others
---@field domains? string[] The domains; what leaving them out means is not said. (docs)
---@field years? integer For how long; 1 when left out. (docs)

---@class cmr.domain_renewal_prices.fields: cmr.domain_renewal_prices.others
---@field userId string The user. (docs)

---@class cmr.domain_renewal_prices.answer: cmr.Answer
---@field data cmr.domain_renewal_prices.answer.data[]

---@class cmr.domain_renewal_prices.answer.data
---@field domainName string
---@field domainId string
---@field years integer
---@field renewalPrice string
---@field expireOn string
---@field autoRenew boolean

---What renewing domains costs; those outside their window come back as errors in data.
---
---`POST /domains/renewal-price`
---
---Changes nothing, although it is no GET.
---@overload fun(fields: cmr.domain_renewal_prices.fields): cmr.domain_renewal_prices.answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields? cmr.domain_renewal_prices.others
---@return cmr.domain_renewal_prices.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.domain_renewal_prices(userId, fields) end

---As cmr.domain_renewal_prices.
---@overload fun(self: cmr.Client, fields: cmr.domain_renewal_prices.fields): cmr.domain_renewal_prices.answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields? cmr.domain_renewal_prices.others
---@return cmr.domain_renewal_prices.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:domain_renewal_prices(userId, fields) end

-- Renew domain (docs)

---@class cmr.renew_domains.others
---@field domains string[]|cmr.All The domains; cmr.all for every eligible one of the user. (docs)
---@field years? integer For how long; 1 when left out. (docs, assumed)

---@class cmr.renew_domains.fields: cmr.renew_domains.others
---@field userId string The user. (docs)

---Renew domains; charged to the wallet.
---
---`POST /domains/renew`
---
---Charges money.
---
---Means everything when its list is left out.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Assumed: userId, domains and years are those of the price call: the page's own table could not be read.
---@overload fun(fields: cmr.renew_domains.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields cmr.renew_domains.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.renew_domains(userId, fields) end

---As cmr.renew_domains.
---@overload fun(self: cmr.Client, fields: cmr.renew_domains.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields cmr.renew_domains.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:renew_domains(userId, fields) end

-- Enable or disable domain auto-renew (docs)

---@class cmr.set_domain_auto_renew.others
---@field domains string[]|cmr.All The domains; cmr.all for every one of the user. (docs)
---@field autoRenew boolean Whether they do. (docs)

---@class cmr.set_domain_auto_renew.fields: cmr.set_domain_auto_renew.others
---@field userId string The user. (docs)

---@class cmr.set_domain_auto_renew.answer: cmr.Answer
---@field data cmr.set_domain_auto_renew.answer.data[]

---@class cmr.set_domain_auto_renew.answer.data
---@field domainName string
---@field domainId string
---@field autoRenew boolean

---Whether domains renew themselves.
---
---`PATCH /domains/toggle-auto-renew`
---
---Means everything when its list is left out.
---
---Assumed: PATCH: an older sidebar says POST.
---@overload fun(fields: cmr.set_domain_auto_renew.fields): cmr.set_domain_auto_renew.answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields cmr.set_domain_auto_renew.others
---@return cmr.set_domain_auto_renew.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.set_domain_auto_renew(userId, fields) end

---As cmr.set_domain_auto_renew.
---@overload fun(self: cmr.Client, fields: cmr.set_domain_auto_renew.fields): cmr.set_domain_auto_renew.answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields cmr.set_domain_auto_renew.others
---@return cmr.set_domain_auto_renew.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:set_domain_auto_renew(userId, fields) end

-- Get dns records for a domain (help)

---@class cmr.dns_records.fields
---@field userId string The user. (help)
---@field domain string The domain's name. (help)

---@class cmr.dns_records.answer: cmr.Answer
---@field data cmr.dns_records.answer.data

---@class cmr.dns_records.answer.data
---@field records cmr.dns_records.answer.data.records[]
---@field disabledRecords any[]

---@class cmr.dns_records.answer.data.records
---@field recordId string
---@field host string
---@field value string
---@field recordType string
---@field priority string

---A domain's records, active and disabled.
---
---`GET /dns`
---@overload fun(fields: cmr.dns_records.fields): cmr.dns_records.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param domain string The domain's name. (help)
---@return cmr.dns_records.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.dns_records(userId, domain) end

---As cmr.dns_records.
---@overload fun(self: cmr.Client, fields: cmr.dns_records.fields): cmr.dns_records.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param domain string The domain's name. (help)
---@return cmr.dns_records.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:dns_records(userId, domain) end

-- Adds dns record (help)

---@class cmr.add_dns_records.others
---@field domain string The domain's name. (help)
---@field records cmr.add_dns_records.others.records[] The records. (help)

---@class cmr.add_dns_records.others.records
---@field host string The name below the domain; @ for itself. (help)
---@field value string What the record says. (help)
---@field recordType string A, AAAA, CNAME, MX, TXT, NS. (help)
---@field priority? any Of an MX record. (help)
---@field excludedDMARCtags? string[] Of a TXT record at _dmarc. (help)

---@class cmr.add_dns_records.fields: cmr.add_dns_records.others
---@field userId string The user. (help)

---Add records to a domain.
---
---`POST /dns`
---@overload fun(fields: cmr.add_dns_records.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.add_dns_records.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.add_dns_records(userId, fields) end

---As cmr.add_dns_records.
---@overload fun(self: cmr.Client, fields: cmr.add_dns_records.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.add_dns_records.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:add_dns_records(userId, fields) end

-- Update dns records (help)

---@class cmr.update_dns_record.others
---@field recordId string The record, from dns_records. (help)
---@field domain string The domain's name. (help)
---@field host string The name below the domain; @ for itself. (help)
---@field value string What the record says. (help)
---@field recordType string A, AAAA, CNAME, MX, TXT, NS. (help)
---@field priority? any Of an MX record. (help)
---@field excludedDMARCtags? string[] Of a TXT record at _dmarc. (help)

---@class cmr.update_dns_record.fields: cmr.update_dns_record.others
---@field userId string The user. (help)

---Replace a record, all of it.
---
---`PUT /dns`
---
---Assumed: priority and excludedDMARCtags are taken for writable as in add_dns_records.
---@overload fun(fields: cmr.update_dns_record.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.update_dns_record.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.update_dns_record(userId, fields) end

---As cmr.update_dns_record.
---@overload fun(self: cmr.Client, fields: cmr.update_dns_record.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.update_dns_record.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:update_dns_record(userId, fields) end

-- Delete dns records (help)

---@class cmr.delete_dns_record.fields
---@field userId string The user. (help)
---@field recordId string The record, from dns_records. (help)
---@field [string] any The documents leave names open.

---Delete a record.
---
---`DELETE /dns`
---
---Destroys: what it removes does not come back.
---
---Assumed: whether a body or the domain is wanted as well is not documented.
---@param fields cmr.delete_dns_record.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.delete_dns_record(fields) end

---As cmr.delete_dns_record.
---@param fields cmr.delete_dns_record.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:delete_dns_record(fields) end

-- Update nameservers (help)

---@class cmr.set_nameservers.others
---@field [string] any The documents leave names open.

---@class cmr.set_nameservers.fields: cmr.set_nameservers.others
---@field userId string The user. (help)
---@field domain string The domain's name. (help)

---Replace a domain's nameservers, all of them; takes up to 48 h to spread.
---
---`PUT /dns/nameservers`
---
---Assumed: the name of the list in the body is not documented: give it as the server expects it.
---@overload fun(fields: cmr.set_nameservers.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param domain string The domain's name. (help)
---@param fields? cmr.set_nameservers.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.set_nameservers(userId, domain, fields) end

---As cmr.set_nameservers.
---@overload fun(self: cmr.Client, fields: cmr.set_nameservers.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param domain string The domain's name. (help)
---@param fields? cmr.set_nameservers.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:set_nameservers(userId, domain, fields) end

-- Get Order Details (seed)

---@class cmr.order.fields
---@field [string] any The documents leave names open.

---What was ordered.
---
---`GET /...`
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.order.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.order(fields) end

---As cmr.order.
---@param fields? cmr.order.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:order(fields) end

-- Get Order Status (help)

---@class cmr.order_status.fields
---@field [string] any The documents leave names open.

---How far an order is.
---
---`GET /orders/status`
---
---Assumed: the query's names are not documented: any are sent.
---@param fields? cmr.order_status.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.order_status(fields) end

---As cmr.order_status.
---@param fields? cmr.order_status.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:order_status(fields) end

-- Creates order json (help)

---@class cmr.create_order.others
---@field domains? cmr.create_order.others.domains[] The domains. (docs)
---@field mailboxes? table<string, cmr.create_order.others.mailboxes[]> The mailboxes to create: domain name -> a list. (docs)
---@field billingCycle? "MONTHLY" MONTHLY, the only one there is. (docs)
---@field confirm boolean true: done and charged at once; false: stored for process_order. (docs)
---@field serviceProvider? "GOOGLE"|"MICROSOFT" Where the mailboxes are; GOOGLE when left out. (docs)
---@field microsoftOauthRoute? string The consent page's address; counts for mailboxes at Microsoft. (docs)
---@field google? cmr.create_order.others.google The OAuth application; counts for mailboxes at Google. (docs)
---@field autoRenew? boolean Whether the mailboxes renew themselves; not the domain. (docs)

---@class cmr.create_order.others.domains
---@field domain string Its name. (docs)
---@field years integer For how long. (docs)
---@field forwardTo? string Where visitors are sent. (docs)

---@class cmr.create_order.others.mailboxes
---@field username string What stands before the @. (docs)
---@field firstName string The sender's first name. (docs)
---@field lastName string The sender's last name. (docs)
---@field profilePicture? string A picture's address. (docs)
---@field onWarmup? boolean Whether to warm it up; not, when left out. (help)

---@class cmr.create_order.others.google
---@field googleOauthRoute? string The consent page's address. (docs)
---@field clientId? string The OAuth client's id. (docs)
---@field appName? string The OAuth application's name. (docs)

---@class cmr.create_order.fields: cmr.create_order.others
---@field userId string The user. (help)

---@class cmr.create_order.answer: cmr.Answer
---@field data cmr.create_order.answer.data

---@class cmr.create_order.answer.data
---@field orderId string
---@field unavailableDomains any[]

---Order domains with mailboxes; look at unavailableDomains even when it succeeds.
---
---`POST /orders/json`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Assumed: confirm must be said: what its absence means is not documented.
---@overload fun(fields: cmr.create_order.fields): cmr.create_order.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.create_order.others
---@return cmr.create_order.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.create_order(userId, fields) end

---As cmr.create_order.
---@overload fun(self: cmr.Client, fields: cmr.create_order.fields): cmr.create_order.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.create_order.others
---@return cmr.create_order.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:create_order(userId, fields) end

-- Order mailboxes (json) (help)

---@class cmr.order_mailboxes.others
---@field subscriptionId? string An active subscription, to which they are added. (docs)
---@field domainId? string A domain whose subscription was cancelled: a new one is made. (docs)
---@field mailboxes? table<string, cmr.order_mailboxes.others.mailboxes[]> The mailboxes to create: domain name -> a list. (docs)
---@field billingCycle? "MONTHLY" MONTHLY, the only one there is. (docs)
---@field confirm boolean true: done and charged at once; false: stored for process_order. (docs)
---@field autoRenew? boolean Whether the new subscription renews itself; with domainId. (docs)

---@class cmr.order_mailboxes.others.mailboxes
---@field username string What stands before the @. (docs)
---@field firstName string The sender's first name. (docs)
---@field lastName string The sender's last name. (docs)
---@field profilePicture? string A picture's address. (docs)
---@field onWarmup? boolean Whether to warm it up; not, when left out. (help)

---@class cmr.order_mailboxes.fields: cmr.order_mailboxes.others
---@field userId string The user. (help)

---Order mailboxes on a domain there is.
---
---`POST /orders/create-mailbox-order/json`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Needs exactly one of `subscriptionId` and `domainId`.
---
---Assumed: confirm must be said: what its absence means is not documented.
---@overload fun(fields: cmr.order_mailboxes.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.order_mailboxes.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.order_mailboxes(userId, fields) end

---As cmr.order_mailboxes.
---@overload fun(self: cmr.Client, fields: cmr.order_mailboxes.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.order_mailboxes.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:order_mailboxes(userId, fields) end

-- Process the Order (seed)

---@class cmr.process_order.fields
---@field [string] any The documents leave names open.

---Start an order that was stored with confirm = false.
---
---`POST /...`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.process_order.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.process_order(fields) end

---As cmr.process_order.
---@param fields? cmr.process_order.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:process_order(fields) end

-- Create Order (docs)

---@class cmr.create_order_form.fields
---@field [string] any The documents leave names open.

---Order domains with mailboxes and their pictures, as a form.
---
---`POST /...`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Takes multipart form data, which is not built while the path is not documented: a call raises.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.create_order_form.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.create_order_form(fields) end

---As cmr.create_order_form.
---@param fields? cmr.create_order_form.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:create_order_form(fields) end

-- Add mailboxes to a subscription (docs)

---@class cmr.add_subscription_mailboxes.fields
---@field [string] any The documents leave names open.

---The vendor advises order_mailboxes instead.
---
---`POST /...`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Deprecated by the vendor.
---
---Takes multipart form data, which is not built while the path is not documented: a call raises.
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.add_subscription_mailboxes.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.add_subscription_mailboxes(fields) end

---As cmr.add_subscription_mailboxes.
---@param fields? cmr.add_subscription_mailboxes.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:add_subscription_mailboxes(fields) end

-- Get mailboxes for user (help)

---@class cmr.mailboxes.others
---@field page? integer The page, from 1; by the help centre's rule for all lists. (help, assumed)
---@field limit? integer Items per page, at most 100; by the same rule. (help, assumed)
---@field [string] any The documents leave names open.

---@class cmr.mailboxes.fields: cmr.mailboxes.others
---@field userId string The user. (help)

---A user's mailboxes.
---
---`GET /mailboxes/single`
---
---A list, in pages.
---
---Assumed: further query names are not given: page and limit by the help centre's general rule.
---@overload fun(fields: cmr.mailboxes.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.mailboxes.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.mailboxes(userId, fields) end

---As cmr.mailboxes.
---@overload fun(self: cmr.Client, fields: cmr.mailboxes.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.mailboxes.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:mailboxes(userId, fields) end

-- Get all mailboxes (help)

---@class cmr.all_mailboxes.fields
---@field userId? string Only this user's; one snippet shows it. (help, assumed)
---@field page? integer The page, from 1; by the help centre's rule for all lists. (help, assumed)
---@field limit? integer Items per page, at most 100; by the same rule. (help, assumed)
---@field [string] any The documents leave names open.

---The mailboxes of all users of the partner.
---
---`GET /mailboxes`
---
---A list, in pages.
---
---Assumed: query names are not given: page and limit by the help centre's general rule.
---@param fields? cmr.all_mailboxes.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.all_mailboxes(fields) end

---As cmr.all_mailboxes.
---@param fields? cmr.all_mailboxes.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:all_mailboxes(fields) end

-- Get mailbox details by id (help)

---@class cmr.mailbox.fields
---@field mailboxId string The mailbox. (help)

---One mailbox.
---
---`GET /mailboxes/mailbox`
---@overload fun(fields: cmr.mailbox.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.mailbox(mailboxId) end

---As cmr.mailbox.
---@overload fun(self: cmr.Client, fields: cmr.mailbox.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:mailbox(mailboxId) end

-- Get Mailbox Admin Details (help)

---@class cmr.mailbox_admin.fields
---@field userId string The user. (help)
---@field mailboxId string The mailbox. (help)

---The administrator's access to a mailbox.
---
---`GET /mailboxes/admin-mailbox-details`
---@overload fun(fields: cmr.mailbox_admin.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param mailboxId string The mailbox. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.mailbox_admin(userId, mailboxId) end

---As cmr.mailbox_admin.
---@overload fun(self: cmr.Client, fields: cmr.mailbox_admin.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param mailboxId string The mailbox. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:mailbox_admin(userId, mailboxId) end

-- Update mailbox details (help)

---@class cmr.update_mailboxes.others
---@field mailboxData cmr.update_mailboxes.others.mailboxData|cmr.update_mailboxes.others.mailboxData[] A mailbox, or a list of them. (help)

---@class cmr.update_mailboxes.others.mailboxData
---@field mailboxId string Which. (help)
---@field userName? string What stands before the @. (help)
---@field firstName? string The sender's first name. (help)
---@field lastName? string The sender's last name. (help)
---@field profilePicture? string A picture's address. (help)
---@field removeProfilePicture? boolean Whether to remove the picture. (help)

---@class cmr.update_mailboxes.fields: cmr.update_mailboxes.others
---@field userId string The user. (help)

---@class cmr.update_mailboxes.answer: cmr.Answer
---@field data? cmr.update_mailboxes.answer.data[]

---@class cmr.update_mailboxes.answer.data
---@field mailboxId string
---@field success boolean
---@field message string

---Change one mailbox or several; single ones may fail inside a success.
---
---`PATCH /mailboxes/update-mailbox-details`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---@overload fun(fields: cmr.update_mailboxes.fields): cmr.update_mailboxes.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.update_mailboxes.others
---@return cmr.update_mailboxes.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.update_mailboxes(userId, fields) end

---As cmr.update_mailboxes.
---@overload fun(self: cmr.Client, fields: cmr.update_mailboxes.fields): cmr.update_mailboxes.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.update_mailboxes.others
---@return cmr.update_mailboxes.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:update_mailboxes(userId, fields) end

-- Remove mailbox (docs)

---@class cmr.remove_mailbox.fields
---@field userId string The user. (docs)
---@field mailboxId string The mailbox. (docs)

---Delete a mailbox; the last one takes the whole workspace with it.
---
---`DELETE /mailboxes/remove`
---
---Destroys: what it removes does not come back.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Assumed: one version of the page seems to call it deprecated; nothing else is documented.
---@param fields cmr.remove_mailbox.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.remove_mailbox(fields) end

---As cmr.remove_mailbox.
---@param fields cmr.remove_mailbox.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:remove_mailbox(fields) end

-- Validate mailbox (help)

---@class cmr.validate_mailbox.others
---@field [string] any The documents leave names open.

---@class cmr.validate_mailbox.fields: cmr.validate_mailbox.others
---@field userId string The user. (help)

---Check SMTP and DNS before an export.
---
---`POST /mailboxes/validate-mailbox`
---
---Changes nothing, although it is no GET.
---
---Assumed: the body's names are not documented: any are sent.
---@overload fun(fields: cmr.validate_mailbox.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.validate_mailbox.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.validate_mailbox(userId, fields) end

---As cmr.validate_mailbox.
---@overload fun(self: cmr.Client, fields: cmr.validate_mailbox.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.validate_mailbox.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:validate_mailbox(userId, fields) end

-- Start warmup (help)

---@class cmr.start_warmup.others
---@field [string] any The documents leave names open.

---@class cmr.start_warmup.fields: cmr.start_warmup.others
---@field mailboxId string The mailbox. (help)

---Warm a mailbox up, for a prorated charge; it must be ACTIVE.
---
---`POST /mailboxes/warmup`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Assumed: no body is shown, so none is sent unless fields are given.
---@overload fun(fields: cmr.start_warmup.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@param fields? cmr.start_warmup.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.start_warmup(mailboxId, fields) end

---As cmr.start_warmup.
---@overload fun(self: cmr.Client, fields: cmr.start_warmup.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@param fields? cmr.start_warmup.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:start_warmup(mailboxId, fields) end

-- Toggle warmup (help)

---@class cmr.toggle_warmup.fields
---@field mailboxId string The mailbox. (help)

---@class cmr.toggle_warmup.answer: cmr.Answer
---@field data cmr.toggle_warmup.answer.data

---@class cmr.toggle_warmup.answer.data
---@field status string

---Pause or go on: set_warmup_status reaches a known state, this flips it.
---
---`POST /mailboxes/warmup/toggle`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---@overload fun(fields: cmr.toggle_warmup.fields): cmr.toggle_warmup.answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@return cmr.toggle_warmup.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.toggle_warmup(mailboxId) end

---As cmr.toggle_warmup.
---@overload fun(self: cmr.Client, fields: cmr.toggle_warmup.fields): cmr.toggle_warmup.answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@return cmr.toggle_warmup.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:toggle_warmup(mailboxId) end

-- Update warmup status (help)

---@class cmr.set_warmup_status.fields
---@field mailboxId string The mailbox. (help)
---@field status string As in ACTIVE. (help)

---Pause or go on, by name of the state.
---
---`PATCH /mailboxes/warmup/status`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Assumed: that the outcome comes later: the answer is not shown.
---@overload fun(fields: cmr.set_warmup_status.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@param status string As in ACTIVE. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.set_warmup_status(mailboxId, status) end

---As cmr.set_warmup_status.
---@overload fun(self: cmr.Client, fields: cmr.set_warmup_status.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@param status string As in ACTIVE. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:set_warmup_status(mailboxId, status) end

-- Stop warmup (help)

---@class cmr.stop_warmup.fields
---@field mailboxId string The mailbox. (help)

---End a mailbox's warmup; nothing is refunded, and starting anew is charged anew.
---
---`DELETE /mailboxes/warmup`
---
---Destroys: what it removes does not come back.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---@overload fun(fields: cmr.stop_warmup.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.stop_warmup(mailboxId) end

---As cmr.stop_warmup.
---@overload fun(self: cmr.Client, fields: cmr.stop_warmup.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:stop_warmup(mailboxId) end

-- Update warmup settings (help)

---@class cmr.set_warmup_settings.others
---@field warmupLimit? number Sample: 40. (help)
---@field minimumWarmupLimit? number Sample: 5. (help)
---@field warmupReplyRate? number Sample: 0.30. (help)
---@field warmupOpenRate? number Sample: 0.80. (help)
---@field warmupSpamProtectionRate? number Sample: 0.20. (help)
---@field warmupOnWeekdays? boolean Sample: true. (help)
---@field increasePerDay? number Sample: 2. (help)
---@field warmupDisableSlow? boolean Sample: false. (help)
---@field minimumDelayBetweenWarmupEmails? number Sample: 60. (help)
---@field maximumDelayBetweenWarmupEmails? number Sample: 300. (help)

---@class cmr.set_warmup_settings.fields: cmr.set_warmup_settings.others
---@field mailboxId string The mailbox. (help)

---How a mailbox is warmed up; units and bounds are not documented.
---
---`PATCH /mailboxes/warmup/settings`
---@overload fun(fields: cmr.set_warmup_settings.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@param fields? cmr.set_warmup_settings.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.set_warmup_settings(mailboxId, fields) end

---As cmr.set_warmup_settings.
---@overload fun(self: cmr.Client, fields: cmr.set_warmup_settings.fields): cmr.Answer?, string?, cmr.Error?
---@param mailboxId string The mailbox. (help)
---@param fields? cmr.set_warmup_settings.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:set_warmup_settings(mailboxId, fields) end

-- Get All Subscriptions (docs)

---@class cmr.subscriptions.fields
---@field limit? integer Items per page; 50 when left out. (docs)
---@field page? integer The page, from 1. (docs)
---@field status? string Only those in this state, as in ACTIVE. (docs)
---@field componentSubscriptionId? string Only this one. (docs)
---@field domain? string Only this domain's. (docs)

---@class cmr.subscriptions.answer: cmr.Answer
---@field data cmr.subscriptions.answer.data

---@class cmr.subscriptions.answer.data
---@field subscriptions cmr.subscriptions.answer.data.subscriptions[]
---@field pagination cmr.subscriptions.answer.data.pagination

---@class cmr.subscriptions.answer.data.subscriptions
---@field subscriptionId string
---@field subscriptionStatus string
---@field totalMailboxQuantity integer
---@field billingCycle string
---@field pricePerMailbox number
---@field periodStart string
---@field periodEnd string
---@field serviceProvider string
---@field autoRenew boolean
---@field userId string
---@field domain string

---@class cmr.subscriptions.answer.data.pagination
---@field totalSearchedCount integer
---@field currentPage integer
---@field nextPage integer
---@field totalPages integer

---The subscriptions of all users of the partner.
---
---`GET /subscriptions`
---
---A list, in pages.
---
---Assumed: without a limit a page has 50 items by this page, 20 by the help centre; what the filters match is not said.
---@param fields? cmr.subscriptions.fields
---@return cmr.subscriptions.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.subscriptions(fields) end

---As cmr.subscriptions.
---@param fields? cmr.subscriptions.fields
---@return cmr.subscriptions.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:subscriptions(fields) end

-- Renew Subscriptions (docs)

---@class cmr.renew_subscriptions.fields
---@field subscriptionIds string[] The subscriptions. (docs)

---Renew subscriptions; charged to the wallet.
---
---`POST /subscriptions/renew-subscriptions`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---@param fields cmr.renew_subscriptions.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.renew_subscriptions(fields) end

---As cmr.renew_subscriptions.
---@param fields cmr.renew_subscriptions.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:renew_subscriptions(fields) end

-- Toggle Auto renewal (help)

---@class cmr.toggle_subscription_auto_renew.fields
---@field [string] any The documents leave names open.

---Whether a subscription renews itself.
---
---`POST /subscriptions/toggle-autorenewal`
---
---Assumed: the body's names, and whether it sets or flips, are not documented: any are sent.
---@param fields? cmr.toggle_subscription_auto_renew.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.toggle_subscription_auto_renew(fields) end

---As cmr.toggle_subscription_auto_renew.
---@param fields? cmr.toggle_subscription_auto_renew.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:toggle_subscription_auto_renew(fields) end

-- Cancel Subscription (docs)

---@class cmr.cancel_subscription.fields
---@field subscriptionId? string Which, by id. (docs)
---@field domain? string Which, by domain. (docs)

---End a subscription and delete its workspace, at once and for good.
---
---`POST /subscriptions/cancel`
---
---Destroys: what it removes does not come back.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Needs exactly one of `subscriptionId` and `domain`.
---
---Assumed: exactly one of the two: the page says that one is required.
---@param fields cmr.cancel_subscription.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.cancel_subscription(fields) end

---As cmr.cancel_subscription.
---@param fields cmr.cancel_subscription.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:cancel_subscription(fields) end

-- Subscription Recreation (docs)

---@class cmr.recreate_subscriptions.fields
---@field subscriptionIds? string[] Which, by id. (docs)
---@field domainNames? string[] Which, by domain. (docs)

---Replace subscriptions at their yearly limit by new ones; contents may be lost.
---
---`POST /component/subscriptions/recreate`
---
---Destroys: what it removes does not come back.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Needs exactly one of `subscriptionIds` and `domainNames`.
---
---Assumed: the help centre quotes /subscriptions/recreate instead, and says that contents are lost where the API pages say that they are kept.
---@param fields cmr.recreate_subscriptions.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.recreate_subscriptions(fields) end

---As cmr.recreate_subscriptions.
---@param fields cmr.recreate_subscriptions.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:recreate_subscriptions(fields) end

-- Get Connected Platforms (seed)

---@class cmr.platforms.fields
---@field userId string The user. (seed)

---@class cmr.platforms.answer: cmr.Answer
---@field data table<string, cmr.platforms.answer.data>

---@class cmr.platforms.answer.data
---@field connected boolean
---@field credentials cmr.platforms.answer.data.credentials[]

---@class cmr.platforms.answer.data.credentials
---@field credentialId string
---@field email string
---@field connectedAt string
---@field metadata cmr.platforms.answer.data.credentials.metadata

---@class cmr.platforms.answer.data.credentials.metadata
---@field appBaseUrl string
---@field appName string
---@field workspace string

---The sending platforms a user has connected, with their credentials' ids.
---
---`GET /exports/platform-credentials`
---@overload fun(fields: cmr.platforms.fields): cmr.platforms.answer?, string?, cmr.Error?
---@param userId string The user. (seed)
---@return cmr.platforms.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.platforms(userId) end

---As cmr.platforms.
---@overload fun(self: cmr.Client, fields: cmr.platforms.fields): cmr.platforms.answer?, string?, cmr.Error?
---@param userId string The user. (seed)
---@return cmr.platforms.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:platforms(userId) end

-- Add Platform Credentials (docs)

---@class cmr.add_platform.others
---@field app string The platform: EMAILBISON; the help centre adds SMARTLEAD and others. (docs)
---@field credentials cmr.add_platform.others.credentials The account at the platform. (docs)
---@field metadata? cmr.add_platform.others.metadata What EmailBison wants besides. (docs)
---@field orgId? string The organization; Instantly only. (help, assumed)

---@class cmr.add_platform.others.credentials
---@field email string The account's address. (docs)
---@field password string The account's password. (docs)

---@class cmr.add_platform.others.metadata
---@field appBaseUrl? string The platform's address. (docs)
---@field clientId? string The OAuth client's id. (docs)
---@field appName? string The OAuth application's name. (docs)
---@field workspace? string The workspace at the platform. (docs)

---@class cmr.add_platform.fields: cmr.add_platform.others
---@field userId string The user. (docs)

---@class cmr.add_platform.answer: cmr.Answer
---@field data cmr.add_platform.answer.data

---@class cmr.add_platform.answer.data
---@field credentialId string

---Connect a sending platform; the credentials are checked live, and each call adds an entry.
---
---`POST /exports/platform-credential`
---
---Assumed: orgId is sent beside credentials and metadata: where it belongs is not documented.
---@overload fun(fields: cmr.add_platform.fields): cmr.add_platform.answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields cmr.add_platform.others
---@return cmr.add_platform.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.add_platform(userId, fields) end

---As cmr.add_platform.
---@overload fun(self: cmr.Client, fields: cmr.add_platform.fields): cmr.add_platform.answer?, string?, cmr.Error?
---@param userId string The user. (docs)
---@param fields cmr.add_platform.others
---@return cmr.add_platform.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:add_platform(userId, fields) end

-- Update Platform Credential (help)

---@class cmr.update_platform.fields
---@field userId? string The user. (help, assumed)
---@field credentialId string The credential, from platforms. (help, assumed)
---@field orgId? string The organization; Instantly only. (help)
---@field [string] any The documents leave names open.

---Change a credential of a sending platform; it keeps its id.
---
---`PUT /exports/platform-credential`
---
---Assumed: userId and credentialId are sent in the query as in remove_platform; of the body only orgId is shown.
---@param fields cmr.update_platform.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.update_platform(fields) end

---As cmr.update_platform.
---@param fields cmr.update_platform.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:update_platform(fields) end

-- Remove Platform Credential (docs)

---@class cmr.remove_platform.fields
---@field userId string The user. (docs)
---@field credentialId string The credential, from platforms. (docs)

---Forget one credential of a sending platform.
---
---`DELETE /exports/platform-credential`
---
---Destroys: what it removes does not come back.
---@param fields cmr.remove_platform.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.remove_platform(fields) end

---As cmr.remove_platform.
---@param fields cmr.remove_platform.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:remove_platform(fields) end

-- Get platform workspaces (help)

---@class cmr.platform_workspaces.others
---@field userId? string The user. (help, assumed)

---@class cmr.platform_workspaces.fields: cmr.platform_workspaces.others
---@field credentialId string The credential, from platforms. (help, assumed)

---The workspaces a credential reaches; Instantly only.
---
---`GET /exports/platform-workspaces`
---
---Assumed: credentialId and userId are sent in the query.
---@overload fun(fields: cmr.platform_workspaces.fields): cmr.Answer?, string?, cmr.Error?
---@param credentialId string The credential, from platforms. (help, assumed)
---@param fields? cmr.platform_workspaces.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.platform_workspaces(credentialId, fields) end

---As cmr.platform_workspaces.
---@overload fun(self: cmr.Client, fields: cmr.platform_workspaces.fields): cmr.Answer?, string?, cmr.Error?
---@param credentialId string The credential, from platforms. (help, assumed)
---@param fields? cmr.platform_workspaces.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:platform_workspaces(credentialId, fields) end

-- Export Mailboxes (docs)

---@class cmr.export_mailboxes.others
---@field credentialId string The platform's credential, from platforms. (docs)
---@field componentMailboxIds? string[] The mailboxes; the name the API pages use. (docs)
---@field mailboxIds? string[] The mailboxes; the name the help centre uses. (help)

---@class cmr.export_mailboxes.fields: cmr.export_mailboxes.others
---@field userId? string The user who owns the mailboxes. (help, assumed)

---Queue mailboxes for export to a connected platform.
---
---`POST /exports/platform-exports`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Needs exactly one of `componentMailboxIds` and `mailboxIds`.
---
---Assumed: POST although the sidebar says GET, which with this body is implausible; userId goes in the query.
---@overload fun(fields: cmr.export_mailboxes.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user who owns the mailboxes. (help, assumed)
---@param fields cmr.export_mailboxes.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.export_mailboxes(userId, fields) end

---As cmr.export_mailboxes.
---@overload fun(self: cmr.Client, fields: cmr.export_mailboxes.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user who owns the mailboxes. (help, assumed)
---@param fields cmr.export_mailboxes.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:export_mailboxes(userId, fields) end

-- Re-export a mailbox (Oauth) (seed)

---@class cmr.reexport.fields
---@field userId? string The user who owns the mailbox; the API page does not show it. (help, assumed)
---@field microsoftOauthRoute? string The consent page's address; counts for mailboxes at Microsoft. (seed)
---@field google? cmr.reexport.fields.google The OAuth application; counts for mailboxes at Google. (seed)
---@field mailboxId? string The mailbox, by id. (seed)
---@field email? string The mailbox, by address. (seed)

---@class cmr.reexport.fields.google
---@field googleOauthRoute? string The consent page's address. (seed)
---@field clientId? string The OAuth client's id. (seed)
---@field appName? string The OAuth application's name. (seed)

---Export one mailbox again over OAuth; at most 3 times per mailbox and week.
---
---`POST /mailboxes/oauth`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Limited per mailbox and week, however it is asked for.
---
---Needs at least one of `mailboxId` and `email`.
---
---Assumed: the status of a used-up quota is not documented: a 429 that speaks of the week, or asks for more than 60 s, is taken for it; userId in the query is from the help centre, which also nests the Microsoft route in an object; of mailboxId and email the sample wants one, the text both: either will do.
---@param fields cmr.reexport.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.reexport(fields) end

---As cmr.reexport.
---@param fields cmr.reexport.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:reexport(fields) end

-- Get All Pre-Warmup Mailboxes (help)

---@class cmr.prewarmed.fields
---@field serviceProvider? "GOOGLE"|"MICROSOFT" Only those at this provider. (help)
---@field contains? string Only those with this in their name. (help)
---@field page? integer The page, from 1; by the help centre's rule for all lists. (help, assumed)
---@field limit? integer Items per page, at most 100; by the same rule. (help, assumed)
---@field [string] any The documents leave names open.

---@class cmr.prewarmed.answer: cmr.Answer
---@field data cmr.prewarmed.answer.data

---@class cmr.prewarmed.answer.data
---@field inventory cmr.prewarmed.answer.data.inventory[]
---@field currentPage integer
---@field totalPages integer
---@field totalDomains integer
---@field totalMailboxes integer

---@class cmr.prewarmed.answer.data.inventory
---@field domain string
---@field preWarmedUpMailboxes cmr.prewarmed.answer.data.inventory.preWarmedUpMailboxes[]
---@field purchasePrice number
---@field renewalPrice number

---@class cmr.prewarmed.answer.data.inventory.preWarmedUpMailboxes
---@field email string
---@field firstName string
---@field lastName string
---@field createdAt string

---Domains with mailboxes that are warm already, and their prices.
---
---`GET /pre-warmup`
---
---A list, in pages.
---
---Assumed: paging names are not spelt out: page and limit by the help centre's general rule.
---@param fields? cmr.prewarmed.fields
---@return cmr.prewarmed.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.prewarmed(fields) end

---As cmr.prewarmed.
---@param fields? cmr.prewarmed.fields
---@return cmr.prewarmed.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:prewarmed(fields) end

-- Order Pre-Warmup Mailboxes (help)

---@class cmr.order_prewarmed.others
---@field order cmr.order_prewarmed.others.order[] The domains to buy. (help)
---@field serviceProvider "GOOGLE"|"MICROSOFT" Where its mailboxes are. (help)
---@field google? cmr.order_prewarmed.others.google The OAuth application; counts for mailboxes at Google. (help)
---@field microsoftOauthRoute? string The consent page's address; counts for mailboxes at Microsoft. (help)
---@field autoRenew? boolean Whether the mailboxes renew themselves. (help)

---@class cmr.order_prewarmed.others.order
---@field domain string Its name, from prewarmed. (help)
---@field forwardTo? string Where visitors are sent. (help)

---@class cmr.order_prewarmed.others.google
---@field googleOauthRoute? string The consent page's address. (help)
---@field clientId? string The OAuth client's id. (help)
---@field appName? string The OAuth application's name. (help)

---@class cmr.order_prewarmed.fields: cmr.order_prewarmed.others
---@field userId string The user. (help)

---Buy domains with warm mailboxes; each may succeed or fail by itself.
---
---`POST /pre-warmup/order`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---@overload fun(fields: cmr.order_prewarmed.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.order_prewarmed.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.order_prewarmed(userId, fields) end

---As cmr.order_prewarmed.
---@overload fun(self: cmr.Client, fields: cmr.order_prewarmed.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.order_prewarmed.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:order_prewarmed(userId, fields) end

-- [SANDBOX] - Get All Pre-Warmup Mailboxes (docs)

---@class cmr.sandbox_prewarmed.fields
---@field serviceProvider? "GOOGLE"|"MICROSOFT" Only those at this provider. (help)
---@field contains? string Only those with this in their name. (help)
---@field page? integer The page, from 1; by the help centre's rule for all lists. (help, assumed)
---@field limit? integer Items per page, at most 100; by the same rule. (help, assumed)
---@field [string] any The documents leave names open.

---The sandbox's domains.
---
---`GET /sandbox/pre-warmup`
---
---A list, in pages.
---
---Assumed: the method is not documented: GET; the rest as in prewarmed.
---@param fields? cmr.sandbox_prewarmed.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.sandbox_prewarmed(fields) end

---As cmr.sandbox_prewarmed.
---@param fields? cmr.sandbox_prewarmed.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:sandbox_prewarmed(fields) end

-- [SANDBOX] - Order Pre-Warmup Mailboxes (docs)

---@class cmr.sandbox_order_prewarmed.others
---@field order cmr.sandbox_order_prewarmed.others.order[] The domains to buy. (help)
---@field serviceProvider "GOOGLE"|"MICROSOFT" Where its mailboxes are. (help)
---@field google? cmr.sandbox_order_prewarmed.others.google The OAuth application; counts for mailboxes at Google. (help)
---@field microsoftOauthRoute? string The consent page's address; counts for mailboxes at Microsoft. (help)
---@field autoRenew? boolean Whether the mailboxes renew themselves. (help)
---@field scenario? "success"|"full_failure"|"partial_failure" What is to happen; success when left out. (docs)

---@class cmr.sandbox_order_prewarmed.others.order
---@field domain string Its name, from prewarmed. (help)
---@field forwardTo? string Where visitors are sent. (help)

---@class cmr.sandbox_order_prewarmed.others.google
---@field googleOauthRoute? string The consent page's address. (help)
---@field clientId? string The OAuth client's id. (help)
---@field appName? string The OAuth application's name. (help)

---@class cmr.sandbox_order_prewarmed.fields: cmr.sandbox_order_prewarmed.others
---@field userId? string The user. (docs, assumed)

---Order in the sandbox: costs nothing, and sends webhooks like the real one.
---
---`POST /sandbox/pre-warmup/order`
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---
---Assumed: the method is not documented: POST; userId in the query as in order_prewarmed.
---@overload fun(fields: cmr.sandbox_order_prewarmed.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs, assumed)
---@param fields cmr.sandbox_order_prewarmed.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.sandbox_order_prewarmed(userId, fields) end

---As cmr.sandbox_order_prewarmed.
---@overload fun(self: cmr.Client, fields: cmr.sandbox_order_prewarmed.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (docs, assumed)
---@param fields cmr.sandbox_order_prewarmed.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:sandbox_order_prewarmed(userId, fields) end

-- [SANDBOX] - Reset Pre-Warmup Data (docs)

---@class cmr.sandbox_reset_prewarmed.fields
---@field [string] any The documents leave names open.

---Delete all your records in the sandbox.
---
---`METHOD /sandbox/pre-warmup/reset`
---
---Destroys: what it removes does not come back.
---
---Its method is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.sandbox_reset_prewarmed.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.sandbox_reset_prewarmed(fields) end

---As cmr.sandbox_reset_prewarmed.
---@param fields? cmr.sandbox_reset_prewarmed.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:sandbox_reset_prewarmed(fields) end

-- Get Wallet Details (seed)

---@class cmr.wallet.fields
---@field [string] any The documents leave names open.

---The partner's balance.
---
---`GET /...`
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.wallet.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.wallet(fields) end

---As cmr.wallet.
---@param fields? cmr.wallet.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:wallet(fields) end

-- Send error (seed)

---@class cmr.send_error.fields
---@field [string] any The documents leave names open.

---Not documented beyond its name.
---
---`POST /...`
---
---Its path is not documented: a call raises until the option paths supplies it.
---@param fields? cmr.send_error.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.send_error(fields) end

---As cmr.send_error.
---@param fields? cmr.send_error.fields
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:send_error(fields) end

-- Create placement test (help)

---@class cmr.create_placement_test.others
---@field mailboxIds string[] The mailboxes; ACTIVE, with SMTP credentials. (help)
---@field spamassassin? boolean Whether to score with SpamAssassin. (help)
---@field blacklist? boolean Whether to look into blacklists. (help)
---@field aiInsight? boolean Whether to add an analysis; costs extra. (help)

---@class cmr.create_placement_test.fields: cmr.create_placement_test.others
---@field userId string The user. (help)

---@class cmr.create_placement_test.answer: cmr.Answer
---@field data cmr.create_placement_test.answer.data

---@class cmr.create_placement_test.answer.data
---@field orderId string

---See in which folders mail lands; charged to the wallet.
---
---`POST /placement`
---
---Charges money.
---
---Asynchronous: the answer says that it was accepted, a webhook later how it ended.
---@overload fun(fields: cmr.create_placement_test.fields): cmr.create_placement_test.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.create_placement_test.others
---@return cmr.create_placement_test.answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.create_placement_test(userId, fields) end

---As cmr.create_placement_test.
---@overload fun(self: cmr.Client, fields: cmr.create_placement_test.fields): cmr.create_placement_test.answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields cmr.create_placement_test.others
---@return cmr.create_placement_test.answer? answer
---@return string? message
---@return cmr.Error? err
function Client:create_placement_test(userId, fields) end

-- Get placement reports (help)

---@class cmr.placement_reports.others
---@field orderId? string Only this test's. (help)
---@field mailboxId? string Only this mailbox's. (help)
---@field page? integer The page, from 1. (help)
---@field limit? integer Items per page. (help)

---@class cmr.placement_reports.fields: cmr.placement_reports.others
---@field userId string The user. (help)

---Placement tests, newest first.
---
---`GET /placement/reports`
---
---A list, in pages.
---@overload fun(fields: cmr.placement_reports.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.placement_reports.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function cmr.placement_reports(userId, fields) end

---As cmr.placement_reports.
---@overload fun(self: cmr.Client, fields: cmr.placement_reports.fields): cmr.Answer?, string?, cmr.Error?
---@param userId string The user. (help)
---@param fields? cmr.placement_reports.others
---@return cmr.Answer? answer
---@return string? message
---@return cmr.Error? err
function Client:placement_reports(userId, fields) end
