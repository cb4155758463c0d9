-- One request from the command: what the command shows of it, when it asks first, and how it prints the answer.
local cjson = require "cjson"
local command = require "spec.support.command"
local mock = require "spec.support.mock"

local cmr, file_with = command.run, command.file_with
local unpack = table.unpack or unpack
local USER, MAILBOX = mock.USER, mock.MAILBOX

teardown(command.clean)

describe("a request of the command", function()
  local server, env

  before_each(function()
    server = mock.shared("http")
    env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = server.key}
  end)

  local function last_request()
    local requests = server:requests()
    return requests[#requests]
  end

  it("that is refused shows the counts in the refusal, wherever they are", function()
    local ended = cmr({"delete-user", USER, "--yes"}, {env = env})
    assert.equal(1, ended.status)
    assert.matches("\ncmr: mailboxCount: 1\ncmr: domainCount: 1\n", ended.err, 1, true)
    local counts = '{"mailboxCount":5,"domainCount":"\\u001b2"}'
    server:fault{status = 422, body = '{"status":422,"message":"no","data":' .. counts .. "}"}
    ended = cmr({"delete-user", USER, "--yes"}, {env = env})
    assert.matches("\ncmr: mailboxCount: 5\n", ended.err, 1, true)
    assert.not_matches("\27", ended.err, 1, true)
  end)

  describe("shown by --dry-run", function()
    local lines = {
      {"platforms", USER},
      {"reexport", "--mailbox-id", MAILBOX, "--google-app-name", "it's \"quoted\" $HOME `x` \\ \195\188\nand so on"},
      {"subscriptions", "--status", "A&B=C d%"},
      {"delete-user", "no such user"},
      {"toggle-warmup", MAILBOX},
      {"api", "PATCH", "/mailboxes/a{b}[c]", "-q", "x=1", "-q", "y=a b", "-d", '{"list": [], "n": 1}'},
    }

    -- Returns a recorded request without what differs each time that the same request is sent.
    local function sent(request)
      request.connection, request.connection_requests = nil, nil
      request.at, request.number, request.answer = nil, nil, nil
      request.body = request.body ~= "" and cjson.decode(request.body) -- the order of the members may differ
      return request
    end

    for _, line in ipairs(lines) do
      it("is what is sent: " .. line[1], function()
        cmr({"--yes", unpack(line)}, {env = env})
        local real = sent(last_request())
        server:reset{rate = 0}
        local words = {"--dry-run", unpack(line)}
        local shown = cmr(words, {env = env})
        assert.same({0, ""}, {shown.status, shown.err})
        assert.is_nil(shown.out:find(server.key, 1, true))
        assert.same({}, server:requests())
        local exported = ("export CMR_API_KEY='%s'\n"):format(server.key)
        os.execute(("LD_PRELOAD=$CMR_WITNESS sh %s >/dev/null"):format(file_with(exported .. shown.out)))
        assert.same(real, sent(last_request()))
      end)
    end

    it("is what is sent: a form", function()
      local path = file_with "picture"
      local named = path .. ' a;b,"c\\d".png'
      os.rename(path, named)
      env.CMR_ENDPOINTS = file_with '{"create_order_form": "POST /supplied/form"}'
      server:control("POST", "endpoints", {create_order_form = "POST /supplied/form"})
      local files = cjson.encode{["jane@form.com"] = named}
      local line = {"create-order-form", "--user-id", USER, "--confirm", "false", "--microsoft-oauth-route",
        "@@/etc/passwd;type=x", "--domains", '[{"domain": "form.com", "years": 1}]', "--files", files}
      local function parts()
        local found = {}
        for _, part in ipairs(last_request().parts) do
          local value = part.value and part.value:find "^%[" and cjson.decode(part.value) or part.value
          found[part.name] = {part.filename, part.type, part.md5 and not part.value and part.md5, value}
        end
        return found
      end
      assert.equal(0, cmr({"--yes", unpack(line)}, {env = env}).status)
      local real = parts()
      assert.equal("@/etc/passwd;type=x", real.microsoftOauthRoute[4])
      assert.same({"image/png"}, {real["files[jane@form.com]"][2]})
      local shown = cmr({"--dry-run", unpack(line)}, {env = env})
      assert.same({0, ""}, {shown.status, shown.err})
      assert.matches("--form 'files[jane@form.com]=@\"", shown.out, 1, true)
      local exported = ("export CMR_API_KEY='%s'\n"):format(server.key)
      os.execute(("LD_PRELOAD=$CMR_WITNESS sh %s >/dev/null"):format(file_with(exported .. shown.out)))
      assert.equal(2, #server:requests())
      assert.same(real, parts())
      os.remove(named)
      local refused = cmr({"--yes", unpack(line)}, {env = env})
      assert.equal(2, refused.status)
      assert.matches("No such file", refused.err, 1, true)
      assert.equal(2, #server:requests())
    end)

    it("needs no key and no --yes, and shows where the key comes from", function()
      local shown = cmr({"cancel-subscription", "--domain", "x.com", "--dry-run"}, {env = {CMR_CA_FILE = "/a file"}})
      assert.same({0, ""}, {shown.status, shown.err})
      assert.matches([[^printf 'cmr%-x%-api%-key: %%s' "%$CMR_API_KEY" | curl .*%-%-request POST]], shown.out)
      assert.matches("--url https://customers.coldmailreseller.com/", shown.out, 1, true)
      assert.matches("--header Expect: \\\n", shown.out, 1, true) -- curl adds this header to a long body
      assert.matches("--cacert '/a file'", shown.out, 1, true)
      shown = cmr({"users", "--dry-run", "--ca-file", "/given.pem"}, {env = {CMR_CA_FILE = "/a file"}})
      assert.matches("--cacert /given.pem", shown.out, 1, true)
      local file = file_with("another-key")
      shown = cmr({"users", "--dry-run", "--api-key-file", file}, {env = env})
      assert.matches(([[printf 'cmr-x-api-key: %%s' "$(head -n 1 %s)" | curl]]):format(file), shown.out, 1, true)
      assert.is_nil(shown.out:find("another-key", 1, true))
    end)

    it("is checked like one that is sent", function()
      assert.equal(2, cmr({"platforms", "", "--dry-run"}, {env = env}).status)
      assert.equal(2, cmr({"probe", "--dry-run"}, {env = env}).status)
      assert.same({}, server:requests())
    end)
  end)

  it("needs --yes without a terminal when it charges or destroys", function()
    local lines = {
      [{"cancel-subscription", "--domain", "x.com"}] = "cancel%-subscription destroys",
      [{"renew-domains", USER, "--domains", "all"}] = "renew%-domains charges money, means all of them",
      [{"set-domain-auto-renew", USER, "--domains", "all", "--auto-renew", "true"}] =
        "set%-domain%-auto%-renew means all of them",
      [{"api", "DELETE", "/users", "-q", "userId=x"}] = "api: a DELETE may charge or destroy",
    }
    for line, why in pairs(lines) do
      local refused = cmr(line, {env = env, stdin = "y\n"})
      assert.same({2, ""}, {refused.status, refused.out})
      assert.matches("^cmr: " .. why .. ": say %-%-yes [^\n]*; nothing was sent\n$", refused.err)
    end
    assert.same({}, server:requests())
    for line in pairs(lines) do
      line[#line + 1] = "-y"
      cmr(line, {env = env})
    end
    assert.equal(4, #server:requests())
    local one = cmr({"set-domain-auto-renew", USER, "--domains", '["doe.com"]', "--auto-renew", "true"}, {env = env})
    assert.same({0, ""}, {one.status, one.err})
  end)

  it("has the nulls and the empty lists of --json, or is refused because of them", function()
    local function body(words)
      local done = cmr(words, {env = env})
      assert.equal("", done.err)
      return done.out:match "%-%-data%-raw '(.-)'"
    end
    assert.equal('{"mailboxId":"M"}', body{"reexport", "--json", '{"mailboxId":"M"}', "--dry-run"})
    local json = '{"google":{"appName":null}}'
    local google = body{"reexport", "--mailbox-id", "M", "--json", json, "--dry-run"}:match '"google":{.-}'
    assert.equal('"google":{"appName":null}', google)
    for member, message in pairs{
      ['"google":[]'] = "option '--google' is wrong (object expected, got array)",
      ['"email":null'] = "option '--email' is wrong (string expected, got null)",
    } do
      local done = cmr({"reexport", "--json", '{"mailboxId":"M",' .. member .. "}", "--yes"}, {env = env})
      assert.equal(2, done.status)
      assert.matches(message, done.err, 1, true)
    end
    assert.same({}, server:requests())
  end)

  it("may be any: cmr api", function()
    local shown = cmr({"api", "get", "/users/list", "-q", "page=1", "--query=limit=5", "--output", "csv"}, {env = env})
    assert.same({0, ""}, {shown.status, shown.err})
    assert.matches("^id,email,", shown.out)
    assert.same({page = "1", limit = "5"}, last_request().query)
    local body = ('{"mailboxId": "%s"}'):format(MAILBOX)
    for _, data in ipairs{body, "@" .. file_with(body), "-"} do
      local done = cmr({"api", "POST", "/mailboxes/oauth", "--data", data, "-y"}, {env = env, stdin = body})
      assert.same({0, ""}, {done.status, done.err})
      assert.same({mailboxId = MAILBOX}, cjson.decode(last_request().body))
    end
    for _, data in ipairs{'{"a":null}', '{"a":[]}', "[]", "{}", '[null,[],{},{"a":{"b":null,"c":[[]]}}]'} do
      cmr({"api", "POST", "/nowhere", "--data", data, "-y"}, {env = env})
      local sent_text = last_request().body:gsub('"c":%[%[%]%],"b":null', '"b":null,"c":[[]]') -- in any order
      assert.equal(data, sent_text)
    end
    local mistakes = {
      [{"api", "GET"}] = "missing argument 'PATH'",
      [{"api", "GET", "/x?y=1"}] = "the path has no query: give it as -q NAME=VALUE",
      [{"api", "GET", "/x", "-q", "y"}] = "option '--query' wants NAME=VALUE, not 'y'",
      [{"api", "GET", "/x", "-q", "y=1", "-q", "y=2"}] = "option '--query': 'y' is given twice",
      [{"api", "GET", "x"}] = "argument PATH is wrong (it must start with one '/')",
      [{"api", "FETCH", "/x", "-y"}] = "argument METHOD is wrong (GET, POST, PUT, PATCH or DELETE expected)",
      [{"api", "POST", "/x", "-d", "1", "-y"}] = "option '--data' wants a JSON object",
    }
    for line, message in pairs(mistakes) do
      local expected = {status = 2, out = "", err = ("cmr: %s\nTry 'cmr api --help'.\n"):format(message)}
      assert.same(expected, cmr(line, {env = env}))
    end
    local lost = cmr({"api", "GET", "/nowhere"}, {env = env})
    assert.equal(1, lost.status)
    assert.matches("^cmr: GET /nowhere: HTTP 404", lost.err)
  end)

  it("logs with -v the request, its attempts and the reasons for retries", function()
    server:fault{match = {operation = "platforms"}, status = 429, headers = {["X-Request-Id"] = "req_1"}, times = 1}
    local told = cmr({"platforms", USER, "-v", "--field", "data.EMAILBISON.connected"}, {env = env})
    assert.same({0, "true\n"}, {told.status, told.out})
    local lines = {}
    for line in told.err:gmatch("[^\n]+") do lines[#lines + 1] = line end
    assert.equal(4, #lines, told.err)
    assert.equal("* GET " .. server.base_url .. "/exports/platform-credentials?userId=" .. USER, lines[1])
    assert.matches("^%* platforms, attempt 1: HTTP 429, HTTP/1.1, new connection, request id req_1, 0%.%d+ s "
      .. "%(.*first byte 0%.%d+%)$", lines[2])
    assert.matches("^%* platforms, attempt 1: .*429.*; the next one in %d+%.%d s$", lines[3])
    assert.matches("^%* platforms, attempt 2: HTTP 200, HTTP/1.1, connection used again", lines[4])
    told = cmr({"api", "GET", "/no_such-thing", "-v"}, {env = env}).err
    assert.matches("\n* GET /no_such-thing, attempt 1: HTTP 404, HTTP/1.1, new connection, 0.", told, 1, true)
    local secure = mock.shared("tls")
    local settings = {CMR_BASE_URL = secure.base_url, CMR_API_KEY = secure.key, CMR_CA_FILE = secure.ca_file}
    told = cmr({"platforms", USER, "--verbose"}, {env = settings})
    assert.matches("HTTP 200, HTTP/2, TLSv1%.[23], new connection, .* secured 0%.", told.err)
    assert.is_nil(told.err:find(secure.key, 1, true))
  end)

  it("is sent only when the command has all the files that it needs, however few it may open", function()
    for _, form in ipairs{"json", "table"} do
      server:reset()
      local done
      for most = 10, 60 do
        local through = ([[sh -c 'ulimit -n %d; exec "$@"' sh]]):format(most)
        done = cmr({"reexport", "--mailbox-id", MAILBOX, "--output", form, "--retries", "0"},
          {env = env, through = through})
        assert.is_nil(done.err:find("internal error", 1, true), done.err)
        if done.status == 0 then break end
        assert.equal(0, #server:requests(), done.err)
      end
      assert.equal(0, done.status)
      assert.matches("ACT_", done.out)
    end
  end)

  it("is answered in many forms", function()
    local function shown(...)
      local done = cmr({...}, {env = env})
      assert.same({0, ""}, {done.status, done.err})
      return done.out
    end
    local users = cjson.decode(shown("users")).data.users
    local items = {}
    for line in shown("users", "--output", "jsonl"):gmatch("([^\n]*)\n") do items[#items + 1] = cjson.decode(line) end
    assert.same(users, items)
    assert.equal(USER .. "\n", shown("users", "--field", "data.users.id"))
    assert.equal(USER .. "\n", shown("users", "--field", "data.users.0.id"))
    assert.same(users[1], cjson.decode(shown("users", "--field", "data.users.0", "--output", "json")))
    assert.matches("^name,code\r\n", shown("countries", "--output", "csv"))
    assert.matches("\r\nIndia,IN\r\n", shown("countries", "--output", "csv"))
    assert.equal("US\n", shown("countries", "--field", "data.United States"))
    assert.equal(1, select(2, shown("reexport", "--mailbox-id", MAILBOX, "--output", "jsonl"):gsub("\n", "")))
    local missing = cmr({"users", "--field", "data.user"}, {env = env})
    assert.same({status = 1, out = "",
      err = "cmr: no field 'data.user' in the answer: data has pagination, users\n"}, missing)
    local none = cmr({"domains", "nobody", "--output", "table"}, {env = env})
    assert.same({status = 0, out = "", err = "cmr: the list is empty\n"}, none)
    assert.equal("", shown("domains", "nobody", "--output", "jsonl"))
    assert.equal("", shown("domains", "nobody", "--output", "csv"))
  end)

  it("has a hint in the words of a shell when it fails", function()
    local function err(line, settings)
      local failed = cmr(line, {env = settings or env})
      assert.is_true(failed.status > 0)
      return failed.err
    end
    assert.matches("\ncmr: hint: is this the key for that base URL%? CMR_API_KEY or %-%-api%-key%-file",
      err({"users"}, {CMR_BASE_URL = server.base_url, CMR_API_KEY = "wrong"}))
    assert.matches("^cmr: the path of wallet is not documented: .* {\"wallet\": \"GET /path\"} to a file .*\n",
      err{"wallet"})
    assert.matches("^cmr: missing option '%-%-mailbox%-id' or '%-%-email'\n", err{"reexport"})
    assert.matches("^cmr: option '%-%-domains' is empty %(the word all means all of them%)\n",
      err{"renew-domains", USER, "--domains", "[]"})
    assert.matches("^cmr: argument USER_ID is empty\n", err{"delete-user", ""})
    assert.matches("^cmr: CMR_BASE_URL is wrong %(plain http .*: use https%)\n",
      err({"users"}, {CMR_BASE_URL = "http://x.example", CMR_API_KEY = "k"}))
    assert.matches("^cmr: option '%-%-base%-url' is wrong %(", err{"users", "--base-url", "http://x.example"})
    assert.matches("^cmr: option '%-%-rate' is wrong %(a number from 0%.001 to 1000000 or off expected, got 0%)\n",
      err{"users", "--rate", "0"})
    assert.matches("^cmr: CMR_ENDPOINTS: bad entry 'zork' %(", err({"users"}, {CMR_API_KEY = "another",
      CMR_ENDPOINTS = file_with('{"zork": "GET /x"}')}))
    assert.matches("(did you mean '--google-client-id'?)", err{"reexport", "--client-id", "x"}, 1, true)
    server:fault{match = {operation = "platforms"}, status = 429, headers = {["Retry-After"] = "400000"},
      body = {status = 429, message = "Too many requests"}}
    assert.matches("\ncmr: retry after 4 days 15 hours\n", err{"platforms", USER})
  end)

  it("lists the items that the API refused, and ends with 3", function()
    local function answered(operation, data, ...)
      server:fault{match = {operation = operation}, status = 200, body = {status = 200, message = "ok", data = data}}
      local ended = cmr({...}, {env = env})
      return {ended.status, ended.err}
    end
    local line = {"renew-domains", USER, "--domains", '["a.com","b.com"]', "--yes"}
    local one = {domainName = "a.com", success = false, message = "too early"}
    local two = {domainName = "b.com", success = false}
    assert.same({3, "cmr: 1 item was refused:\ncmr:   a.com: too early\n"},
      answered("renew_domains", {one}, unpack(line)))
    assert.same({3, "cmr: 2 items were refused:\ncmr:   a.com: too early\ncmr:   b.com: no reason is given\n"},
      answered("renew_domains", {one, two}, unpack(line)))
    assert.same({3, "cmr: 1 item was refused:\ncmr:   x.com: not available\n"},
      answered("create_order", {orderId = "ORD_1", unavailableDomains = {"x.com"}}, "create-order", USER, "--confirm",
        "true", "--yes", "--json", '{"domains": [{"domain": "x.com", "years": 1}]}'))
    assert.same({0, ""}, answered("domain_renewal_prices", {one, two}, "domain-renewal-prices", USER, "--domains",
      '["a.com","b.com"]'))
  end)

  describe("whose answer cannot be printed", function()
    local ORDER = {"create-order", USER, "--confirm", "true", "--yes", "--json",
      '{"domains": [{"domain": "x.com", "years": 1}, {"domain": "y.com", "years": 1}]}'}
    local ACCEPTED = "cmr: the API accepted the request (order ORD_1, action ACT_1): do not send it again\n"
      .. 'cmr: its answer, with secrets masked: {"status":200,"message":"ok","data":{"orderId":"ORD_1",'
      .. '"password":"***","unavailableDomains":["x.com"]},"actionId":"ACT_1"}\n'
    local REFUSED = "cmr: 1 item was refused:\ncmr:   x.com: not available\n"

    local function order(more, options)
      local words = {unpack(ORDER)}
      for _, word in ipairs(more or {}) do words[#words + 1] = word end
      options = options or {}
      options.env = env
      return cmr(words, options)
    end

    it("says that the API accepted it, and shows its ids, its answer and what the API refused", function()
      for _, case in ipairs{
        {{"--field", "data.order.id"}, nil, "no field 'data.order.id' in the answer: data has orderId, password, "
          .. "unavailableDomains"},
        {{"--output", "csv", "--columns", "nope"}, nil, "no column 'nope'; there are "},
        {nil, {lead = "exec >/dev/full;"}, "cannot write the output: No space left on device"},
        {nil, {lead = "exec >&-;"}, "cannot write the output: Bad file descriptor"},
      } do
        server:reset()
        local data = {orderId = "ORD_1", password = "hunter-two", unavailableDomains = {"x.com"}}
        server:fault{match = {operation = "create_order"}, status = 200, times = 1,
          body = {status = 200, message = "ok", actionId = "ACT_1", data = data}}
        local options = case[2] and {lead = case[2].lead, after = "| cat >/dev/null; true"} or nil
        local ended = order(case[1], options)
        assert.same({1, ""}, {ended.status, ended.out}, ended.err)
        local first, rest = ended.err:match "^cmr: ([^\n]*)\n(.*)$"
        assert.equal(case[3], first:sub(1, #case[3]))
        assert.equal(ACCEPTED .. REFUSED, rest)
        assert.equal(1, #server:requests())
      end
    end)

    it("says that nothing was done if the API refused every item", function()
      server:fault{match = {operation = "renew_domains"}, status = 200, body = {status = 200, message = "ok",
        actionId = "ACT_1", data = {{domainName = "a.com", success = false, message = "too early"}}}}
      local ended = cmr({"renew-domains", USER, "--domains", '["a.com"]', "--yes", "--field", "data.none"}, {env = env})
      assert.equal(1, ended.status)
      assert.matches("\ncmr: outcome: rejected, the server refused it, so nothing was done\n"
        .. "cmr: its answer, with secrets masked: {[^\n]*}\n"
        .. "cmr: 1 item was refused:\ncmr:   a.com: too early\n$", ended.err)
    end)

    it("says that it was accepted when the reader of the output has gone", function()
      for _, trap in ipairs{"", "trap '' PIPE;"} do
        server:reset()
        local gone = cmr({"reexport", "--mailbox-id", MAILBOX}, {env = env, lead = "sleep 0.5;" .. trap,
          after = "| true"})
        assert.equal(141, gone.status)
        assert.matches("^cmr: the API accepted the request %(action ACT_[%x-]+%): do not send it again\n"
          .. "cmr: its answer, with secrets masked: {[^\n]*}\n$", gone.err)
      end
    end)

    it("says that it was accepted for any request: cmr api", function()
      local ended = cmr({"api", "POST", "/mailboxes/oauth", "-d", ('{"mailboxId": "%s"}'):format(MAILBOX), "-y",
        "--field", "data.none"}, {env = env})
      assert.equal(1, ended.status)
      assert.matches("^cmr: no field 'data.none' [^\n]*\ncmr: the API accepted the request %(action ACT_[%x-]+%): "
        .. "do not send it again\ncmr: its answer", ended.err)
    end)

    it("says nothing about a read, which can be repeated", function()
      local ended = cmr({"users", "--field", "data.none"}, {env = env})
      assert.equal(1, ended.status)
      assert.matches("^cmr: no field 'data.none' [^\n]*\n$", ended.err)
    end)
  end)

  it("shows an empty list as a list, and other empty values as objects", function()
    local nothing = cjson.decode "{}"
    for name, case in pairs{
      users = {nothing, '"data":[]'}, platforms = {nothing, '"data":{}'}, domains = {{other = nothing}, '"other":{}'},
    } do
      server:fault{match = {operation = name}, status = 200, body = {status = 200, message = "ok", data = case[1]}}
      local words = {name, "--compact", "--output", "json"}
      if name ~= "users" then words[#words + 1] = USER end
      local shown = cmr(words, {env = env})
      assert.matches(case[2], shown.out, 1, true)
    end
  end)

  it("waits for its slot, which all commands with a ledger share", function()
    env.CMR_LEDGER = command.ledger()
    assert.equal(0, cmr({"users", "--rate", "0.02"}, {env = env}).status) -- the next slot is in 50 s
    for _, line in ipairs{{"users", "--timeout", "0.5"}, {"users", "--all", "--timeout", "0.5"},
      {"reexport", "--email", "a@b.c", "--timeout", "0.5"}} do
      local late = cmr(line, {env = env})
      assert.equal(1, late.status)
      assert.matches("the next request may leave in [45]%d", late.err)
    end
    assert.equal(1, #server:requests())
    assert.equal(0, cmr({"users", "--rate", "off"}, {env = env}).status)
    assert.equal(0, cmr({"users", "--no-ledger", "--timeout", "5"}, {env = env}).status)
    assert.equal(3, #server:requests())
  end)

  it("ends quietly when its reader stops", function()
    local head = cmr({"users", "--output", "jsonl"}, {env = env, lead = "sleep 0.1;", after = "| head -c 1"})
    assert.equal("", head.err)
    assert.is_true(head.status == 0 or head.status == 141)
  end)
end)
