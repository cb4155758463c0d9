-- core.request makes a request that need not be an operation, from its method, path, query and body.

local cjson = require "cjson"
local cmr = require "cmr"
local core = require "cmr.core"
local program = require "spec.support.program"

local KEY = "key-that-no-message-may-show"
local BASE = "https://api.test/v1"
local target = assert(core.target{api_key = KEY, base_url = BASE})

local function request(...)
  return core.request(target, ...)
end

local function body_of(call)
  return call:request().body
end

local function check_refusal(mistake, expected, call, message, err)
  assert.is_nil(call)
  assert.equal(expected, message)
  assert.equal(message, err.message)
  assert.equal("invalid_argument", err.kind)
  assert.equal("not_sent", err.outcome)
  assert.equal(mistake, err.programmer_error)
end

local function mistake(expected, ...)
  check_refusal(true, expected, request(...))
end

local function data(expected, ...)
  check_refusal(nil, expected, request(...))
end

describe("the method and the path", function()
  it("are sent as they are", function()
    for _, method in ipairs{"GET", "POST", "PUT", "PATCH", "DELETE"} do
      local call = assert(request(method, "/a/b%20c/d.e;f=1/"))
      assert.equal(method, call:request().method)
      assert.equal(method, call:info().method)
      assert.equal(method .. " /a/b%20c/d.e;f=1/", call:info().operation)
      assert.equal(BASE .. "/a/b%20c/d.e;f=1/", call:info().url)
      assert.is_nil(body_of(call))
    end
    assert.equal(BASE .. "/", request("GET", "/"):info().url)
  end)

  it("are a method of the API", function()
    for _, method in ipairs{"", "get", "HEAD", "OPTIONS", "GET ", " GET", "GET\r\nx: y", "\0"} do
      mistake("request: bad field 'method' (GET, POST, PUT, PATCH or DELETE expected)", method, "/x")
    end
  end)

  it("are a method without a NUL byte", function()
    mistake("request: bad field 'method' (GET, POST, PUT, PATCH or DELETE expected)", "GET\0", "/x")
    mistake("request: bad field 'method' (GET, POST, PUT, PATCH or DELETE expected)", "GET\0POST", "/x")
  end)

  it("are a path below the base URL", function()
    local start = "request: bad field 'path' (it must start with one '/')"
    local visible = "request: bad field 'path' (only visible ASCII characters are allowed: percent-encode the others)"
    local separator = "request: bad field 'path' ('?', '#' and '\\' are not allowed)"
    local dots = "request: bad field 'path' ('.' and '..' segments are not allowed)"
    for path, expected in pairs{
      [""] = start, ["x"] = start, ["//evil.example/x"] = start, ["https://evil.example/x"] = start, ["@x"] = start,
      ["/a b"] = visible, ["/a\r\nx: y"] = visible, ["/a\0"] = visible, ["/\195\164"] = visible, ["/\127"] = visible,
      ["/x?a=1"] = separator, ["/x#a"] = separator, ["/\\evil.example"] = separator,
      ["/.."] = dots, ["/."] = dots, ["/../x"] = dots, ["/a/.."] = dots, ["/a/./b"] = dots, ["/a/../../b"] = dots,
      ["/%2e%2e/x"] = dots, ["/%2E."] = dots, ["/a/.%2e/b"] = dots, ["/%2e"] = dots, ["/a//.."] = dots,
    } do
      mistake(expected, "GET", path)
    end
  end)

  it("may hold dots that are no segment of their own", function()
    for _, path in ipairs{"/...", "/a..b", "/.well-known", "/..x/y", "/%2e%2e%2e", "/a.", "/%252e%252e", "/%2d%2D",
      "/%3e", "/%2fe", "/!~"} do
      assert.equal(BASE .. path, assert(request("GET", path)):info().url)
    end
  end)

  it("make no long message when they are long", function()
    local path = "/" .. ("x"):rep(2 ^ 20)
    local _, message, err = request("GET", path)
    assert.is_nil(err.programmer_error)
    assert.matches("the arguments make a URL of more than 8000 bytes", message, 1, true)
    assert.is_true(#message < 10000, "a message of " .. #message .. " bytes")
  end)

  it("are strings", function()
    assert.has_error(function() request(nil, "/x") end)
    assert.has_error(function() request("GET") end)
    assert.has_error(function() request({}, "/x") end)
    assert.has_error(function() request("GET", "/x", "query") end)
    assert.has_error(function() core.request(nil, "GET", "/x") end)
    assert.has_error(function() core.request(io.stdout, "GET", "/x") end)
  end)
end)

describe("the query", function()
  local function query(...)
    return assert(request("GET", "/x", {query = {...}})):info().url:match("/x(.*)$")
  end

  it("keeps the order it is given in", function()
    assert.equal("?b=1&a=2&b=3", query({"b", "1"}, {"a", "2"}, {"b", "3"}))
    assert.equal("", query())
  end)

  it("is percent-encoded, names and values", function()
    assert.equal("?a%20b%26c=d%3D%3F%23%2F%25", query{"a b&c", "d=?#/%"})
    assert.equal("?%C3%A4=%C3%B6", query{"\195\164", "\195\182"})
    assert.equal("?a=", query{"a", ""})
  end)

  it("has strings, numbers and booleans", function()
    assert.equal("?a=true&b=false", query({"a", true}, {"b", false}))
    assert.equal("?a=3&b=3&c=-7&d=0.5", query({"a", 3}, {"b", 3.0}, {"c", -7}, {"d", 0.5}))
    assert.equal("?a=99999999999999", query{"a", 99999999999999})
    mistake("GET /x: bad field 'query.a' (string, number or boolean expected, got table)", "GET", "/x",
      {query = {{"a", {}}}})
    mistake("GET /x: bad field 'query.a' (string, number or boolean expected, got nil)", "GET", "/x",
      {query = {{"a"}}})
    mistake("GET /x: bad field 'query.a' (string, number or boolean expected, got function)", "GET", "/x",
      {query = {{"a", print}}})
  end)

  it("changes no digit of a number", function()
    local numbers = {100000000000000, 123456789012345, 999999999999999, 9007199254740991}
    if math.type then
      numbers[#numbers + 1] = 9007199254740993 -- a double cannot hold it
      numbers[#numbers + 1] = 9223372036854775807
    end
    for text, number in pairs{["99999999999999.5"] = 99999999999999.5, ["12.345678901234567"] = 12.345678901234567} do
      local call = assert(request("POST", "/x", {query = {{"a", number}}, body = {a = number}}))
      assert.equal(BASE .. "/x?a=" .. text, call:info().url)
      assert.equal('{"a":' .. text .. "}", call:request().body)
    end
    for _, number in ipairs(numbers) do
      local call = assert(request("GET", "/x", {query = {{"a", number}}}))
      assert.equal(("%s/x?a=%d"):format(BASE, number), call:info().url)
    end
  end)

  it("has no infinite number and no NaN", function()
    for _, number in ipairs{0 / 0, 1 / 0, -1 / 0} do
      assert.is_nil((request("GET", "/x", {query = {{"a", number}}})))
    end
  end)

  it("hides a key in the path from every message", function()
    local call = assert(request("GET", "/x/" .. KEY, {}))
    assert.equal("GET /x/***", call:info().operation)
  end)

  it("is UTF-8, its names too", function()
    data("GET /x: bad field 'query.a' (it is not UTF-8)", "GET", "/x", {query = {{"a", "Jos\233"}}})
    local call, message = request("GET", "/x", {query = {{"Jos\233", "a"}}})
    assert.is_nil(call)
    assert.matches("it has a name that is not UTF-8", message, 1, true)
  end)

  it("holds no NUL byte and no line break", function()
    for _, value in ipairs{"a\0b", "\0"} do
      data("GET /x: bad field 'query.a' (it holds a NUL byte)", "GET", "/x", {query = {{"a", value}}})
    end
    for _, value in ipairs{"a\rb", "a\nb"} do
      data("GET /x: bad field 'query.a' (it holds a line break)", "GET", "/x", {query = {{"a", value}}})
    end
  end)

  it("holds no NUL byte in a name", function()
    assert.is_nil((request("GET", "/x", {query = {{"a\0b", "c"}}})))
  end)

  it("is as long as servers accept", function()
    local room = 8000 - #(BASE .. "/x?a=")
    assert.equal(8000, #BASE + #"/x" + #query{"a", ("x"):rep(room)})
    for _, pair in ipairs{{"a", ("x"):rep(room + 1)}, {("x"):rep(8000), "a"}, {"a", ("x"):rep(2 ^ 20)}} do
      data("GET /x: the arguments make a URL of more than 8000 bytes", "GET", "/x", {query = {pair}})
    end
  end)

  it("of another shape does not crash the program", function()
    local answer = program.run([[
      local core = require "cmr.core"
      local target = core.target{api_key = "k"}
      for _, query in ipairs{{"a"}, {{}}, {{nil, "x"}}, {{{}, "x"}}, {5}, {true}, 5, "a=1", true, print} do
        local _, call = pcall(core.request, target, "GET", "/x", {query = query})
        assert(type(call) ~= "userdata")
      end
      print "alive"]])
    assert.equal("alive\n", answer.out, answer.err)
  end)
end)

describe("the body", function()
  local function body(value)
    return body_of(assert(request("POST", "/x", {body = value})))
  end

  it("is a table, sent as JSON", function()
    assert.same({a = {1, "2", true, cjson.null}}, cjson.decode(body{a = {1, "2", true, cmr.null}}))
    assert.equal("{}", body{})
    assert.equal("[]", body(cmr.array{}))
    assert.equal('["a"]', body{"a"})
    assert.equal('{"a":[]}', body{a = cmr.array{}})
    assert.is_nil(body_of(assert(request("POST", "/x", {}))))
    assert.is_nil(body_of(assert(request("POST", "/x"))))
  end)

  it("is nothing else", function()
    mistake("POST /x: bad field 'body' (table expected, got string)", "POST", "/x", {body = '{"a":1}'})
    mistake("POST /x: bad field 'body' (table expected, got number)", "POST", "/x", {body = 1})
    mistake("POST /x: bad field 'body' (table expected, got boolean)", "POST", "/x", {body = false})
    mistake("POST /x: bad field 'body' (table expected, got userdata)", "POST", "/x", {body = cmr.null})
  end)

  it("holds what JSON can represent, and messages name the place where it does not", function()
    local function refused(why, value)
      mistake("POST /x: bad field 'body." .. why, "POST", "/x", {body = value})
    end
    refused("a' (a function cannot be sent as JSON)", {a = print})
    refused("a[2].b' (a userdata cannot be sent as JSON)", {a = {1, {b = io.stdout}}})
    refused("a' (a thread cannot be sent as JSON)", {a = coroutine.create(function() end)})
    refused("a' (JSON has no such number)", {a = 0 / 0})
    refused("a' (JSON has no such number)", {a = 1 / 0})
    refused("a' (JSON has no such number)", {a = -1 / 0})
    refused("a' (an array cannot have holes or names)", {a = {1, nil, 3}})
    refused("a' (an array cannot have holes or names)", {a = {1, 2, b = 3}})
    refused("a' (an array cannot have holes or names)", {a = cmr.array{b = 3}})
    refused("a' (a table needs either names or the numbers 1 to n)", {a = {[2] = "x"}})
    refused("a' (a table needs either names or the numbers 1 to n)", {a = {[1.5] = "x"}})
    refused("a' (a table needs either names or the numbers 1 to n)", {a = {[true] = "x"}})
    refused("a' (it has a name with a NUL byte)", {a = {["b\0"] = 1}})
  end)

  it("ends: a cycle is refused", function()
    local cycle = {}
    cycle.a = cycle
    local call, message, err = request("POST", "/x", {body = cycle})
    assert.is_nil(call)
    assert.is_true(err.programmer_error)
    assert.matches("^POST /x: bad field 'body%.a%.a.* %(nested too deep%)$", message)
    local list = {}
    list[1] = list
    call, message = request("POST", "/x", {body = list})
    assert.is_nil(call)
    assert.matches("^POST /x: bad field 'body%[1%]%[1%].* %(nested too deep%)$", message)
  end)

  it("with a NUL byte in a string is data, as it is in the field of an operation", function()
    local call, message, err = request("POST", "/x", {body = {a = "b\0c"}})
    assert.is_nil(call)
    assert.matches("body.a", message, 1, true)
    assert.matches("a NUL byte", message, 1, true)
    assert.is_nil(err.programmer_error)
  end)
end)

describe("a client's request", function()
  local untouched = {now = core.now, wait = function() error("sent") end, sleep = function() error("slept") end}
  local client = cmr.new{api_key = KEY, base_url = "http://127.0.0.1:1", loop = untouched, rate = false}

  local function raises(expected, ...)
    local arguments = {...}
    local count = select("#", ...)
    local fine, message = pcall(function() return client:request((unpack or table.unpack)(arguments, 1, count)) end)
    assert.is_false(fine)
    assert.matches("cmr." .. expected, message, 1, true)
  end

  it("raises mistakes with helpful messages", function()
    raises("request: bad field 'method' (GET, POST, PUT, PATCH or DELETE expected)", "FETCH", "/x")
    raises("request: bad field 'path' ('.' and '..' segments are not allowed)", "GET", "/../x")
    raises("request: unknown option 'params' (body or query expected)", "GET", "/x", {params = {}})
    raises("request: bad option 'query' (a table of names and values expected, got string)", "GET", "/x",
      {query = "a=1"})
    raises("request: bad option 'query' (a table of names and values expected, got table)", "GET", "/x",
      {query = {"a"}})
    raises("GET /x: bad field 'query.a' (string, number or boolean expected, got table)", "GET", "/x",
      {query = {a = {}}})
    raises("POST /x: bad field 'body' (table expected, got string)", "POST", "/x", {body = "{}"})
    raises("request: bad arguments (a method and a path expected)", "GET")
    raises("request: ", "GET", "/x", "a=1")
  end)

  it("refuses a float that may stand for another whole number, and sends an integer of any size", function()
    for _, value in ipairs{2 ^ 53, -2 ^ 53, 1e20, 1e300} do
      raises("POST /x: bad field 'body.a[1].b' (a number this large may have lost digits: send it as a string)", "POST",
        "/x", {body = {a = {{b = value}}}})
      raises("GET /x: bad field 'query.a' (a number this large may have lost digits: send it as a string)", "GET", "/x",
        {query = {a = value}})
    end
    assert.equal('{"a":9007199254740991}', client:preview("request", "POST", "/x", {body = {a = 2 ^ 53 - 1}}).body)
    if math.type then
      local exact = client:preview("request", "POST", "/x", {body = {a = math.maxinteger}})
      assert.equal('{"a":9223372036854775807}', exact.body)
    end
  end)

  it("sorts the query, so that one call makes one URL", function()
    local urls = {}
    local cancels = {now = core.now, sleep = untouched.sleep, wait = function(_, call) call:cancel() end}
    local _, _, err = client:with{loop = cancels}:request("GET", "/x", {query = {c = 1, a = "x y", b = false}})
    urls[1] = cmr.info(err).url
    assert.same({"http://127.0.0.1:1/x?a=x%20y&b=false&c=1"}, urls)
    assert.equal("cancelled", err.kind)
    assert.equal("not_sent", err.outcome)
  end)
end)
