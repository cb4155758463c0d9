-- `cmr probe` as a shell runs it: what it requests, what it finds, and what it does not reveal.
local cjson = require "cjson"
local command = require "spec.support.command"
local core = require "cmr.core"
local mock = require "spec.support.mock"
local populate = require "spec.support.populated"

local server, env

before_each(function()
  server = mock.shared("http")
  env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = server.key}
end)

teardown(command.clean)

-- Runs `cmr probe` without pacing, with these further arguments.
local function probe(...)
  return command.run({"probe", "--rate", "off", "--retries", "0", ...}, {env = env})
end

-- Returns the sorted ids of the facts with this verdict. `report` is the decoded JSON report.
local function ids(report, verdict)
  local list = {}
  for _, fact in ipairs(report.facts) do
    if fact.verdict == verdict then list[#list + 1] = fact.id end
  end
  table.sort(list)
  return list
end

local function section(text, title)
  return text:match("\n## " .. title .. "\n\n(.-)\n\n")
end

-- Sends the nth request of an operation again, and returns the body of the answer.
local function again(requests, operation, nth)
  for _, request in ipairs(requests) do
    if request.operation == operation then nth = nth - 1 end
    if nth == 0 then
      local url = server.base_url:match("^%a+://[^/]+") .. request.path .. "?" .. request.raw_query
      return server:request("GET", url, {key = false,
        headers = {["cmr-x-api-key"] = request.headers["cmr-x-api-key"]}}).body
    end
  end
end

describe("cmr probe", function()
  it("confirms all facts with the mock, in a report in Markdown", function()
    populate(server)
    local before = #server:requests()
    local shown = probe()
    assert.same({0, ""}, {shown.status, shown.err})
    assert.matches("^# Report of cmr probe\n\ncmr %d+%.%d+%.%d+ %(.*%)%. 26 requests, ", shown.out)
    assert.matches("to an API that is not the production API", shown.out, 1, true)
    assert.is_nil(section(shown.out, "Contradicted"))
    assert.is_nil(section(shown.out, "Not seen"))
    assert.matches("\n- `no_user.status` (assumed): a missing userId is refused with HTTP 400 or 422. "
      .. "Seen: HTTP 422.\n", shown.out, 1, true)
    assert.matches("\n- `users.list`: data.users.\n", shown.out, 1, true)
    assert.matches("\n- Not documented: .*wallet.*%.\n", shown.out)
    assert.matches("\n%d+ confirmed, 0 contradicted, 0 not seen, %d+ discoveries%.\n\nThis report holds no key, .*\n$",
      shown.out)
    assert.equal(26, #server:requests() - before)
  end)

  it("says of each fact whether it is documented or assumed", function()
    local sources = {}
    for _, fact in ipairs(cjson.decode(probe("--output", "json").out).facts) do sources[fact.id] = fact.source end
    assert.same({"documented", "assumed", "documented", "assumed"},
      {sources["subscriptions.limit"], sources["users.limit"], sources["users.path"], sources["no_user.status"]})
  end)

  it("only reads, and lists everything that it read", function()
    populate(server)
    local before = #server:requests()
    local report = cjson.decode(probe("--output", "json").out)
    local requests = server:requests()
    assert.equal(#report.requests, #requests - before)
    for index, asked in ipairs(report.requests) do
      local request = requests[before + index]
      assert.same({"GET", "", asked.operation, asked.status},
        {request.method, request.body, request.operation, request.status})
      assert.not_equal("mailbox_admin", request.operation)
      local key = asked.step == "wrong key" and "cmr-probe-wrong-key" or server.key
      assert.equal(key, request.headers["cmr-x-api-key"])
    end
  end)

  it("gives the same report as data", function()
    populate(server)
    local text, compact = probe().out, probe("--output", "json", "--compact").out
    assert.matches("^[^\n]+\n$", compact)
    local report = cjson.decode(compact)
    for _, form in ipairs{"csv", "table"} do
      local shown = probe("--output", form).out
      assert.matches(form == "csv" and "^verdict,id,source,expected,found\r\n" or "^VERDICT +ID +", shown)
      assert.equal(#report.facts + 1, select(2, shown:gsub("\n", "")))
    end
    assert.equal(#report.facts, select(2, probe("--output", "jsonl").out:gsub("\n", "")))
    for _, words in ipairs{{}, {"--output", "json"}} do
      words[#words + 1] = "--field"
      words[#words + 1] = "counts.contradicted"
      assert.equal("0\n", probe((table.unpack or unpack)(words)).out)
    end
    local version = command.run{"--version"}.out:gsub("\n$", "")
    assert.is_truthy(text:find("\n\n" .. version .. ". ", 1, true))
    assert.same({report.counts.confirmed, 0, 0, report.counts.discoveries}, {#report.facts, report.counts.contradicted,
      report.counts.not_seen, #report.discoveries})
    assert.is_true(#report.facts > 50)
    assert.is_false(report.production)
    for _, fact in ipairs(report.facts) do
      local line = ("\n- `%s` (%s): %s. Seen: %s.\n"):format(fact.id, fact.source, fact.expected, fact.found)
      assert.is_truthy(text:find(line, 1, true), line)
    end
    for _, discovery in ipairs(report.discoveries) do
      assert.is_truthy(text:find(("\n- `%s`: %s.\n"):format(discovery.id, discovery.found), 1, true), discovery.id)
    end
  end)

  it("names the five facts that were changed, and no other", function()
    populate(server)
    probe()
    local requests = server:requests()
    -- Edits the answer to the nth request of an operation. Its earlier requests get their usual answers.
    local function change(operation, nth, edit)
      local body = again(requests, operation, nth)
      local status = edit(body)
      if nth > 1 then server:fault{match = {operation = operation}, times = nth - 1} end
      server:fault{match = {operation = operation}, status = status or body.status, body = body}
    end
    change("countries", 1, function(body)
      body.status = 403
      return 403
    end)
    change("states", 1, function(body) body.message = nil end)
    change("subscriptions", 1, function(body)
      local pagination = body.data.pagination
      pagination.total, pagination.totalSearchedCount = pagination.totalSearchedCount, nil
    end)
    change("platforms", 3, function(body)
      local credential = body.data.EMAILBISON.credentials[1]
      credential.lastUsed, credential.connectedAt = credential.connectedAt, nil
    end)
    local page_1 = again(requests, "prewarmed", 1)
    server:fault{match = {operation = "prewarmed"}}
    server:fault{match = {operation = "prewarmed"}, body = page_1}

    local shown = probe()
    assert.same({1, ""}, {shown.status, shown.err})
    local five = {}
    for id in section(shown.out, "Contradicted"):gmatch("%- `(.-)`") do five[#five + 1] = id end
    table.sort(five)
    assert.same({"envelope.message", "key.wrong_status", "platforms.fields", "prewarmed.page",
      "subscriptions.pagination"}, five)
    local contradicted = section(shown.out, "Contradicted")
    assert.matches("Seen: HTTP 403.", contradicted, 1, true)
    assert.matches("Seen: not true of: states.", contradicted, 1, true)
    assert.matches("Seen: missing or null: totalSearchedCount.", contradicted, 1, true)
    assert.matches("Seen: missing or null: credentials[].connectedAt.", contradicted, 1, true)
    assert.matches("Seen: page 2 repeats page 1.", contradicted, 1, true)
    assert.matches("`platforms.fields`: data.EMAILBISON.credentials[]: lastUsed string.", shown.out, 1, true)
    assert.matches(", 5 contradicted, 0 not seen, ", shown.out, 1, true)
  end)

  it("says what it did not see, and why", function()
    local report = cjson.decode(probe("--output", "json").out)
    assert.same({}, ids(report, "contradicted"))
    local reasons = {}
    for _, fact in ipairs(report.facts) do
      if fact.verdict == "not seen" then reasons[fact.id] = fact.found end
    end
    assert.equal("there is only one item", reasons["users.limit"])
    assert.equal("not asked: there is only one item", reasons["users.page"])
    assert.equal("not asked: the list is empty", reasons["placement_reports.page"])
    assert.equal("both are empty", reasons["dns_records.fields"])

    server:fault{match = {operation = "states"}, status = 503}
    server:fault{match = {operation = "user"}, times = 2, close = true}
    server:fault{match = {operation = "mailbox"}, status = 403}
    report = cjson.decode(probe("--output", "json").out)
    assert.same({}, ids(report, "contradicted"))
    for _, fact in ipairs(report.facts) do reasons[fact.id] = fact.verdict .. ": " .. fact.found end
    assert.equal("not seen: HTTP 503", reasons["states.path"])
    assert.equal("not seen: no answer (network)", reasons["user.path"])
    assert.equal("not seen: HTTP 403", reasons["mailbox.path"])
  end)

  it("reads the data of the given user", function()
    server:add_user("GIVENUSER")
    server:add_mailbox{mailboxId = "GIVENMAILBOX", email = "given@given.example", userId = "GIVENUSER"}
    assert.equal(0, probe("GIVENUSER").status)
    local seen = {}
    for _, request in ipairs(server:requests()) do
      local query = request.query
      if query.userId and query.userId ~= "CMR0PROBE0NO0SUCH0USER000000" then seen[query.userId] = true end
      if query.domain then seen[query.domain] = true end
      if query.mailboxId then seen[query.mailboxId] = true end
    end
    assert.same({GIVENUSER = true, ["given.example"] = true, GIVENMAILBOX = true}, seen)

    local shown = probe("STRANGER")
    assert.same({0, ""}, {shown.status, shown.err})
    assert.matches("HTTP 404, but the given user may belong to another partner.", shown.out, 1, true)
    assert.matches("not asked: the API does not know the given user.", shown.out, 1, true)
    assert.is_nil(shown.out:find("STRANGER", 1, true))
  end)

  it("is paced like every call", function()
    local begun = core.now()
    local shown = command.run({"probe"}, {env = env})
    assert.same({0, ""}, {shown.status, shown.err})
    local gaps = #server:requests() - 2 -- one request has a key of its own, so it does not wait for the others
    assert.is_true(gaps > 4)
    assert.is_true(core.now() - begun > gaps / 4 - 0.1) -- 4 requests a second
  end)

  it("reports HTTP/2 if the server has it", function()
    local tls = mock.shared("tls")
    local shown = command.run({"probe", "--rate", "off"},
      {env = {CMR_BASE_URL = tls.base_url, CMR_API_KEY = tls.key, CMR_CA_FILE = tls.ca_file}})
    assert.matches("\n- `http.version`: HTTP/2.\n", shown.out, 1, true)
    assert.matches("\n- `http.version`: HTTP/1.1.\n", probe().out, 1, true)
  end)
end)

describe("cmr probe does not reveal", function()
  local own = {GOOGLE = true, MICROSOFT = true} -- these words are in the report's own text

  -- Collects the strings of a value that are longer than three bytes and not in `own`. If `map` is true, the names of
  -- the value's members count as strings too.
  local function texts(value, found, map)
    if type(value) == "string" and #value > 3 and not own[value] then found[value] = true end
    if type(value) ~= "table" then return found end
    for name, member in pairs(value) do
      if map then texts(name, found) end
      texts(member, found)
    end
    return found
  end

  it("the key, and any value of an answer", function()
    populate(server)
    probe()
    local secrets, count = {[server.key] = true, [mock.USER] = true, [server.base_url] = true}, 0
    for _, request in ipairs(server:requests()) do
      if request.method == "GET" then
        local body = again({request}, request.operation, 1)
        texts(body.data, secrets, request.operation == "countries" or request.operation == "states")
      end
    end
    for _, shown in ipairs{probe(), probe("--output", "json"), probe(mock.USER)} do
      assert.equal(0, shown.status)
      for secret in pairs(secrets) do
        count = count + 1
        assert.is_nil(shown.out:find(secret, 1, true), secret)
      end
    end
    assert.is_true(count > 150)
    for _, expected in ipairs{"john@doe.com", "A1B2C3D4E5F6G7H8", "TechCorp Inc.", "California", "192.0.2.10"} do
      assert.is_true(secrets[expected], expected) -- so the searches above looked for the mock's real values
    end
  end)

  it("names that are values", function()
    local private = {"4915112345678", "usr_abc123", "BVZGM5TE9BMP3PP0VWGW943RGV1C", "JKFLDKDHSKTGITJAGFD",
      "jane@doe.com", "jwilson", "private.example", "Jane", "Jane Roe", "first name", "hidden", "Secret Message",
      server.key}
    local data = {byNumber = {}, owner = "hidden", email = "jwilson@x.example"}
    for _, name in ipairs(private) do
      data[name] = {name}
      data.byNumber[name] = "x"
    end
    local body = {status = 200, message = "Secret Message", data = data, byName = {jane = {a = 1}, joe = {a = 2}}}
    for _, options in ipairs{{"--compact"}, {"--output", "json"}} do
      for _, operation in ipairs{"user", "mailbox", "states", "platforms", "domains", "users"} do
        server:fault{match = {operation = operation}, times = operation == "platforms" and 3 or 1, body = body}
      end
      local shown = probe((table.unpack or unpack)(options))
      assert.equal(1, shown.status)
      assert.matches("byName%.%*: a number", shown.out)
      for _, name in ipairs(private) do assert.is_nil(shown.out:find(name, 1, true), name) end
      assert.is_nil(shown.out:find("jane", 1, true))
    end
  end)

  it("names that are recognised only by the values", function()
    local data = {hidden = 1, visible = true, owner = "hidden", email = "jwilson@x.example", jwilson = {a = 1}}
    server:fault{match = {operation = "mailbox"}, body = {status = 200, message = "", data = data}}
    assert.matches("`mailbox.fields`: data: * number or object, email string, owner string, visible boolean; "
      .. "data.*: a number.", probe().out, 1, true)
  end)
end)

describe("cmr probe ends early", function()
  local function failed(message, shown)
    assert.same({status = 1, out = "", err = "cmr: " .. message .. "\n"}, shown)
  end

  it("when no server answers", function()
    env.CMR_BASE_URL = "http://127.66.66.66:1" -- nothing listens there
    local shown = probe()
    assert.same({1, ""}, {shown.status, shown.out})
    assert.matches("^cmr: the API cannot be reached: [^\n]+\n$", shown.err)
  end)

  it("when the key is refused", function()
    env.CMR_API_KEY = "not-the-key"
    failed("the API refuses the key (HTTP 401): nothing else was tried", probe())
    assert.equal(1, #server:requests())
  end)

  it("when something other than the API answers", function()
    server:fault{match = {operation = "subscriptions"}, body = "<html>Welcome, Jane Roe</html>"}
    failed("the answer does not come from the API (HTTP 200, but no JSON object)", probe())
  end)

  it("when the API stops answering, and reports what it saw", function()
    server:fault{match = {operation = "users"}, times = 2, close = true} -- a GET is sent twice, on two connections
    server:fault{match = {operation = "countries"}, times = 2, status = 502}
    local report = cjson.decode(probe("--output", "json").out)
    assert.equal(4, #report.requests)
    local last = report.facts[#report.facts]
    assert.same({}, ids(report, "contradicted"))
    assert.equal("times", last.id)
    for _, fact in ipairs(report.facts) do
      if fact.id == "prewarmed.path" then assert.equal("not asked: the API had stopped answering", fact.found) end
    end
  end)

  it("when the command line is wrong", function()
    for _, case in ipairs{
      {{""}, "argument USER_ID is empty"},
      {{"A", "B"}, "too many arguments (usage: cmr probe [-h] [<USER_ID>])"},
      {{"--retries", "1.5"}, "option '--retries' wants a whole number, not '1.5'"},
    } do
      local shown = probe((table.unpack or unpack)(case[1]))
      assert.same({status = 2, out = "", err = ("cmr: %s\nTry 'cmr probe --help'.\n"):format(case[2])}, shown)
    end
    env.CMR_API_KEY = nil
    assert.equal(2, probe().status)
    assert.same({}, server:requests())
  end)
end)

describe("cmr probe is loaded", function()
  it("only by cmr probe", function()
    local code = [[local main = require("cmr.cli").main; main{%s}
      for name in pairs(package.loaded) do if name:find("^cmr%%.probe") then io.stderr:write("loaded\n") end end]]
    for words, expected in pairs{['"operations"'] = "", ['"probe", "--help"'] = "", ['"probe"'] = "loaded\n"} do
      local err = command.file_with("")
      os.execute(("CMR_API_KEY=k CMR_BASE_URL=%s %s >/dev/null 2>%s"):format(server.base_url,
        command.lua("-e", code:format(words)), err))
      assert.equal(expected, command.read(err):match("loaded\n") or "", words)
    end
  end)
end)
