-- The mock refuses what no document allows, so that a mistake is found before it reaches the API. The answer says that
-- this is an assumption.
local cjson = require "cjson"
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"

local BASE = "/api/v1/integration"

describe("the mock is strict:", function()
  local server, port

  before_each(function()
    server = mock.shared("http")
    port = server.base_url:match ":(%d+)"
  end)

  local function send(method, path, body, content_type, more)
    local headers = {["cmr-x-api-key"] = server.key, ["Content-Type"] = content_type or "application/json"}
    if content_type == false then headers["Content-Type"] = nil end
    for name, value in pairs(more or {}) do headers[name] = value end
    return http.send(port, BASE .. path, {method = method, headers = headers, body = body}):answer()
  end

  local function refused(message, answered)
    assert.equal(400, answered.status, answered.body)
    assert.matches(message, cjson.decode(answered.body).message, 1, true)
    assert.is_string(answered.headers["x-mock-assumed"], message)
  end

  it("an unknown member of the body is refused, by every operation whose fields are documented", function()
    for _, row in ipairs(operations) do
      if row.path and row.method ~= "GET" and row.open_location ~= "body" then
        refused("'zork' is not a known field", send(row.method, row.path, '{"zork": 1}'))
      end
    end
  end)

  it("an unknown member of the query is refused, by every operation whose fields are documented", function()
    for _, row in ipairs(operations) do
      if row.path and row.open_location ~= "query" then
        refused("'zork' is not a known field", send(row.method or "POST", row.path .. "?zork=1"))
        refused("'zork' is not a known field", send(row.method or "POST", row.path .. "?zork"))
      end
    end
    refused("'mailboxId' is not a known field", send("POST", "/mailboxes/oauth?mailboxId=" .. mock.MAILBOX, "{}"))
  end)

  it("an unknown member of the query is accepted where the fields are undocumented", function()
    assert.equal(200, send("GET", "/users/list?zork=1").status)
    assert.equal(200, send("GET", "/mailboxes/single?zork=1&userId=" .. mock.USER).status)
  end)

  it("a read that the user sends by POST may have undocumented fields in the body, and none in the query", function()
    server:control("POST", "endpoints", {users = "POST /my/users"})
    assert.equal(200, send("POST", "/my/users", '{"zork": 1}').status)
    refused("'zork' is not a known field", send("POST", "/my/users?zork=1", "{}"))
    server:control("POST", "endpoints", {users = "GET /my/users"})
    assert.equal(200, send("GET", "/my/users?zork=1").status)
  end)

  it("an unknown member inside a field is refused", function()
    local user = "?userId=" .. mock.USER
    refused("'google.clientid' is not a known field",
      send("POST", "/mailboxes/oauth", '{"mailboxId": "M", "google": {"clientid": "x"}}'))
    refused("'domains[0].year' is not a known field", send("POST", "/orders/json" .. user,
      '{"confirm": false, "domains": [{"domain": "a.com", "years": 1, "year": 1}]}'))
    local mailbox = '{"username": "a", "firstName": "A", "lastName": "B", "userName": "c"}'
    refused("'mailboxes.a.com[0].userName' is not a known field", send("POST", "/orders/json" .. user,
      ('{"confirm": false, "mailboxes": {"a.com": [%s]}}'):format(mailbox)))
  end)

  it("another content type is refused", function()
    local body = '{"mailboxId": "' .. mock.MAILBOX .. '"}'
    for _, content_type in ipairs{"text/plain", "application/x-www-form-urlencoded", "application/jsonx",
      "multipart/form-data; boundary=x", false} do
      refused("application/json", send("POST", "/mailboxes/oauth", body, content_type))
    end
    for _, content_type in ipairs{"application/json", "application/json; charset=utf-8", "Application/JSON ;a=b"} do
      assert.equal(200, send("POST", "/mailboxes/oauth", body, content_type).status, content_type)
    end
    assert.equal(200, send("GET", "/exports/platform-credentials?userId=" .. mock.USER, nil, false).status)
  end)

  it("a number that is not one in JSON is refused", function()
    for _, number in ipairs{"NaN", "-NaN", "nan", "Infinity", "-Infinity", "inf", "0x10", "0X1F", "+1", "01", ".5"} do
      for _, path in ipairs{"/mailboxes/warmup/settings?mailboxId=" .. mock.MAILBOX} do
        refused("Malformed JSON", send("PATCH", path, ('{"warmupLimit": %s}'):format(number)))
      end
    end
    for _, number in ipairs{"0x10", "nan", "inf", "1e400", "+1", "1.5", "-1", "0", "", "%201"} do
      local answered = send("GET", "/subscriptions?page=" .. number)
      assert.equal(400, answered.status, number)
    end
  end)

  describe("a form", function()
    local PATH = "/made-up/form?userId=" .. mock.USER

    before_each(function() server:control("POST", "endpoints", {create_order_form = "POST /made-up/form"}) end)

    local function part(head, content) return "--b\r\n" .. head .. "\r\n\r\n" .. content .. "\r\n" end

    local function text(name, value) return part(('Content-Disposition: form-data; name="%s"'):format(name), value) end

    local function file(name, filename, content_type)
      local head = 'Content-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s'
      return part(head:format(name, filename, content_type), "bytes")
    end

    local ORDER = text("confirm", "false") .. text("domains", '[{"domain": "form.com", "years": 1}]')

    local function form(body) return send("POST", PATH, body .. "--b--\r\n", "multipart/form-data; boundary=b") end

    it("is accepted in a browser's and in libcurl's form", function()
      assert.equal(200, form(ORDER).status)
      assert.equal(200, form(text("confirm", "false") .. text("domains", '[{"domain": "b.com", "years": 1}]')
        .. file("files[a@b.com]", "a.png", "image/png")).status)
      assert.equal(200, send("POST", PATH, "preamble\r\n" .. ORDER:gsub("form.com", "c.com"):gsub("%-%-b\r\n",
        "--b  \r\n") .. "--b--", 'multipart/form-data; charset=x; boundary="b"').status)
    end)

    it("that is malformed is refused", function()
      for _, body in ipairs{"", "--b", "--b\r\n", "--b\r\nContent-Disposition: form-data; name=a\r\n", ORDER,
        "--c\r\n\r\n--c--", "--b\r\n\r\nx\r\n--b--", part("Content-Disposition: form-data", "x") .. "--b--",
        part("Content-Disposition: attachment; name=\"a\"", "x") .. "--b--", part("no header", "x") .. "--b--",
        part('Content-Disposition: form-data; name="a"; name="b"', "x") .. "--b--"} do
        refused("Malformed form", send("POST", PATH, body, "multipart/form-data; boundary=b"))
      end
      for _, content_type in ipairs{"multipart/form-data; charset=b", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" .. ("b"):rep(71)} do
        refused("Malformed form", send("POST", PATH, ORDER .. "--b--", content_type))
      end
      refused("must be multipart/form-data", send("POST", PATH, '{"confirm": false}'))
    end)

    it("with wrong fields is refused", function()
      refused("'confirm' must be of type boolean", form(text("confirm", "yes")))
      refused("'domains' must be of type array", form(text("confirm", "true") .. text("domains", "form.com")))
      refused("'zork' is not a known field", form(ORDER .. text("zork", "1")))
      refused("'confirm' is there twice", form(ORDER .. text("confirm", "false")))
      refused("must be of type file", form(ORDER .. file("files[a@form.com]", "a.txt", "text/plain")))
      refused("Please provide 'confirm'", form(text("billingCycle", "MONTHLY")))
    end)
  end)

  describe("a web page", function()
    local function answered(origin, method, more)
      more = more or {}
      more.Origin = origin
      return send(method or "GET", "/users/list", nil, false, more)
    end

    it("of this machine may use the mock", function()
      local pages = {"http://localhost", "http://localhost:5173", "https://127.0.0.1:8443", "http://[::1]:80"}
      for _, origin in ipairs(pages) do
        local reply = answered(origin)
        assert.equal(200, reply.status)
        assert.equal(origin, reply.headers["access-control-allow-origin"])
        assert.equal("Origin", reply.headers.vary)
        assert.equal("Retry-After, x-mock-assumed", reply.headers["access-control-expose-headers"])
        assert.equal(tostring(#reply.body), reply.headers["content-length"])
      end
    end)

    it("may send a preflight request without the key", function()
      local reply = answered("http://localhost:5173", "OPTIONS", {["cmr-x-api-key"] = "",
        ["Access-Control-Request-Method"] = "POST", ["Access-Control-Request-Headers"] = "cmr-x-api-key,content-type"})
      assert.equal(204, reply.status)
      assert.equal("cmr-x-api-key,content-type", reply.headers["access-control-allow-headers"])
      assert.equal("GET, POST, PUT, PATCH, DELETE", reply.headers["access-control-allow-methods"])
      assert.same({}, server:requests())
    end)

    it("gets an ordinary answer to everything but a preflight request", function()
      assert.equal(405, answered("http://localhost", "OPTIONS").status)
      assert.equal(200, answered("http://localhost", "GET", {["Access-Control-Request-Method"] = "POST"}).status)
    end)

    it("of another origin may not", function()
      for _, origin in ipairs{"https://example.com", "http://localhost.example.com", "http://127.0.0.1.example.com",
        "null", "http://evil.com:80#localhost", "http://user@localhost"} do
        local reply = answered(origin)
        assert.is_nil(reply.headers["access-control-allow-origin"], origin)
        local asked = answered(origin, "OPTIONS", {["Access-Control-Request-Method"] = "POST"})
        assert.is_nil(asked.headers["access-control-allow-origin"], origin)
        assert.not_equal(204, asked.status)
      end
    end)
  end)
end)
