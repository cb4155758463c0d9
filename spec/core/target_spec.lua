-- core.target: where requests may go and what they carry. A refusal says which option is bad and why, never the value.

local cmr = require "cmr"
local core = require "cmr.core"
local program = require "spec.support.program"

local KEY = "key-that-no-message-may-show"
local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"

local function url_of(options, parent)
  options.api_key = options.api_key or KEY
  return assert(core.request(assert(core.target(options, parent)), "GET", "/x")):info().url
end

-- Expects "bad option 'name' (why)".
local function refused(name, why, options)
  options.api_key = options.api_key == nil and KEY or options.api_key
  local target, message = core.target(options)
  assert.is_nil(target)
  assert.equal(("bad option '%s' (%s)"):format(name, why), message)
  assert.is_nil(message:find(KEY, 1, true))
end

describe("base_url", function()
  local function refuses(why, ...)
    for _, url in ipairs{...} do refused("base_url", why, {base_url = url}) end
  end

  it("is production unless it is given", function()
    assert.equal("https://customers.coldmailreseller.com/api/v1/integration/x", url_of{})
  end)

  it("is what the path is joined to", function()
    for given, expected in pairs{
      ["https://api.test"] = "https://api.test/x",
      ["https://api.test:8443/v1"] = "https://api.test:8443/v1/x",
      ["HTTPS://API.test/V1"] = "HTTPS://API.test/V1/x",
      ["https://[2001:db8::1]/v1"] = "https://[2001:db8::1]/v1/x",
      ["https://api.test/a%20b"] = "https://api.test/a%20b/x",
      ["https://api.test/!~"] = "https://api.test/!~/x",
    } do
      assert.equal(expected, url_of{base_url = given})
    end
  end)

  it("may end in slashes", function()
    assert.equal("https://api.test/x", url_of{base_url = "https://api.test/"})
    assert.equal("https://api.test/v1/x", url_of{base_url = "https://api.test/v1/"})
    assert.equal("https://api.test/v1/x", url_of{base_url = "https://api.test/v1///"})
    assert.equal("cmr.target: https://api.test/v1", tostring(core.target{base_url = "https://api.test/v1/"}))
  end)

  it("holds no user and password, and no message shows them", function()
    refuses("it must not hold a user name or password", "https://user:pass@api.test/v1", "https://user@api.test",
      "https://@api.test", "https://:pass@api.test", "https://127.0.0.1@evil.example/")
  end)

  it("holds no query and no fragment", function()
    refuses("it must not hold a query or a fragment", "https://api.test/v1?a=1", "https://api.test?",
      "https://api.test/#", "https://api.test#a")
  end)

  it("holds no dot segments, spelt in any way", function()
    refuses("'.' and '..' segments are not allowed", "https://api.test/../v1", "https://api.test/v1/..",
      "https://api.test/./v1", "https://api.test/%2e%2e/v1", "https://api.test/v1/%2E.", "https://api.test/.%2e/")
    assert.equal("https://api.test/..v1/x", url_of{base_url = "https://api.test/..v1"})
  end)

  it("is visible ASCII, without a backslash", function()
    refuses("only visible ASCII characters are allowed, and no '\\'", "https://api.test\\@evil.example",
      "https://api.test/\\", "https://api.test/a b", " https://api.test", "https://api.test\r\n",
      "https://api.test/\t", "https://api.test/\127", "https://\195\164.test", "https://api.test/\1")
    refuses("it holds a NUL byte", "https://api.test\0.evil.example", "\0")
  end)

  it("is a URL with a host", function()
    refuses("it must start with https:// and a host", "", "api.test", "https:/x", "https:x", "https:///api.test",
      "https:////api.test", "//api.test", "/v1", "https")
    refuses("it is not a URL", "https://", "https://:443", "https://api.test:99999", "https://api.test:port",
      "https://[::1", "://api.test")
    refuses("it must start with one '/'", "https://api.test//", "https://api.test//v1")
    local host = ("a."):rep(149) .. "a"
    assert.equal("https://" .. host .. "/x", url_of{base_url = "https://" .. host})
    refuses("it is not a URL", "https://" .. host .. "a")
  end)

  it("has its host after the scheme, and not further on", function()
    for _, url in ipairs{"https:/api.test/../x://y/z", "https:/api.test/%2e%2e/x://y",
      "https:/evil.example/://api.test"} do
      local target, message = core.target{base_url = url}
      assert.is_nil(target)
      assert.matches("bad option 'base_url'", message, 1, true)
    end
  end)

  it("is https or http", function()
    for _, scheme in ipairs{"ftp", "file", "gopher", "ws", "httpss", "javascript", "telnet"} do
      local target, message = core.target{base_url = scheme .. "://api.test/v1", allow_http = true}
      assert.is_nil(target, scheme)
      assert.matches("^bad option 'base_url' %(it ", message)
    end
  end)

  it("is not far too long", function()
    local url = "https://api.test/" .. ("a"):rep(2000 - #"https://api.test/")
    assert.equal(url .. "/x", url_of{base_url = url})
    refuses("it is too long", url .. "a", url .. ("a"):rep(2 ^ 20))
  end)

  it("is a string", function()
    for _, value in ipairs{5, true, {}, print} do
      refused("base_url", "a string expected, got " .. type(value), {base_url = value})
    end
  end)
end)

describe("plain http", function()
  local why = "plain http would show the key to everyone on the way: use https, or allow_http"

  it("is refused to a far host", function()
    for _, host in ipairs{"customers.coldmailreseller.com", "10.0.0.1", "192.168.0.1", "126.255.255.255", "128.0.0.1",
      "0.0.0.0", "[::2]", "[::]", "[::ffff:8.8.8.8]", "134744072", "0x08080808", "8.8"} do
      refused("base_url", why, {base_url = "http://" .. host .. "/v1"})
      refused("base_url", why, {base_url = "HTTP://" .. host .. "/v1", allow_http = false})
      refused("base_url", why, {base_url = "http://" .. host .. ":8080"})
    end
  end)

  it("is refused to what only looks like this machine", function()
    for _, host in ipairs{"127.0.0.1.evil.example", "localhost.evil.example", "localhost.", "localhost.localdomain",
      "evil-localhost", "localhost2", "xlocalhost", "127.0.0.1x", "127.0.0.evil", "127.evil.example", "loopback",
      "127.0.0.1%2eevil.example", "ip6-localhost"} do
      refused("base_url", why, {base_url = "http://" .. host .. "/v1"})
    end
  end)

  it("goes to this machine", function()
    for _, host in ipairs{"127.0.0.1", "127.9.9.9", "127.255.255.255", "localhost", "LOCALHOST", "LocalHost",
      "[::1]"} do
      assert.equal("http://" .. host .. ":8080/v1/x", url_of{base_url = "http://" .. host .. ":8080/v1/"})
      assert.equal("http://" .. host .. "/x", url_of{base_url = "http://" .. host})
    end
  end)

  it("goes to this machine by a number that libcurl, too, reads as its address", function()
    for _, host in ipairs{"127.1", "0x7f.1", "2130706433", "0177.0.0.1"} do
      assert.equal("http://" .. host .. "/x", url_of{base_url = "http://" .. host})
    end
  end)

  it("goes anywhere with allow_http, also of a parent", function()
    local parent = core.target{api_key = KEY, allow_http = true}
    assert.equal("http://api.test/v1/x", url_of{base_url = "http://api.test/v1", allow_http = true})
    assert.equal("http://api.test/v1/x", url_of({base_url = "http://api.test/v1"}, parent))
    assert.is_nil((core.target({base_url = "http://api.test/v1", allow_http = false}, parent)))
    refused("allow_http", "a boolean expected, got string", {base_url = "http://api.test", allow_http = "yes"})
    refused("allow_http", "a boolean expected, got number", {base_url = "https://api.test", allow_http = 1})
  end)
end)

describe("api_key", function()
  it("is visible ASCII, and no message shows it", function()
    for _, tail in ipairs{"\n", "\r\nx: y", " ", "\t", "\127", "\195\164", "\1"} do
      refused("api_key", "it holds a space, a line break or another character that no key has", {api_key = KEY .. tail})
      refused("api_key", "it holds a space, a line break or another character that no key has", {api_key = tail .. KEY})
    end
    refused("api_key", "it holds a NUL byte", {api_key = KEY .. "\0"})
    for _, value in ipairs{5, true, {}, false} do
      refused("api_key", "a string expected, got " .. type(value), {api_key = value})
    end
  end)

  it("makes cmr.new raise, without showing it", function()
    for _, key in ipairs{KEY .. "\n", "two " .. KEY} do
      local fine, message = pcall(function() return cmr.new{api_key = key} end)
      assert.is_false(fine)
      assert.matches("target_spec.lua:%d+: cmr.new: bad option 'api_key' %(it holds a space, a line break or", message)
      assert.is_nil(message:find(KEY, 1, true))
    end
  end)

  it("shows in nothing that can be printed", function()
    local target = core.target{api_key = KEY, base_url = "https://api.test"}
    local call = core.platforms(target, USER)
    local client = cmr.new{api_key = KEY, base_url = "https://api.test"}
    assert.equal("cmr.target: https://api.test", tostring(target))
    assert.equal("cmr.call: platforms (ready)", tostring(call))
    assert.equal("cmr.client: https://api.test", tostring(client))
    for name, value in pairs(call:info()) do assert.is_nil(tostring(value):find(KEY, 1, true), name) end
  end)

  it("may hold every other visible character", function()
    for byte = 33, 126 do assert(core.target{api_key = "k" .. string.char(byte)}) end
  end)

  it("has an id that every process and version of the library makes in the same way", function()
    local digest = core.hex(core.hmac_sha256(KEY, "cmr key id"))
    assert.equal(digest:sub(1, 16), core.target{api_key = KEY}:key_id())
  end)

  it("has an id that does not reveal it", function()
    local id = core.target{api_key = KEY}:key_id()
    assert.matches("^" .. ("%x"):rep(16) .. "$", id)
    assert.equal(id, core.target{api_key = KEY, base_url = "https://api.test"}:key_id())
    assert.not_equal(id, core.target{api_key = KEY .. "2"}:key_id())
    assert.equal("", core.target{}:key_id())
    assert.equal("", core.target{api_key = ""}:key_id())
  end)
end)

describe("endpoints", function()
  local function path_of(path)
    local target = assert(core.target{api_key = KEY, base_url = "https://api.test", endpoints = {platforms = path}})
    return core.platforms(target, USER)
  end

  it("replaces an operation's method and path", function()
    for _, method in ipairs{"GET", "POST", "PUT", "PATCH", "DELETE"} do
      local call = path_of(method .. " /v2/platforms")
      assert.equal(method, call:request().method)
      assert.equal(method, call:info().method)
      assert.equal("https://api.test/v2/platforms?userId=" .. USER, call:info().url)
      assert.equal("platforms", call:info().operation)
    end
    local target = core.target{api_key = KEY, base_url = "https://api.test", endpoints = {platforms = "GET /v2"}}
    assert.equal("https://api.test/mailboxes/oauth", core.reexport(target, {email = "john@doe.com"}):info().url)
  end)

  it("says METHOD /path", function()
    local dots = "'.' and '..' segments are not allowed"
    local form = "it must say METHOD /path, as in 'GET /wallet', or 'POST /x userId in body'"
    local slash = "it must start with one '/'"
    local separator = "'?', '#' and '\\' are not allowed"
    local visible = "only visible ASCII characters are allowed: percent-encode the others"
    for path, why in pairs{
      [""] = form, ["GET"] = form, ["/x"] = form, ["FETCH /x"] = form, ["get /x"] = form, [" GET /x"] = form,
      ["GET\t/x"] = form, ["GET "] = slash, ["GET x"] = slash, ["GET  /x"] = form, ["GET //evil.example/x"] = slash,
      ["GET https://evil.example/"] = slash, ["GET @evil.example/"] = slash, ["GET /a/../b"] = dots, ["GET /.."] = dots,
      ["GET /%2e%2E/b"] = dots, ["GET /a?b"] = separator, ["GET /a#b"] = separator, ["GET /\\b"] = separator,
      ["GET /a b"] = form, ["GET /a\r\nb"] = visible, ["GET /a\0"] = form, ["GET /\195\164"] = visible,
      ["GET /a userId in header"] = form, ["GET /a userId in body "] = form, ["GET /a  userId in body"] = form,
      ["GET /a/.. userId in body"] = dots, ["GET userId in body"] = form, ["GET /a?b userId in body"] = separator,
    } do
      refused("endpoints.platforms", why, {endpoints = {platforms = path}})
    end
    refused("endpoints.platforms", "'METHOD /path' expected, got number", {endpoints = {platforms = 5}})
    refused("endpoints.platforms", "'METHOD /path' expected, got table", {endpoints = {platforms = {}}})
  end)

  it("names operations", function()
    refused("endpoints.platfroms", "there is no such operation", {endpoints = {platfroms = "GET /x"}})
    refused("endpoints.wallet", "the operation has no userId", {endpoints = {wallet = "GET /x userId in query"}})
    refused("endpoints", "a table of operations and 'METHOD /path' expected", {endpoints = {"GET /x"}})
    refused("endpoints", "a table of operations and 'METHOD /path' expected, got string", {endpoints = "GET /x"})
  end)

  it("is checked once, and later changes of the table have no effect", function()
    local answer = program.run([[
      local core = require "cmr.core"
      local paths = {platforms = "GET /v2"}
      local target = core.target{api_key = "k", base_url = "https://api.test", endpoints = paths}
      for _, later in ipairs{"GET /%2e%2e/x", "junk", 5} do
        paths.platforms = later
        print(core.platforms(target, "u"):info().url)
      end
      local none = setmetatable({}, {__index = function() return "junk" end})
      local target = core.target{api_key = "k", base_url = "https://api.test", endpoints = none}
      print(core.platforms(target, "u"):info().url)]])
    assert.equal(("https://api.test/v2?userId=u\n"):rep(3)
      .. "https://api.test/exports/platform-credentials?userId=u\n", answer.out, answer.err)
  end)
end)

describe("headers", function()
  it("are names and values", function()
    for _, headers in ipairs{{}, {["X-Trace"] = "1"}, {["x-empty"] = ""}, {["x-utf8"] = "\195\164"},
      {["x!#$%&'*+-.^_`|~9"] = "a: b"}} do
      assert(core.target{headers = headers})
    end
    for _, headers in ipairs{"X: y", 5, true} do
      refused("headers", "a table of names and values expected, got " .. type(headers), {headers = headers})
    end
    for _, headers in ipairs{{"X: y"}, {["X-Trace"] = 1}, {["X-Trace"] = true}, {["X-Trace"] = {"1"}},
      {[true] = "1"}} do
      refused("headers", "a table of names and values expected", {headers = headers})
    end
  end)

  it("add no line of their own", function()
    for _, name in ipairs{"", "a b", "a:", "a\r\nb", "a\n", "a\0", "\195\164", "a\127", "(a)"} do
      refused("headers", "a header's name holds a character that is not allowed", {headers = {[name] = "1"}})
    end
    for _, value in ipairs{"1\r\nx: y", "1\n", "\r", "a\0b", "\0", "a\127", "\27[2J"} do
      refused("headers", "a header's value holds a line break or another control character",
        {headers = {["X-Trace"] = value}})
    end
  end)

  it("are not those of the library", function()
    for _, name in ipairs{"Host", "Content-Length", "content-type", "Transfer-Encoding", "Connection", "EXPECT",
      "accept", "Accept-Encoding", "User-Agent", "cmr-x-api-key", "CMR-X-API-Key"} do
      refused("headers." .. name, "it is set by the library", {headers = {[name] = "1"}})
    end
    refused("headers.X-Key", "it is set by the library", {key_header = "x-key", headers = {["X-Key"] = "1"}})
  end)
end)

describe("another option", function()
  it("has every printable character in its header", function()
    for byte = 32, 126 do assert(core.target{user_agent = string.char(byte)}) end
    for _, byte in ipairs{1, 31, 127} do
      refused("user_agent", "it holds a control character", {user_agent = "a" .. string.char(byte)})
    end
  end)

  it("is a string that cannot break its header", function()
    for _, name in ipairs{"", "a b", "a:", "a\n", "\195\164", "Host", "accept"} do
      refused("key_header", "it is not a header's name, or the library itself sets this header", {key_header = name})
    end
    for _, agent in ipairs{"a\r\nb", "a\n", "\127"} do
      refused("user_agent", "it holds a control character", {user_agent = agent})
    end
    for _, proxy in ipairs{"http://user:pass@proxy\n", "a b", "\195\164"} do
      refused("proxy", "only visible ASCII characters are allowed", {proxy = proxy})
    end
    assert(core.target{key_header = "cmr-x-sandbox-api-key", user_agent = "app/1.0 (+https://app.test)",
      ca_file = "/ca.pem", proxy = "http://user:pass@proxy:3128"})
    assert(core.target{user_agent = "", proxy = ""})
  end)

  it("is a string without a NUL byte", function()
    for _, name in ipairs{"key_header", "user_agent", "ca_file", "proxy"} do
      refused(name, "it holds a NUL byte", {[name] = "a\0b"})
      for _, value in ipairs{5, true, {}} do
        refused(name, "a string expected, got " .. type(value), {[name] = value})
      end
    end
  end)

  it("is a number in its range", function()
    for name, range in pairs{max_response = {1, 1e9}, connect_timeout = {0.001, 1e6}, max_connections = {1, 10000}} do
      assert(core.target{[name] = range[1]})
      assert(core.target{[name] = range[2]})
      local expected = ("a number from %.14g to %.14g expected, got "):format(range[1], range[2])
      for _, value in ipairs{0, -1, range[1] / 2, range[2] + 1, range[2] * 2, 0 / 0, 1 / 0, -1 / 0} do
        refused(name, expected .. (value ~= value and "nan" or ("%.14g"):format(value)), {[name] = value})
      end
      for _, value in ipairs{"5", true, {}} do
        refused(name, expected .. type(value), {[name] = value})
      end
    end
  end)

  it("is in a table", function()
    assert.has_error(function() core.target() end)
    assert.has_error(function() core.target("https://api.test") end)
    assert.has_error(function() core.target({}, {}) end)
    assert.has_error(function() core.target({}, io.stdout) end)
  end)
end)

describe("a problem", function()
  local function problem(options)
    local _, _, found = core.target(options)
    return found
  end

  it("is a table that names the option", function()
    assert.same({code = "bad_option", option = "proxy", expected = "a string", got = "number"}, problem{proxy = 5})
    assert.same({code = "bad_option", option = "max_response", expected = "a number from 1 to 1000000000", got = "0"},
      problem{max_response = 0})
    assert.same({code = "bad_option", option = "base_url", reason = "it must start with https:// and a host"},
      problem{base_url = "x"})
    assert.same({code = "bad_option", option = "endpoints.wallet", reason = "it must start with one '/'"},
      problem{endpoints = {wallet = "GET x"}})
    assert.same({code = "bad_option", option = "endpoints.***", reason = "there is no such operation"},
      problem{api_key = KEY, endpoints = {[KEY] = "GET /x"}})
  end)

  it("can concern each option of the list", function()
    for _, name in ipairs(core.target_option_names) do
      local found = problem{[name] = print}
      assert.same({"bad_option", name, "function"}, {found.code, found.option, found.got})
    end
  end)
end)

describe("a finalized target", function()
  it("can only be printed", function()
    local answer = program.run [[
      local core = require "cmr.core"
      local target
      local function check()
        print(tostring(target), pcall(target.key_id, target))
        print(pcall(core.request, target, "GET", "/x"))
        print(pcall(core.target, {}, target))
      end
      local last = newproxy and newproxy(true) or setmetatable({}, {__gc = check}) -- is finalized after the target
      if newproxy then getmetatable(last).__gc = check end
      target = core.target{api_key = "k", base_url = "http://localhost"}]]
    assert.equal(0, answer.status, answer.err)
    assert.equal(3, select(2, answer.out:gsub("the target was finalized", "")), answer.out)
    assert.matches("^cmr.target: %(none%)\tfalse", answer.out)
  end)
end)

describe("the User-Agent", function()
  local function agent(options)
    options.api_key = KEY
    return assert(core.request(assert(core.target(options)), "GET", "/x")):request().headers[1]
  end

  it("names the program, the library, the Lua and libcurl", function()
    local lua = rawget(_G, "jit") and jit.version or _VERSION
    local own = ("cmr/%s (%s; libcurl/%s)"):format(core._VERSION, lua, core.libcurl)
    assert.equal("User-Agent: " .. own, agent{})
    assert.equal("User-Agent: app/1 " .. own, agent{user_agent = "app/1"})
  end)

  it("names another implementation of Lua by the version in its module jit", function()
    local loaded = package.loaded.jit
    finally(function() package.loaded.jit = loaded end)
    for version, expected in pairs{["Quick 9"] = "Quick 9", [5] = "Lua 5%.%d"} do
      package.loaded.jit = {version = version}
      assert.matches("%(" .. expected .. "; libcurl/", agent{})
    end
  end)
end)

describe("a target made from another", function()
  local options = {api_key = KEY, base_url = "https://api.test/v1/", endpoints = {platforms = "GET /v2"}}

  it("takes what its own options do not give from the other", function()
    local child = core.target({}, core.target(options))
    collectgarbage()
    collectgarbage()
    assert.equal("https://api.test/v1/v2?userId=u", core.platforms(child, "u"):info().url)
    assert.equal(core.target(options):key_id(), child:key_id())
    assert.equal("https://api.test/v1/v2?userId=u", core.platforms(core.target({}, child), "u"):info().url)
  end)

  it("uses its own options, and leaves the other target unchanged", function()
    local parent = core.target(options)
    local child = core.target({base_url = "https://other.test", api_key = "second"}, parent)
    assert.equal("https://other.test/v2?userId=u", core.platforms(child, "u"):info().url)
    assert.equal("https://api.test/v1/v2?userId=u", core.platforms(parent, "u"):info().url)
    assert.not_equal(parent:key_id(), child:key_id())
    assert.equal("", core.target({api_key = ""}, parent):key_id())
  end)

  it("is checked as the first was", function()
    local target, message = core.target({base_url = "http://api.test"}, core.target(options))
    assert.is_nil(target)
    assert.matches("bad option 'base_url' (plain http", message, 1, true)
    target, message = core.target({key_header = "X-Trace"}, core.target{headers = {["x-trace"] = "1"}})
    assert.is_nil(target)
    assert.equal("bad option 'headers.x-trace' (it is set by the library)", message)
  end)
end)
