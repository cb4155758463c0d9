-- How the mock reads and checks the fields of a request, and the parts of a form.
local answer = require "cmr.mock.answer"
local fields = require "cmr.mock.fields"
local json = require "cmr.mock.json"
local multipart = require "cmr.mock.multipart"

-- Calls a function that may refuse. Returns the refusal as {status, message, assumed}, or nil.
local function refusal(run, ...)
  local reply = answer.of(run, ...)
  if type(reply) ~= "table" or not reply.envelope then return nil end
  return {reply.status, reply.envelope.message, reply.headers["x-mock-assumed"]}
end

describe("a field of a request to the mock", function()
  local function check(params, values) return refusal(fields.check, {params = params}, values) end

  -- Asserts which values of the field "f" are accepted, and how the others are refused.
  local function accepts(param, good, bad, message, assumed)
    param.name = "f"
    for _, value in ipairs(good) do assert.is_nil(check({param}, {f = value})) end
    for _, value in ipairs(bad) do assert.same({400, message, assumed or "message"}, check({param}, {f = value})) end
  end

  it("has its type", function()
    local object = {a = 1}
    accepts({type = "string"}, {"", "x"}, {1, true, object}, "'f' must be of type string")
    accepts({type = "number"}, {0, -1.5}, {"1", true}, "'f' must be of type number")
    accepts({type = "boolean"}, {true, false}, {"true", 1}, "'f' must be of type boolean")
    accepts({type = "integer"}, {1, 2, 1e9}, {0, -1, 1.5, "1"}, "'f' must be of type integer, from 1")
    accepts({type = "array"}, {{}, {1}}, {object, "x"}, "'f' must be of type array")
    accepts({type = "object"}, {{}, object}, {{1}, "x"}, "'f' must be of type object")
    accepts({type = "map"}, {{}, object}, {{1}, "x"}, "'f' must be of type map")
    accepts({type = "any"}, {"x", 1, object}, {}, "")
    accepts({type = "file"}, {{type = "image/png"}}, {{type = "text/image/png"}, {type = 1}, {}, "x"},
      "'f' must be of type file")
  end)

  it("has its maximum and its set of values", function()
    accepts({type = "integer", maximum = 100}, {99, 100}, {101}, "'f' must be at most 100", "status 400; message")
    accepts({type = "string", values = {"A", "B"}}, {"A", "B"}, {"C", ""}, "'f' must be one of A, B")
  end)

  it("may be missing, null or empty unless it is required", function()
    local empty = {false, "", json.null}
    for index, value in ipairs(empty) do
      value = value or nil
      assert.is_nil(check({{name = "f", type = "string"}}, {f = value}), index)
      assert.same({400, "Please provide 'f'", "message"}, check({{name = "f", type = "string", required = true}},
        {f = value}))
    end
    accepts({type = "array", required = true}, {{1}}, {{}}, "'f' must not be empty")
    accepts({type = "array", either = "any"}, {{1}}, {{}}, "'f' must not be empty")
    accepts({type = "object", required = true}, {{}}, {}, "")
  end)

  it("is checked with everything in it", function()
    local params = {
      {name = "o", type = "object"}, {name = "o.s", type = "string", required = true}, {name = "o.n", type = "number"},
      {name = "l", type = "array"}, {name = "l[]", type = "object"}, {name = "l[].s", type = "string", required = true},
      {name = "m", type = "map"}, {name = "m.*", type = "array"}, {name = "m.*[]", type = "number"},
      {name = "free", type = "object"},
    }
    local function refused(message, values, assumed)
      assert.same({400, message, assumed or "message"}, check(params, values))
    end
    assert.is_nil(check(params, {o = {s = "x", n = 1}, l = {{s = "x"}, {s = "y"}}, m = {a = {1, 2}, b = {}},
      free = {x = {y = 1}}}))
    refused("Please provide 'o.s'", {o = {n = 1}})
    refused("'o.n' must be of type number", {o = {s = "x", n = "1"}})
    refused("'o.x' is not a known field", {o = {s = "x", x = 1}}, "status 400; message")
    refused("Please provide 'l[1].s'", {l = {{s = "x"}, {}}})
    refused("'l[0]' must be of type object", {l = {"x"}})
    refused("'l[0].x' is not a known field", {l = {{s = "x", x = 1}}}, "status 400; message")
    refused("'m.a' must be of type array", {m = {a = 1}})
    refused("'m.a[1]' must be of type number", {m = {a = {1, "x"}}})
  end)

  it("may be one item in place of a list", function()
    local params = {{name = "f", type = "array", accepts_item = true}, {name = "f[]", type = "object"},
      {name = "f[].s", type = "string", required = true}}
    assert.is_nil(check(params, {f = {s = "x"}}))
    assert.is_nil(check(params, {f = {{s = "x"}}}))
    assert.is_nil(check(params, {f = {}}))
    assert.same({400, "'f.t' is not a known field", "status 400; message"}, check(params, {f = {s = "x", t = "x"}}))
    assert.same({400, "'f.s' must be of type string", "message"}, check(params, {f = {s = 1}}))
    assert.same({400, "Please provide 'f[0].s'", "message"}, check(params, {f = {{s = ""}}}))
    assert.same({400, "'f' must be of type array", "message"}, check(params, {f = "x"}))
  end)

  it("may be one of several, of which one or exactly one is needed", function()
    for _, kind in ipairs{"any", "one"} do
      local params = {{name = "a", type = "string", either = kind}, {name = "b", type = "string", either = kind},
        {name = "c", type = "string"}}
      local missing = {422, "Please provide 'a' or 'b'", "status 422; message"}
      assert.same(missing, check(params, {c = "x"}))
      assert.same(missing, check(params, {a = "", b = json.null}))
      assert.is_nil(check(params, {a = "x"}))
      assert.is_nil(check(params, {a = "", b = "x"}))
      local both = {422, "Please provide only one of 'a' or 'b'", "status 422; message"}
      assert.same(kind == "one" and both or nil, check(params, {a = "x", b = "x"}))
    end
    assert.is_nil(check({{name = "c", type = "string"}}, {}))
    assert.same({422, "Please provide 'a'", "status 422; message"},
      check({{name = "a", type = "string", either = "any"}}, {}))
  end)

  it("userId has its own refusal", function()
    local message = {422, "Please provide a userId", "status 422"}
    local needed = {{name = "userId", type = "string", required = true}}
    assert.same(message, check(needed, {}))
    assert.same(message, check(needed, {userId = json.null}))
    assert.same(message, check(needed, {userId = ""}))
    assert.is_nil(check(needed, {userId = "U"}))
    local optional = {{name = "userId", type = "string"}}
    assert.is_nil(check(optional, {}))
    assert.is_nil(check(optional, {userId = json.null}))
    assert.same(message, check(optional, {userId = ""}))
    assert.is_nil(check({{name = "other", type = "string"}}, {}))
  end)

  it("comes from the query or the body, where its operation has it", function()
    local operation = {method = "POST", params = {{name = "page", type = "integer", ["in"] = "query"},
      {name = "size", type = "integer", ["in"] = "body"}, {name = "text", type = "string", ["in"] = "query"},
      {name = "userId", type = "string", ["in"] = "query"}}}
    local function of(query, body, more)
      local request = {operation = operation, query = query, body = body, method = "POST"}
      for name, value in pairs(more or {}) do request[name] = value end
      return fields.of(request)
    end
    assert.same({page = 2, size = "3", text = "4", userId = "U"},
      of({page = "2", text = "4", userId = "U", size = "9"}, {size = "3", page = 9, text = 9}))
    assert.same({page = "x"}, of({page = "x"}, {size = json.null}))
    assert.same({userId = "V"}, of({userId = "U"}, {userId = "V"}, {user_in = "body"}))
    assert.same({userId = "U"}, of({userId = "U"}, {userId = "V"}))
    operation.open_location = "body"
    assert.same({extra = 1, userId = "U"}, of({userId = "U", more = "x"}, {extra = 1, none = json.null}))
    operation.open_location = json.null
    assert.same({}, of({}, {extra = 1}))
  end)

  it("must be documented, except where undocumented fields may be", function()
    local operation = {method = "GET", params = {{name = "page", type = "integer", ["in"] = "query"},
      {name = "userId", type = "string", ["in"] = "query"}}}
    local function names(query, body, more)
      local request = {operation = operation, query = query, body = body, method = "GET"}
      for name, value in pairs(more or {}) do request[name] = value end
      return refusal(fields.check_names, request)
    end
    local function unknown(name) return {400, ("'%s' is not a known field"):format(name), "status 400; message"} end
    assert.is_nil(names({page = "1", userId = "U"}, {}))
    assert.same(unknown "x", names({x = "1"}, {}))
    assert.same(unknown "page", names({}, {page = 1}))
    assert.same(unknown "userId", names({userId = "U"}, {}, {user_in = "body"}))
    assert.is_nil(names({}, {userId = "U"}, {user_in = "body"}))
    for _, row in ipairs{
      -- the documented method, the documented place of undocumented fields, whether the user chose the path, the sent
      -- method, and the place where the mock accepts undocumented fields
      {"GET", "query", false, "GET", "query"}, {"GET", "query", true, "GET", "query"},
      {"GET", "query", true, "POST", "body"}, {"POST", "body", false, "POST", "body"},
      {"POST", "body", true, "GET", "query"}, {"POST", "body", true, "PUT", "body"},
      {"POST", "query", true, "PUT", "query"}, {"GET", nil, true, "POST", nil}, {"GET", json.null, true, "GET", nil},
    } do
      operation.method, operation.open_location = row[1], row[2]
      local more = {is_supplied = row[3], method = row[4]}
      assert.same(row[5] ~= "query" and unknown "x" or nil, names({x = "1"}, {}, more))
      assert.same(row[5] ~= "body" and unknown "x" or nil, names({}, {x = "1"}, more))
    end
  end)
end)

