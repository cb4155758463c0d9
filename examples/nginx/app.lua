-- The API of nginx.conf. Each request waits for the vendor's answer, the worker does not.
local cjson = require "cjson"
local cmr = require "cmr"
local exports = require "exports"
local page = require "page"

local app = {}

local client, customers

--- Run once, before the workers are forked: what is wrong here keeps nginx from starting.
-- @param options of cmr.new
function app.start(options)
  assert(os.getenv "CMR_API_KEY", "CMR_API_KEY is not set")
  local file = assert(io.open(ngx.config.prefix() .. "customers.json"))
  customers = cjson.decode(file:read "*a")
  file:close()
  client = cmr.new(options)
  exports.start {}
  page.start { client = client, customers = customers }
  -- Receives the vendor's webhooks, signed by cmr-x-signature and cmr-x-timestamp, and keeps them for client:await.
  app.webhook = cmr.webhook.handler {
    on = {
      -- Run once for each event, however often it is delivered. To raise, or to return nil and why, has it sent again.
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

-- What a failed call means to a customer. Where it is not the customer's doing, the reason is for our log.
local TOLD = { invalid_argument = 400, bad_request = 400, not_found = 404, conflict = 409, quota_exceeded = 429 }
local OURS = { rate_limited = { 503, "busy, try again" }, timeout = { 504, "no answer in time" } }

local function fail(why, err)
  local status = TOLD[err.kind]
  if status then return refuse(status, type(err.body) == "table" and err.body.message or why) end
  ngx.log(ngx.ERR, why, " (", err.kind, ", ", err.outcome, ")")
  local ours = OURS[err.kind] or { 502, "not possible just now" }
  if err.kind == "rate_limited" then ngx.header["Retry-After"] = math.ceil(err.retry_after or 1) end
  -- "unknown": it may have been done, so it is not to be repeated blindly
  answer(ours[1], { error = ours[2], outcome = err.outcome })
end

-- Whether the customer may ask for this user; where not, it is answered.
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
  return refuse(404, "no such user") -- nor is it said whether another has it
end

--- GET: the platforms for which a user has stored credentials.
function app.platforms(user)
  if not admitted("GET", user) then return end
  local res, why, err = client:platforms(user)
  if not res then return fail(why, err) end
  answer(200, res.data)
end

-- The body as a table; nil when it is no JSON object.
local function body()
  ngx.req.read_body()
  local text = ngx.req.get_body_data() or "{}"
  local fine, value = pcall(cjson.decode, text)
  return fine and text:find "^%s*{" and value or nil
end

-- Makes a call with what a customer sent, and these fields; where it fails, that is answered.
local function accepted(operation, user, fields)
  if not admitted("POST", user) then return end
  local given = body()
  if not given then return refuse(400, "a JSON object is expected") end
  given.userId, given.email = user, nil -- nothing but the address names whose it is
  for name, value in pairs(fields) do
    given[name] = value
  end
  -- Wrong fields raise, in a program's own calls; here they are the customer's.
  local fine, res, why, err = pcall(client[operation], client, given)
  if not fine then return refuse(400, assert(tostring(res):match("cmr%." .. operation .. ": (.*)"), res)) end
  if not res then return fail(why, err) end
  return res
end

--- POST: exports a mailbox again. Accepted is not done: the outcome comes by webhook.
function app.reexport(user, mailbox)
  local res = accepted("reexport", user, { mailboxId = mailbox })
  if res then answer(202, { actionId = res.actionId }) end
end

--- POST: orders mailboxes, and answers when they are there; or, after 50 s, that they are still to come.
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

--- Any other address.
function app.nothing()
  refuse(404, "no such address")
end

return app
