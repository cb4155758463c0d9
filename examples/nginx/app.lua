-- The handlers of nginx.conf. A request waits for the vendor's answer; the worker serves other requests meanwhile.
local cjson = require "cjson"
local cmr = require "cmr"
local exports = require "exports"
local page = require "page"

local app = {}

local client, customers

--- nginx calls this once, before it forks the workers. If this function raises an error, nginx does not start.
-- @param options the options of cmr.new
function app.start(options)
  assert(os.getenv "CMR_API_KEY", "CMR_API_KEY is not set")
  local file = assert(io.open(ngx.config.prefix() .. "customers.json"))
  customers = cjson.decode(file:read "*a")
  file:close()
  client = cmr.new(options)
  exports.start {}
  page.start { client = client, customers = customers }
  -- Receives the vendor's webhooks, signed by cmr-x-signature and cmr-x-timestamp, and stores them for client:await.
  app.webhook = cmr.webhook.handler {
    on = {
      -- cmr calls this once for each event, even if the vendor delivers the event several times. If the function raises
      -- an error, or returns nil and a message, the vendor delivers the event again.
      ["mailbox.created"] = function(event)
        ngx.log(ngx.NOTICE, "ready: ", event.data.email)
      end,
      ["mailbox.exported"] = exports.handle,
    },
  }
end

local function answer(status, body)
  ngx.status = status
  ngx.print(cjson.encode(body))
end

local function refuse(status, message)
  answer(status, { error = message })
end

-- The status for each kind of failure. TOLD has the failures that the customer caused: the answer names the reason.
-- OURS has other failures: only the log has the reason. An invalid argument is the customer's fault only if err.field
-- is set. A missing API key, for example, is our fault.
local TOLD = { bad_request = 400, not_found = 404, conflict = 409, quota_exceeded = 429 }
local OURS = { rate_limited = { 503, "busy, try again" }, timeout = { 504, "no answer in time" } }

local function fail(why, err)
  local status = err.field and 400 or TOLD[err.kind]
  if status then return refuse(status, type(err.body) == "table" and err.body.message or why) end
  ngx.log(ngx.ERR, why, " (", err.kind, ", ", err.outcome, ")")
  local ours = OURS[err.kind] or { 502, "not possible just now" }
  if err.kind == "rate_limited" then ngx.header["Retry-After"] = math.ceil(err.retry_after or 1) end
  -- outcome "unknown" tells the customer that the request may have been done
  answer(ours[1], { error = ours[2], outcome = err.outcome })
end

-- Returns whether the customer may act for this user. If not, sends the refusal.
local function admitted(method, user)
  if ngx.req.get_method() ~= method then
    ngx.header["Allow"] = method
    return refuse(405, "use " .. method)
  end
  local token = (ngx.var.http_authorization or ""):match "^Bearer (%S+)$"
  local users = token and customers[token]
  if not users then
    ngx.header["WWW-Authenticate"] = "Bearer"
    return refuse(401, "a token is needed")
  end
  for _, own in ipairs(users) do
    if own == user then return true end
  end
  return refuse(404, "no such user") -- the same answer if another customer has this user
end

--- GET: returns the platforms, with the credentials that are stored for the user.
function app.platforms(user)
  if not admitted("GET", user) then return end
  local res, why, err = client:platforms(user)
  if not res then return fail(why, err) end
  answer(200, res.data)
end

-- Returns the body as a table, or nil if the body is not a JSON object.
local function body()
  ngx.req.read_body()
  local text = ngx.req.get_body_data() or "{}"
  local fine, value = pcall(cjson.decode, text)
  return fine and text:find "^%s*{" and value or nil
end

-- Makes a call with the fields of the request's body and with `fields`. Returns the call's result. If the customer may
-- not make the call, or the call fails, sends the error.
local function accepted(operation, user, fields)
  if not admitted("POST", user) then return end
  local given = body()
  if not given then return refuse(400, "a JSON object is expected") end
  given.userId, given.email = user, nil -- only the address of the request names the user and the mailbox
  for name, value in pairs(fields) do
    given[name] = value
  end
  -- cmr raises an error for wrong fields, because normally the program chooses them. Here the customer sent them.
  local fine, res, why, err = pcall(client[operation], client, given)
  if not fine then return refuse(400, assert(tostring(res):match("cmr%." .. operation .. ": (.*)"), res)) end
  if not res then return fail(why, err) end
  return res
end

--- POST: exports a mailbox again. The answer 202 means that the export is accepted. A webhook reports its outcome.
function app.reexport(user, mailbox)
  local res = accepted("reexport", user, { mailboxId = mailbox })
  if res then answer(202, { actionId = res.actionId }) end
end

--- POST: orders mailboxes, and answers when they exist. If they do not exist after 50 s, answers 202.
function app.order(user)
  local res = accepted("create_order", user, { confirm = true })
  if not res then return end
  local events, why, err = client:await(res, { timeout = 50 })
  if events then
    local mailboxes = {}
    for place, event in ipairs(events) do
      mailboxes[place] = { mailboxId = event.data.mailboxId, email = event.data.email }
    end
    return answer(200, { orderId = res.data.orderId, mailboxes = mailboxes })
  end
  ngx.log(ngx.ERR, why)
  if err.kind == "operation_failed" then
    return answer(422, { orderId = res.data.orderId, error = "the order failed", outcome = err.outcome })
  end
  answer(202, { orderId = res.data.orderId })
end

--- Answers a request for any other address.
function app.nothing()
  refuse(404, "no such address")
end

return app
