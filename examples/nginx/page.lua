-- The page of nginx.conf, below /app/: a customer connects EmailBison, exports mailboxes and sees each outcome arrive.
--
-- Each POST carries a token that another site cannot know, and ends with a redirect, so that a reload repeats nothing.
-- The browser never gets the API key, and reaches only the mailboxes of its own user.
local cjson = require "cjson"
local exports = require "exports"

local page = {}

local SESSION_SECONDS = 8 * 3600
local MAILBOXES = { "mailboxes", items = "data.mailboxes" } -- the mock's path; the vendor documents no path

local sessions = ngx.shared.app_sessions
local client, customers

local function random()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(24)
  file:close()
  return (bytes:gsub(".", function(char)
    return ("%02x"):format(char:byte())
  end))
end

--- Called once, in init_by_lua.
-- @param options client: from cmr.new; customers: the users of each token
function page.start(options)
  client, customers = options.client, options.customers
  sessions:add("secret", random()) -- for the tokens of forms; survives a reload
end

-- HTML

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- Fills a template: $name is text, which is escaped, and $$name is HTML.
local function html(template, values)
  return (
    template:gsub("(%$%$?)([%a_]+)", function(sign, name)
      local value = tostring(assert(values[name], name))
      return sign == "$$" and value or (value:gsub("[&<>\"']", ENTITIES))
    end)
  )
end

local LAYOUT = [[
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>$title</title>
  <link rel="icon" href="/app/icon.svg">
  <link rel="stylesheet" href="/app/page.css">
  <script type="module" src="/app/page.js"></script>
</head>
<body>
<header><h1>$title</h1>$$corner</header>
<main>
$$main
</main>
</body>
</html>
]]

local SIGN_OUT = [[
<form method="post" action="/app/sign-out">
  <input type="hidden" name="csrf" value="$csrf">
  <button>Sign out</button>
</form>]]

local SIGN_IN = [[
$$notice
<p class="notice">This sign-in is a stand-in, so that the example runs alone: it takes a token from customers.json.
Replace it with your own.</p>
<form class="narrow" method="post" action="/app/sign-in">
  <input type="hidden" name="csrf" value="$csrf">
  <fieldset>
    <label>Token <input type="password" name="token" required autocomplete="current-password"></label>
    <button class="main">Sign in</button>
  </fieldset>
</form>]]

local MAIN = [[
$$notice
<h2>EmailBison</h2>
$$accounts
<details$$open>
  <summary>Connect an account</summary>
  <form method="post" action="/app/connect">
    <input type="hidden" name="csrf" value="$csrf">
    <input type="hidden" name="form" value="$form">
    <fieldset class="grid">
      <label>Email <input type="email" name="email" required autocomplete="off" value="$email"></label>
      <label>Password <input type="password" name="password" required autocomplete="off"></label>
      <label>Address of EmailBison <input type="url" name="appBaseUrl" required value="$appBaseUrl"></label>
      <label>Workspace <input name="workspace" required value="$workspace"></label>
      <label>OAuth client id <input name="clientId" required value="$clientId"></label>
      <label>OAuth application <input name="appName" required value="$appName"></label>
      <button class="main">Connect</button>
    </fieldset>
  </form>
</details>
<h2>Mailboxes</h2>
<p class="quiet">A mailbox can be re-exported 3 times a week. Each outcome shows here when it arrives.</p>
<p class="quiet" id="no-script">Reload this page to see whether an outcome has arrived.</p>
$$mailboxes]]

local CARD = [[
<li class="card" id="$id" data-state="$state" data-outcome="/app/mailboxes/$path/outcome">
  <h3>$address</h3>
  <p class="quiet">$provider, $status</p>
  <p class="state" role="status">$text</p>
  <form method="post" action="/app/mailboxes/$path/export">
    <input type="hidden" name="csrf" value="$csrf">
    <input type="hidden" name="number" value="$number">
    <fieldset$$disabled>
      <label>EmailBison account <select name="credential">$$credentials</select></label>
      $$looked
      <button class="main" name="action" value="export" aria-label="Export $address">Export</button>
      <button name="action" value="reexport" aria-label="Re-export $address">Re-export</button>
    </fieldset>
  </form>
</li>
]]

