-- Operations that send multipart form data: what arrives, what is refused before it is sent, how much memory a file
-- needs, and what happens when a file changes.
local cjson = require "cjson"
local client_support = require "spec.support.client"
local cmr = require "cmr"
local core = require "cmr.core"
local mock = require "spec.support.mock"
local posix = require "spec.support.posix"
local program = require "spec.support.program"
local recorded = require "spec.support.recorded"

local USER = mock.USER
local ENDPOINTS = {
  create_order_form = "POST /made-up/form",
  add_subscription_mailboxes = "POST /made-up/add",
}

local directory

local function write(name, contents)
  local path = directory .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(contents)
  file:close()
  return path
end

local function order(files)
  return {
    userId = USER,
    domains = {{domain = "pictured.com", years = 1}},
    mailboxes = {["pictured.com"] = {{username = "jane", firstName = "Jane", lastName = "Döe \"J\""}}},
    files = files,
    confirm = true,
  }
end

local function supply(api)
  api.server:control("POST", "endpoints", ENDPOINTS)
end

local function by_name(request)
  local parts = {}
  for _, part in ipairs(request.parts) do
    assert.is_nil(parts[part.name])
    parts[part.name] = part
  end
  return parts
end

describe("form data", function()
  local api

  setup(function()
    directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir " .. directory))
  end)

  teardown(function() os.execute("rm -rf " .. directory) end)

  before_each(function()
    api = recorded.new{endpoints = ENDPOINTS}
    supply(api)
  end)

  local function last()
    local requests = api.server:requests()
    return requests[#requests], #requests
  end

  it("has a part for each field, and one for each file with its name and type", function()
    local path = write("jane.PNG", "\137PNG\r\n--not a boundary\r\n\0bytes")
    local answer = assert(api.client:create_order_form(order{["jane@pictured.com"] = path}))
    assert.matches("^ACT_", answer.actionId)
    local request = last()
    assert.equal("POST", request.method)
    assert.equal("/api/v1/integration/made-up/form", request.path)
    assert.equal("userId=" .. USER, request.raw_query)
    assert.equal(200, request.status)
    assert.matches("^multipart/form%-data; boundary=", request.headers["content-type"])
    assert.is_string(request.headers["content-length"])
    assert.is_nil(request.headers["expect"])
    local parts = by_name(request)
    assert.same({{domain = "pictured.com", years = 1}}, cjson.decode(parts.domains.value))
    assert.same({["pictured.com"] = {{username = "jane", firstName = "Jane", lastName = "Döe \"J\""}}},
      cjson.decode(parts.mailboxes.value))
    assert.equal("true", parts.confirm.value)
    local picture = parts["files[jane@pictured.com]"]
    assert.same({"jane.PNG", "image/png", 30}, {picture.filename, picture.type, picture.size})
    assert.equal(4, #request.parts)
  end)

  it("has the same effect on the mock as the order in JSON", function()
    local path = write("jane.jpg", "jpeg")
    local answer = assert(api.client:create_order_form(order{["jane@pictured.com"] = path}))
    assert.is_string(answer.data.orderId)
    local again, _, err = api.client:create_order_form(order{["jane@pictured.com"] = path})
    assert.is_nil(again)
    assert.equal(422, err.status) -- the domain is taken
    local refused
    refused, _, err = api.client:add_subscription_mailboxes{userId = USER, subscriptionId = "nowhere", confirm = false,
      mailboxes = {["pictured.com"] = {{username = "b", firstName = "B", lastName = "C"}}}}
    assert.is_nil(refused)
    assert.equal(404, err.status)
    assert.equal("nowhere", by_name(last()).subscriptionId.value)
  end)

  it("refuses a file that cannot be sent, before anything is sent", function()
    local empty = write("empty.png", "")
    local fifo = directory .. "/fifo"
    assert(os.execute("mkfifo " .. fifo))
    for path, reason in pairs{
      [directory] = "it is a directory",
      [empty] = "it is empty",
      [fifo] = "it is no regular file",
      [directory .. "/nothing.png"] = "No such file or directory",
      [write("line\nbreak.png", "x")] = "its name holds a control character",
      [write("a\31.png", "x")] = "its name holds a control character",
      [write("a\127.png", "x")] = "its name holds a control character",
      ["a\0b"] = "it holds a NUL byte",
    } do
      api:refuses(reason, function() return api.client:create_order_form(order{["jane@pictured.com"] = path}) end)
    end
    api:refuses([[files["jane@pictured.com"]' is empty]], function()
      return api.client:create_order_form(order{["jane@pictured.com"] = ""})
    end)
    for _, key in ipairs{"a=b", "a]b", 'a"b', "a\\b", "a\r\nX: y", "", "\255"} do
      api:refuses("a file's key", function() return api.client:create_order_form(order{[key] = empty}) end)
    end
    api:raises("file expected, got number", function() api.client:create_order_form(order{["jane@a.com"] = 5}) end)
    api:raises("a form has no null", function()
      api.client:create_order_form{confirm = true, billingCycle = cmr.null}
    end)
    api:refuses("not UTF-8", function()
      return api.client:create_order_form{confirm = true, microsoftOauthRoute = "\255"}
    end)
    api:refuses("NUL", function()
      return api.client:create_order_form{confirm = true, microsoftOauthRoute = "a\0b"}
    end)
    api:raises("missing required argument 'confirm'", function() api.client:create_order_form{userId = USER} end)
    api:raises("did you mean 'files'", function() api.client:create_order_form{confirm = true, file = {}} end)
  end)

  it("has its files in the order of their keys, however many they are", function()
    local path = write("same.png", "png")
    local files, keys = {}, {}
    for index = 1, 400 do
      keys[index] = ("%c%c@b.com"):format(97 + math.floor(index / 20), 97 + index % 20)
      files[keys[index]] = path
    end
    local client = client_support.new(api.server, {endpoints = ENDPOINTS})
    local form = assert(client:preview("create_order_form", {confirm = true, files = files})).form
    local names = {}
    for _, part in ipairs(form) do names[#names + 1] = part.name:match "^files%[(.*)%]$" end
    assert.same(keys, names)
  end)

  it("has keys with every character that can stand in a name", function()
    local path = write("key.png", "png")
    local refused = {}
    for byte = 1, 127 do
      local char = string.char(byte)
      local call = core.create_order_form(assert(core.target{api_key = "k", endpoints = ENDPOINTS}),
        order{["a" .. char .. "b"] = path})
      if not call then refused[#refused + 1] = byte end
    end
    local expected = {}
    for byte = 1, 31 do expected[byte] = byte end
    for _, byte in ipairs{34, 61, 91, 92, 93, 127} do expected[#expected + 1] = byte end
    assert.same(expected, refused)
  end)

  it("tells the type of an image by the ending of its name, in letters of any case", function()
    local files, expected = {}, {}
    for ending, kind in pairs{png = "image/png", jpg = "image/jpeg", jpeg = "image/jpeg", gif = "image/gif",
      webp = "image/webp", svg = "image/svg+xml", avif = "image/avif", bmp = "image/bmp", heic = "image/heic",
      tiff = "image/tiff", PnG = "image/png", txt = "application/octet-stream", [""] = "application/octet-stream"} do
      files[ending .. "@b.com"] = write(ending == "" and "no ending" or "x.y." .. ending, "x")
      expected[ending .. "@b.com"] = kind
    end
    local client = client_support.new(api.server, {endpoints = ENDPOINTS})
    local seen = {}
    for _, part in ipairs(assert(client:preview("create_order_form", {confirm = true, files = files})).form) do
      if part.path then seen[part.name:match "%[(.*)%]"] = part.type end
    end
    assert.same(expected, seen)
  end)

  it("sends a file under its own name, whatever its folder, and one of any size", function()
    for index, size in ipairs{1, 2, 65535, 65536, 65537, 131072} do
      local name = index == 1 and " a~b.png" or index .. ".png"
      local path = write(name, ("x"):rep(size))
      assert(api.client:create_order_form{userId = USER, confirm = false, files = {["a@b.com"] = path},
        domains = {{domain = ("sized%d.com"):format(index), years = 1}}})
      local picture = by_name(last())["files[a@b.com]"]
      assert.same({name, size}, {picture.filename, picture.size})
    end
  end)

  it("gives every descriptor of its files back", function()
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    local files = {}
    for index = 1, 3 do files["a" .. index .. "@b.com"] = write(index .. ".png", "x") end
    local before = posix.descriptors ".png"
    local calls = {}
    for index = 1, 4 do
      calls[index] = assert(core.create_order_form(target, {userId = USER, confirm = false, files = files}))
      assert.equal(before, posix.descriptors ".png")
      calls[index]:start(core.engine(), 10)
      assert.equal(before + 3, posix.descriptors ".png")
      if index == 1 then calls[1]:cancel() else client_support.finish(calls[index]) end
      assert.equal(before, posix.descriptors ".png")
    end
  end)

  it("gives descriptor 0 back too, where standard input is closed", function()
    local path = write("zero.png", "x")
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    assert(posix.child(function()
      local engine = core.engine()
      posix.close(0) -- the next descriptor is 0
      local call = assert(core.create_order_form(target, order{["jane@pictured.com"] = path}))
      assert(not posix.is_open(0))
      call:start(engine, 10)
      assert(posix.is_open(0) and posix.descriptors "zero.png" == 1)
      call:cancel()
      assert(posix.descriptors "zero.png" == 0)
    end))
  end)

  it("keeps its files from programs that are started meanwhile", function()
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    local call = assert(core.create_order_form(target, order{["jane@pictured.com"] = write("private.png", "x")}))
    call:start(core.engine(), 10)
    local pipe = assert(io.popen "ls -l /proc/self/fd")
    local open = pipe:read "*a"
    pipe:close()
    call:cancel()
    assert.is_nil(open:find("private.png", 1, true), open)
  end)

  it("is sent by a program that was started without an input and an output", function()
    local path = write("closed.png", "a picture")
    local code = ([[
      local core = require "cmr.core"
      local cmr = require "cmr"
      local client = cmr.new{rate = false, endpoints = {create_order_form = "POST /made-up/form"}}
      local answer, message = client:create_order_form{userId = %q, confirm = false, files = {["a@b.com"] = %q},
        domains = {{domain = "closed.com", years = 1}}}
      io.stderr:write(message or "sent", " ", type(core.engine():fd()))
    ]]):format(USER, path)
    local ended = program.run(code, {through = [[sh -c 'exec "$@" <&- >&-' sh]],
      env = {CMR_API_KEY = api.server.key, CMR_BASE_URL = api.server.base_url}})
    assert.equal("sent number", ended.err)
    assert.equal(9, by_name(last())["files[a@b.com]"].size)
  end)

  it("holds an object only if JSON can express it", function()
    api:refuses("bad field 'google.clientId' (it is not UTF-8)", function()
      return api.client:create_order_form{confirm = true, google = {clientId = "\255"}}
    end)
  end)

  it("keeps text in one part, whatever the text contains", function()
    local text = "--x\r\nContent-Disposition: form-data; name=\"confirm\"\r\n\r\nfalse\r\n@/etc/passwd;type=a"
    assert(api.client:create_order_form{userId = USER, confirm = false, microsoftOauthRoute = text,
      domains = {{domain = "textual.com", years = 1}}})
    local parts = by_name(last())
    assert.equal(text, parts.microsoftOauthRoute.value)
    assert.equal("false", parts.confirm.value)
  end)

  it("is sent once, so that a charge is not repeated", function()
    local path = write("once.png", "png")
    api = recorded.new{retries = 3, loop = client_support.fake_loop(), endpoints = ENDPOINTS}
    supply(api)
    api.server:fault{times = 1, status = 503}
    local answer, _, err = api.client:create_order_form(order{["jane@pictured.com"] = path})
    assert.is_nil(answer)
    assert.equal("unknown", err.outcome)
    assert.equal(1, select(2, last()))
    -- A request that the rate limit refuses is not carried out, so the same parts are sent again.
    api.server:fault{times = 1, status = 429}
    assert(api.client:create_order_form(order{["jane@pictured.com"] = path}))
    local request, count = last()
    assert.equal(3, count)
    assert.equal(3, by_name(request)["files[jane@pictured.com]"].size)
  end)

  it("is sent once, and says so, when a reused connection closes unanswered", function()
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    local path = write("closing.png", "a picture")
    for _, close in ipairs{true, "after"} do
      assert(client_support.attempt(core.platforms(target, USER)))
      local _, before = last()
      api.server:fault{close = close, times = 1}
      local answer, message, err = client_support.attempt(core.create_order_form(target,
        order{["jane@pictured.com"] = path}))
      assert.is_nil(answer)
      assert.matches("closed without an answer; not sent again, because it may have been done", message, 1, true)
      assert.same({"network", "unknown"}, {err.kind, err.outcome})
      local _, after = last()
      assert.equal(before + 1, after)
    end
  end)

  it("leaves its connection to the next waiting call when its file is gone", function()
    local path = write("leaving.png", "a picture")
    local target = client_support.target(api.server, {endpoints = ENDPOINTS, max_connections = 1})
    assert(client_support.attempt(core.platforms(target, USER)))
    api.server:fault{delay = 0.3, times = 1}
    local calls = {core.platforms(target, USER), core.create_order_form(target, order{["jane@pictured.com"] = path}),
      core.platforms(target, USER)}
    for _, call in ipairs(calls) do call:start(core.engine(), 10, 30) end
    os.remove(path)
    client_support.finish(calls[1], calls[2], calls[3])
    assert.matches("can no longer be read", select(2, calls[2]:result()), 1, true)
    assert.is_true(assert(calls[3]:result()).status == 200 and calls[3]:info().queued < 8)
  end)

  it("is not sent when a file changed since the call was made", function()
    local path = write("changing.png", "before")
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    local call = assert(core.create_order_form(target, order{["jane@pictured.com"] = path}))
    write("changing.png", "after it")
    local answer, message, err = client_support.attempt(call)
    assert.is_nil(answer)
    assert.matches("changing.png' changed before it was sent", message, 1, true)
    assert.same({"invalid_argument", "not_sent"}, {err.kind, err.outcome})
    os.remove(path)
    answer, message = client_support.attempt(call)
    assert.is_nil(answer)
    assert.matches("changed before it was sent, or can no longer be read", message, 1, true)
    assert.same({}, api.server:requests())
  end)

  it("is not sent when the time of a file's last change is another, in any part", function()
    local path = write("touched.png", "a picture")
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    local function touch(time) assert(os.execute(("touch -d 2001-09-09T01:46:%sZ %s"):format(time, path))) end
    touch "40.5"
    local call = assert(core.create_order_form(target, order{["jane@pictured.com"] = path}))
    for _, time in ipairs{"40.25", "41.5"} do
      touch(time)
      assert.matches("touched.png' changed before it was sent", select(2, client_support.attempt(call)), 1, true)
    end
    touch "40.5"
    assert.equal(200, assert(client_support.attempt(call)).status)
  end)

  it("has the file as it was when the attempt began, even if the file grows", function()
    local path = write("growing.png", "a picture")
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    local call = assert(core.create_order_form(target, order{["jane@pictured.com"] = path}))
    call:start(core.engine(), 10)
    write("growing.png", "a picture and more")
    client_support.finish(call)
    assert.equal(200, assert(call:result()).status)
    assert.equal(9, by_name(last())["files[jane@pictured.com]"].size)
  end)

  it("ends with an unknown outcome when a file becomes shorter while it is sent", function()
    local path = directory .. "/shrinking.png"
    assert(os.execute("truncate -s 60M " .. path))
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    -- The file is the first part.
    local call = assert(core.create_order_form(target,
      {userId = USER, confirm = true, files = {["jane@pictured.com"] = path}}))
    call:start(core.engine(), 30)
    repeat core.engine():wait(5) until call:info().sends == 1
    write("shrinking.png", "")
    client_support.finish(call)
    local answer, message, err = call:result()
    assert.is_nil(answer)
    assert.matches("shrinking.png' became shorter while it was sent", message, 1, true)
    assert.same({"network", "unknown"}, {err.kind, err.outcome})
    -- The call cannot be sent again, because its file has changed.
    message = select(2, client_support.attempt(call))
    assert.matches("changed before it was sent", message, 1, true)
  end)

  it("streams a large file, without memory for its whole size", function()
    local size = 5 * 2 ^ 20
    local path = write("large.png", ("0123456789abcdef"):rep(size / 16))
    local ended = program.run(([[
      local cmr = require "cmr"
      local function resident()
        local status = io.open("/proc/self/status"):read "*a"
        return tonumber(status:match "VmHWM:%%s*(%%d+)")
      end
      local client = cmr.new{rate = false, endpoints = {create_order_form = "POST /made-up/form"}}
      local function send(path)
        return assert(client:create_order_form{userId = %q, confirm = false,
          domains = {{domain = path:match "(%%w+)%%.png" .. ".com", years = 1}}, files = {["a@b.com"] = path}})
      end
      send %q
      local before = resident()
      send %q
      print(resident() - before)
    ]]):format(USER, write("small.png", "x"), path),
      {env = {CMR_API_KEY = api.server.key, CMR_BASE_URL = api.server.base_url}})
    assert.same({0, ""}, {ended.status, ended.err})
    if io.open "/proc/self/status" then assert.is_true(tonumber(ended.out) < 2048, ended.out .. " kB more") end
    local picture = by_name(last())["files[a@b.com]"]
    assert.equal(size, picture.size)
    local sum = io.popen("md5sum " .. path):read "*l":match "^%x+"
    assert.equal(sum, picture.md5)
  end)

  it("appears in a preview, with the key masked", function()
    local path = write("preview.png", "png")
    local client = client_support.new(api.server, {endpoints = ENDPOINTS})
    local preview = assert(client:preview("add_subscription_mailboxes", {userId = USER, subscriptionId = "SUB",
      confirm = false, google = {clientId = api.server.key}, files = {["a@b.com"] = path}}))
    assert.is_nil(preview.body)
    assert.same({
      {name = "subscriptionId", value = "SUB"},
      {name = "files[a@b.com]", path = path, type = "image/png"},
      {name = "confirm", value = "false"},
    }, {preview.form[1], preview.form[2], preview.form[3]})
    assert.is_nil(preview.form[4].value:find(api.server.key, 1, true))
    for _, header in ipairs(preview.headers) do assert.is_nil(header:lower():find "content%-type") end
    assert.same({}, api.server:requests())
  end)

  it("is sent in the background, several at once, and can be cancelled and collected", function()
    local path = write("many.png", ("x"):rep(100000))
    local jobs = {}
    for index = 1, 4 do
      jobs[index] = api.client:start("create_order_form", {userId = USER, confirm = false, files = {["a@b.com"] = path},
        domains = {{domain = ("many%d.com"):format(index), years = 1}}})
    end
    for _, job in ipairs(jobs) do assert.is_table(job:wait()) end
    assert.equal(4, select(2, last()))
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    for _ = 1, 3 do
      local call = assert(core.create_order_form(target, order{["jane@pictured.com"] = path}))
      call:start(core.engine(), 10)
      core.engine():wait(0)
      call:cancel()
      call = nil -- luacheck: ignore 311
      collectgarbage()
    end
  end)

  it("belongs to the parent after a fork, and its file takes no descriptor of the child", function()
    local path = write("forked.png", ("x"):rep(3000000))
    local engine = core.engine()
    api.server:fault{delay = 0.3}
    local target = client_support.target(api.server, {endpoints = ENDPOINTS})
    local call = assert(core.create_order_form(target, order{["jane@pictured.com"] = path}))
    call:start(engine, 30)
    for _ = 1, 3 do engine:wait(5) end
    assert(posix.child(function()
      local opened = posix.replace_descriptors()
      engine:close()
      for _, fd in ipairs(opened) do assert(posix.is_open(fd), "closed: " .. fd) end
      local answer, _, err = call:result()
      assert(answer == nil and err.kind == "cancelled" and err.outcome == "unknown")
    end))
    assert(posix.child(function()
      engine:close()
      local _, _, err = call:result()
      assert(err.kind == "cancelled")
    end))
    client_support.finish(call)
    assert.equal(200, call:result().status)
    assert.equal(3000000, by_name(last())["files[jane@pictured.com]"].size)
  end)

  it("is sent once by bulk runs, even if its file has another path in the next run", function()
    local client = client_support.new(api.server, {endpoints = ENDPOINTS, ledger = directory .. "/ledger.db"})
    local function rows(folder)
      local list = {}
      for index = 1, 3 do
        list[index] = {userId = USER, confirm = false, domains = {{domain = ("bulk%d.com"):format(index), years = 1}},
          files = {["a@b.com"] = ("%s/%s%d.png"):format(directory, folder, index)}}
      end
      return list
    end
    for index = 1, 3 do
      write(("one%d.png"):format(index), "picture " .. index)
      write(("two%d.png"):format(index), "picture " .. index)
    end
    os.remove(directory .. "/one3.png")
    local report = assert(client:bulk("create_order_form", rows "one"))
    assert.same({3, 2, 1}, {report.rows, report.accepted, report.failed})
    assert.equal(2, select(2, last()))
    assert(client:bulk("create_order_form", rows "two"))
    assert.equal(3, select(2, last()))
    write("two1.png", "another picture")
    assert(client:bulk("create_order_form", rows "two"))
    assert.equal(4, select(2, last()))
  end)

  it("has an identity in the ledger that depends on its files' content, not on their paths", function()
    local identity = require "cmr.ledger.identity"
    local row = cmr.operations.create_order_form
    local one, same = write("one.png", "content"), write("same.png", "content")
    local function digest(path) return identity.digest(order{["jane@pictured.com"] = path}, row) end
    local before = digest(one)
    assert.equal(before, digest(same))
    write("one.png", "different")
    assert.not_equal(before, digest(one))
    assert.is_string(digest(directory .. "/nothing.png"))
    local args = order{["jane@pictured.com"] = one}
    identity.digest(args, row)
    assert.same(order{["jane@pictured.com"] = one}, args)
  end)
end)