describe("a form sent to the mock", function()
  local TYPE = "multipart/form-data; boundary=b"

  local function part(head, content) return "--b\r\n" .. head .. "\r\n\r\n" .. content .. "\r\n" end

  local DISPOSITION = "Content-Disposition: form-data; "

  -- Returns the parts of a form, or the message of the refusal.
  local function parse(body, content_type)
    local parts, message = multipart.parse(body .. "--b--", content_type or TYPE)
    return parts or message
  end

  it("has parts with names, contents, types and file names", function()
    assert.same({
      {name = "a", content = ""},
      {name = "b", content = "1\r\n--c\r\n2\r\n", type = "text/plain"},
      {name = 'q"x', content = "\0", filename = "n\r\n.png", type = "image/png"},
      {name = "100%", content = "z"},
    }, parse(part(DISPOSITION .. 'name="a"', "")
      .. part(DISPOSITION .. "NAME=b\r\nContent-Type: text/plain", "1\r\n--c\r\n2\r\n")
      .. part("content-disposition:form-data ;name=\"q%22x\" ; filename=\"n%0D%0A.png\"\r\nContent-TYPE:  image/png  ",
        "\0")
      .. part(DISPOSITION .. 'name="100%"', "z")))
    assert.same({}, parse "")
    assert.same({}, parse("anything\r\n"))
  end)

  it("has a boundary of at most 70 bytes, quoted or not", function()
    local function parts(boundary, parameter)
      return multipart.parse("--" .. boundary .. "--", "multipart/form-data;" .. parameter)
    end
    local long = ("b"):rep(70)
    for _, parameter in ipairs{"boundary=" .. long, ' boundary="' .. long .. '"', " charset=x; Boundary=" .. long,
      " boundary=" .. long .. " ; x=y"} do
      assert.same({}, parts(long, parameter), parameter)
    end
    for _, parameter in ipairs{"boundary=" .. long .. "b", "boundary=", 'boundary="', "x=y", "boundary",
      " boundary=b; boundary=b", "boundary=b x", ""} do
      local found, message = parts("b", parameter)
      assert.same({nil, "the content type has no boundary"}, {found, message}, parameter)
    end
  end)

  it("is refused when it is malformed, with the reason", function()
    assert.same({nil, "the last boundary is missing"}, {multipart.parse("", TYPE)})
    assert.same({nil, "the last boundary is missing"}, {multipart.parse("--c--", TYPE)})
    for _, body in ipairs{"--b", "--b\r\n", "--b\r\n\r\n", "--bx\r\n", "--b\r\n" .. DISPOSITION .. "name=a\r\n\r\nx"} do
      assert.same({nil, "a part has no end"}, {multipart.parse(body, TYPE)}, body)
    end
    for _, head in ipairs{"X: y", "no header", DISPOSITION .. "nam=a", DISPOSITION .. "name", DISPOSITION .. "name=",
      "Content-Disposition: form-datax; name=a", "Content-Disposition: x; name=a", DISPOSITION .. "name=a; name=b",
      DISPOSITION .. "name=a\r\n" .. DISPOSITION .. "name=a", DISPOSITION .. "name=a\r\nbad",
      DISPOSITION .. 'name="a'} do
      assert.equal("a part has no name", parse(part(head, "x")), head)
    end
  end)

  it("is told by its content type", function()
    local function is_form(content_type) return multipart.is_form{headers = {["content-type"] = content_type}} end
    for _, content_type in ipairs{TYPE, "Multipart/Form-Data ; boundary=b", "multipart/form-data;"} do
      assert.is_true(is_form(content_type))
    end
    for _, content_type in ipairs{"multipart/form-data", "multipart/form-datax; boundary=b", " " .. TYPE, "x"} do
      assert.is_false(is_form(content_type))
    end
    assert.is_false(is_form(nil))
  end)

  it("is parsed once", function()
    local request = {raw_body = part(DISPOSITION .. "name=a", "x") .. "--b--", headers = {["content-type"] = TYPE}}
    local parts = multipart.parts(request)
    assert.equal("a", parts[1].name)
    assert.equal(parts, multipart.parts(request))
    request = {raw_body = "", headers = {["content-type"] = TYPE}}
    assert.same({nil, "the last boundary is missing"}, {multipart.parts(request)})
  end)

  it("has values of the types of its fields", function()
    local operation = {params = {{name = "s", type = "string"}, {name = "b", type = "boolean"},
      {name = "i", type = "integer"}, {name = "n", type = "number"}, {name = "l", type = "array"},
      {name = "files", type = "map"}}}
    local function of(...) return multipart.fields(operation, {...}) end
    assert.same({s = "1", b = true, i = 5, n = 1.5, l = {1}, other = "x", ["a[b]"] = "y"},
      of({name = "s", content = "1"}, {name = "b", content = "true"}, {name = "i", content = "5"},
        {name = "n", content = "1.5"}, {name = "l", content = "[1]"}, {name = "other", content = "x"},
        {name = "a[b]", content = "y"}))
    assert.is_false(of{name = "b", content = "false"}.b)
    assert.same({files = {["a@b.c"] = {filename = "f", type = "image/png", size = 3},
      ["d"] = {filename = "g", type = "application/octet-stream", size = 0}},
      s = {filename = "h", type = "t", size = 1}},
      of({name = "files[a@b.c]", filename = "f", type = "image/png", content = "abc"},
        {name = "files[d]", filename = "g", content = ""}, {name = "s", filename = "h", type = "t", content = "x"}))
    local function refused(message, ...)
      assert.same({400, message, "status 400; message"}, refusal(multipart.fields, operation, {...}))
    end
    for name, content in pairs{b = "yes", i = "x", n = "1,5", l = "x"} do
      local kind = ({b = "boolean", i = "integer", n = "number", l = "array"})[name]
      refused(("'%s' must be of type %s"):format(name, kind), {name = name, content = content})
    end
    refused("'s' is there twice", {name = "s", content = "1"}, {name = "s", content = "1"})
    refused("'b' is there twice", {name = "b", content = "false"}, {name = "b", content = "true"})
    refused("'files[a]' is there twice", {name = "files[a]", filename = "f", content = ""},
      {name = "files[a]", filename = "f", content = ""})
  end)
end)