local OPTION = '<option value="$id">$email, $workspace</option>'
local ACCOUNT = "<li>$email, workspace $workspace</li>"
local NOTICE = '<p class="notice" role="alert">$text</p>'
local LOOKED = [[
<label class="check"><input type="checkbox" name="looked" value="yes" required>
I looked in EmailBison: the mailbox is not there.</label>]]

-- Sends a page with this HTML in its main part.
local function answer(status, title, main, corner)
  ngx.status = status
  ngx.header["Content-Type"] = "text/html; charset=utf-8"
  ngx.print(html(LAYOUT, { title = title, main = main, corner = corner or "" }))
end

local function say(status, title, text)
  answer(status, title, html('<p>$text</p><p><a href="/app/">Back to the page</a></p>', { text = text }))
end

local function answer_json(status, body)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print(cjson.encode(body))
end

local function redirect(fragment)
  ngx.header["Location"] = "/app/" .. (fragment or "")
  ngx.status = 303
end

-- Sessions

local function set_cookie(id, seconds)
  local secure = ngx.var.http_x_forwarded_proto == "https" and "; Secure" or ""
  local cookie = "session=%s; Path=/app/; Max-Age=%d; HttpOnly; SameSite=Strict%s"
  ngx.header["Set-Cookie"] = cookie:format(id, seconds, secure)
end

