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