-- Returns the browser's session. Before the sign-in it has no user and is not stored.
local function current_session()
  local id = ngx.var.cookie_session
  if not (id and id:find "^%x+$" and #id == 48) then
    id = random()
    set_cookie(id, SESSION_SECONDS)
  end
  local session = cjson.decode(sessions:get("session:" .. id) or "{}")
  session.id = id
  session.csrf = ngx.encode_base64(ngx.hmac_sha1(sessions:get "secret", id))
  return session
end

local function save(session)
  sessions:set("session:" .. session.id, cjson.encode(session), SESSION_SECONDS)
end

local function sign_in(session, form)
  local users = customers[form.token or ""]
  if not users then
    local values = { notice = html(NOTICE, { text = "No customer has this token." }), csrf = session.csrf }
    return answer(403, "Sign in", html(SIGN_IN, values))
  end
  -- a new id, because an attacker may have set the old one
  local new = { id = random(), user = users[1] }
  save(new)
  set_cookie(new.id, SESSION_SECONDS)
  redirect()
end

local function sign_out(session)
  sessions:delete("session:" .. session.id)
  set_cookie("", 0)
  redirect()
end

-- What the API knows

-- Returns the user's mailboxes, or nil, message, err.
local function mailboxes_of(user)
  local mailboxes = {}
  for mailbox, message, err in client:each(MAILBOXES, user) do
    if not mailbox then return nil, message, err end
    table.insert(mailboxes, mailbox)
  end
  return mailboxes
end

-- Returns the user's EmailBison accounts, or nil, message, err.
local function accounts_of(user)
  local res, message, err = client:platforms(user)
  if not res then return nil, message, err end
  local app = res.data.EMAILBISON
  return type(app) == "table" and app.credentials or {}
end

local function find(list, field, value)
  for _, item in ipairs(list) do
    if item[field] == value then return item end
  end
end

-- The kinds of errors whose text from the API is meant for the customer.
local FOR_CUSTOMERS = { bad_request = true, conflict = true, not_found = true, forbidden = true }

local function time_of(seconds)
  return os.date("!%d %B %Y, %H:%M UTC", seconds)
end

-- Returns what we tell the customer about a failure: that the quota is used up, the API's text for the kinds above, or
-- a general text. Our log gets the error's own message, except for the quota.
local function reason_of(message, err)
  if err.kind == "quota_exceeded" then
    local text = "A mailbox can be re-exported 3 times a week, and this one was. Try again %s."
    return text:format(err.retry_after and "after " .. time_of(ngx.time() + err.retry_after) or "in some days")
  end
  ngx.log(ngx.ERR, message, " (", err.kind, ", ", err.outcome, ")")
  local text = FOR_CUSTOMERS[err.kind] and type(err.body) == "table" and err.body.message
  return type(text) == "string" and text or "It is not possible just now. Try again later."
end

-- The page

local NAMES = { export = "Export", reexport = "Re-export" }
local TEXTS = {
  sending = "$action: being sent.",
  accepted = "$action: accepted. The outcome will show here.",
  done = "$action: done on $time.",
  refused = "$action: refused, and nothing was exported. $reason",
  unknown = "$action: no answer came, so it may have been done. Do not repeat it: it is being looked up.",
  lost = "$action: no outcome has arrived since $time. Look in EmailBison whether the mailbox is there.",
}

local function text_of(export)
  if not export then return "Not exported from here yet." end
  local values = { action = NAMES[export.action], reason = export.reason or "", time = time_of(export.at) }
  return (TEXTS[export.state]:gsub("%$(%a+)", values))
end

local function card(mailbox, session, credentials)
  local export = exports.latest(mailbox.mailboxId)
  local number = exports.next_number(export)
  return html(CARD, {
    id = mailbox.mailboxId,
    path = ngx.escape_uri(mailbox.mailboxId),
    address = mailbox.email or mailbox.mailboxId,
    provider = mailbox.serviceProvider or "unknown provider",
    status = mailbox.status or "unknown status",
    state = export and export.state or "none",
    text = text_of(export),
    csrf = session.csrf,
    number = number or "",
    disabled = (not number or credentials == "") and " disabled" or "",
    credentials = credentials,
    looked = export and export.state == "lost" and LOOKED or "",
  })
end

local function show(session)
  if not session.user then return answer(200, "Sign in", html(SIGN_IN, { notice = "", csrf = session.csrf })) end
  local mailboxes, message, err = mailboxes_of(session.user)
  local accounts
  if mailboxes then
    accounts, message, err = accounts_of(session.user)
  end
  if not accounts then return say(502, "Your mailboxes", reason_of(message, err)) end

  local items, options, cards = {}, {}, {}
  for index, account in ipairs(accounts) do
    local values =
      { id = account.credentialId, email = account.email, workspace = (account.metadata or {}).workspace or "?" }
    items[index], options[index] = html(ACCOUNT, values), html(OPTION, values)
  end
  for index, mailbox in ipairs(mailboxes) do
    cards[index] = card(mailbox, session, table.concat(options))
  end
  local values = {
    csrf = session.csrf,
    form = random(),
    notice = session.notice and html(NOTICE, { text = session.notice }) or "",
    accounts = items[1] and "<ul>" .. table.concat(items) .. "</ul>" or "<p>Connect an account to export to it.</p>",
    open = (session.typed or not items[1]) and " open" or "",
    mailboxes = cards[1] and '<ul class="cards">' .. table.concat(cards) .. "</ul>" or "<p>You have no mailbox.</p>",
  }
  for _, name in ipairs { "email", "appBaseUrl", "workspace", "clientId", "appName" } do
    values[name] = session.typed and session.typed[name] or ""
  end
  answer(200, "Your mailboxes", html(MAIN, values), html(SIGN_OUT, session))
  if session.notice then -- shown once
    session.notice, session.typed = nil, nil
    save(session)
  end
end

local function connect(session, form)
  -- a form that was sent before, for example by a double click, connects nothing
  if not sessions:add("form:" .. tostring(form.form), true, SESSION_SECONDS) then return redirect() end
  local res, message, err = client:add_platform {
    userId = session.user,
    app = "EMAILBISON",
    credentials = { email = form.email or "", password = form.password or "" },
    metadata = {
      appBaseUrl = form.appBaseUrl,
      workspace = form.workspace,
      clientId = form.clientId,
      appName = form.appName,
    },
  }
  if res then
    session.notice = "The account is connected."
  elseif err.outcome == "unknown" then
    session.notice = "No answer came. The account is connected if it is listed here."
  else
    form.password = nil
    session.notice, session.typed = "The account is not connected. " .. reason_of(message, err), form
  end
  save(session)
  redirect()
end

-- Sends an export or a re-export to an account.
local function send(export, account)
  if export.action == "export" then
    return client:export_mailboxes(export.user, {
      credentialId = account.credentialId,
      componentMailboxIds = { export.mailbox },
    })
  end
  local metadata = account.metadata or {}
  return client:reexport {
    userId = export.user,
    mailboxId = export.mailbox,
    google = { clientId = metadata.clientId, appName = metadata.appName },
  }
end

local function export(session, form, id)
  local mailboxes, message, err = mailboxes_of(session.user)
  if mailboxes and not find(mailboxes, "mailboxId", id) then
    return say(404, "Not found", "You have no such mailbox.")
  end
  local accounts
  if mailboxes then
    accounts, message, err = accounts_of(session.user)
  end
  if not accounts then return say(502, "Nothing was exported", reason_of(message, err)) end
  local account = find(accounts, "credentialId", form.credential)
  if not account then return say(404, "Nothing was exported", "You have no such account.") end
  if not NAMES[form.action] then return say(400, "Nothing was exported", "Choose Export or Re-export.") end

  local request = { mailbox = id, number = tonumber(form.number), user = session.user, action = form.action }
  local ok, problem = exports.take(request, form.looked == "yes")
  if not ok and problem ~= "taken" then
    ngx.log(ngx.ERR, "lua_shared_dict app_exports: ", problem)
    return say(503, "Nothing was exported", "Try again later.")
  end
  if ok then
    local res
    res, message, err = send(request, account)
    if res then
      exports.finish(request, "accepted", nil, res.actionId)
    elseif err.outcome == "unknown" then
      ngx.log(ngx.ERR, message, " (look it up: mailbox ", id, ")")
      exports.finish(request, "unknown")
    else
      exports.finish(request, "refused", reason_of(message, err))
    end
  end
  redirect("#" .. ngx.escape_uri(id))
end

-- Answers page.js with the state of an export.
local function outcome(session, _, id)
  if not session.user then return answer_json(401, {}) end
  local latest = exports.latest(id)
  if not latest or latest.user ~= session.user then return answer_json(404, {}) end
  answer_json(200, { state = latest.state, text = text_of(latest), next = exports.next_number(latest) })
end

local ROUTES = {
  { "GET", "^/app/$", show },
  { "GET", "^/app/mailboxes/([^/]+)/outcome$", outcome },
  { "POST", "^/app/sign%-in$", sign_in },
  { "POST", "^/app/sign%-out$", sign_out },
  { "POST", "^/app/connect$", connect },
  { "POST", "^/app/mailboxes/([^/]+)/export$", export },
}

-- Returns the fields of a form. If several fields have the same name, the first of them counts.
local function read_form()
  ngx.req.read_body()
  local form = {}
  for name, value in pairs(ngx.req.get_post_args()) do
    form[name] = type(value) == "table" and value[1] or value
  end
  return form
end

--- Answers a request.
function page.serve()
  ngx.header["Cache-Control"] = "no-store"
  for _, route in ipairs(ROUTES) do
    local method, pattern, run = route[1], route[2], route[3]
    local from, _, id = ngx.var.uri:find(pattern)
    if from then
      if ngx.req.get_method() ~= method then
        ngx.header["Allow"] = method
        return say(405, "Not possible", "This address does not open a page.")
      end
      local session = current_session()
      local form = method == "POST" and read_form() or {}
      if method == "POST" and form.csrf ~= session.csrf then
        return say(403, "The form is too old", "Nothing was done. Open the page again.")
      end
      if method == "POST" and run ~= sign_in and not session.user then return redirect() end
      return run(session, form, id)
    end
  end
  say(404, "Not found", "There is no such page.")
end

return page
