-- How nginx is started: its configuration, its port, and the script around it.
local find = require "cmr.launcher.find"
local launcher = require "cmr.launcher"
local process = require "cmr.launcher.process"
local random = require "cmr.util.random"
local shell = require "cmr.util.shell"

describe("a configuration of nginx", function()
  it("has its modules, its directives, its level of messages and its Lua path", function()
    local text = launcher.nginx_conf{modules = {"/a b/one.so", '/c"d\\.so'}, main = "MAIN;", http = "HTTP $x %1;",
      lua_path = "/p/?.lua"}
    assert.matches('\nload_module "/a b/one.so";\nload_module "/c\\"d\\\\.so";\nMAIN;\n', text, 1, true)
    assert.matches("\nHTTP $x %1;\n}\n", text, 1, true)
    assert.matches("\nerror_log error.log warn;\n", text, 1, true)
    assert.matches('\n  lua_package_path "/p/?.lua;;";\n', text, 1, true)
    text = launcher.nginx_conf{modules = {}, main = "", http = "", lua_path = '/"', log_level = "info"}
    assert.matches("error_log error.log info;\n\n\nevents", text, 1, true)
    assert.matches('lua_package_path "/\\";;";', text, 1, true)
  end)
end)

describe("the launcher", function()
  local nginx, run, integer, stderr, attempts, written

  before_each(function()
    nginx, run, integer, stderr = find.nginx, process.run, random.integer, io.stderr
    attempts, written = {}, ""
    find.nginx = function() return {path = "/bin/my nginx", modules = {"/m.so"}, takes_error_log = true} end
    io.stderr = {write = function(_, ...) written = written .. table.concat{...} end} -- luacheck: ignore 122
  end)

  after_each(function()
    find.nginx, process.run, random.integer = nginx, run, integer
    io.stderr = stderr -- luacheck: ignore 122
  end)

  -- Runs the launcher. `results` has the result of each attempt: true, or the log of nginx.
  local function launch(port, results)
    local ports = 0
    attempts, written = {}, ""
    random.integer = function(low, high)
      assert.same({20000, 29999}, {low, high})
      ports = ports + 1
      return 20000 + ports
    end
    process.run = function(name, files, on)
      attempts[#attempts + 1] = {name = name, files = files, on = on}
      local result = results[#attempts]
      return result == true, result ~= true and result or nil
    end
    local on = {ready = function() end}
    local code = launcher.run("cmr x y", port, function(chosen, program)
      return {http = ("port %d of %s;"):format(chosen, program.path), files = {token = "T"}, prepare = "PREPARE",
        on = on}
    end)
    for _, attempt in ipairs(attempts) do assert.equal(on, attempt.on) end
    return code
  end

  local IN_USE = "bind() failed (98: Address already in use)"

  it("gives nginx its files, in a folder named after the command", function()
    assert.equal(0, launch(7, {true}))
    assert.same({1, "", "cmr-x-y"}, {#attempts, written, attempts[1].name})
    local files = attempts[1].files
    assert.same({"T", "PREPARE", "exec '/bin/my nginx' -p \"$dir/\" -c nginx.conf -e error.log\n"},
      {files.token, files["prepare.sh"], files["start.sh"]})
    local conf = files["nginx.conf"]
    assert.matches('load_module "/m.so";\nmaster_process off;\n', conf, 1, true)
    assert.matches("port 7 of /bin/my nginx;", conf, 1, true)
    local path = assert(conf:match 'lua_package_path "([^"]*)"')
    for template in path:gmatch "[^;]+" do
      assert.matches("^/.*[^/]/%?", template)
      assert.is_true(shell.exists((template:gsub("%?", template:find "init" and "cmr" or "cmr/launcher/find"))))
    end
    find.nginx = function() return {path = "nginx", modules = {}} end
    launch(7, {true})
    assert.equal("exec nginx -p \"$dir/\" -c nginx.conf\n", attempts[1].files["start.sh"])
  end)

  it("tries five ports, until one is free", function()
    assert.equal(0, launch(nil, {IN_USE, IN_USE, true}))
    assert.same({3, ""}, {#attempts, written})
    for index, attempt in ipairs(attempts) do
      assert.matches(("port %d of"):format(20000 + index), attempt.files["nginx.conf"], 1, true)
    end
    assert.equal(0, launch(nil, {IN_USE, IN_USE, IN_USE, IN_USE, true}))
    assert.equal(1, launch(nil, {IN_USE, IN_USE, IN_USE, IN_USE, IN_USE, true}))
    assert.same({5, "cmr x y: " .. IN_USE .. "\n"}, {#attempts, written})
  end)

  it("tries a given port once", function()
    assert.equal(1, launch(7, {IN_USE, true}))
    assert.same({1, "cmr x y: port 7 is in use: give another --port, or omit it to use a free port\n"},
      {#attempts, written})
  end)

  it("does not try again after another failure, and says what it was", function()
    assert.equal(1, launch(nil, {"no memory", true}))
    assert.same({1, "cmr x y: no memory\n"}, {#attempts, written})
    assert.equal(1, launch(7, {"no memory", true}))
    assert.equal("cmr x y: no memory\n", written)
    find.nginx = function() return nil, "needs nginx" end
    for _, port in ipairs{7, false} do
      assert.equal(1, launch(port or nil, {true}))
      assert.same({0, "cmr x y: needs nginx\n"}, {#attempts, written})
    end
  end)
end)

describe("a program that the launcher runs", function()
  local folder, getenv

  before_each(function()
    folder, getenv = shell.output "mktemp -d", os.getenv
    os.getenv = function(name) return name == "TMPDIR" and folder or getenv(name) end -- luacheck: ignore 122
  end)

  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
    os.execute("rm -rf " .. shell.quote(folder))
  end)

  local function run(start, on, prepare)
    on = on or {}
    on.ready = on.ready or function() end
    local stopped, log = process.run("name", {["start.sh"] = start, ["prepare.sh"] = prepare or "", data = "DATA"}, on)
    assert.equal("", shell.output("ls " .. shell.quote(folder)))
    return {stopped, log}
  end

  it("finds its files in a folder of its own, which is removed afterwards", function()
    local pid, directory, seen
    local result = run('cat "$dir/data" made; echo; pwd; stat -c %a .; echo ready', {
      ready = function(...) pid, directory = ... end,
      DATA = function(rest) seen = rest end,
      ["700"] = function(rest) seen = seen .. "mode" .. rest end,
    }, "printf ' made before' >made")
    assert.equal(true, result[1])
    assert.same({"made beforemode", true}, {seen, pid:find "^%d+$" ~= nil})
    assert.matches("^" .. folder:gsub("%p", "%%%0") .. "/name%.%x+$", directory)
    assert.equal(16, #directory:match "%x+$")
  end)

  it("is ready once, and reports lines by their first words", function()
    local ready, told = 0, {}
    run("echo early 1; echo ready; echo ready; echo early; echo unknown x; echo early 2 3", {
      ready = function() ready = ready + 1 end,
      early = function(rest) told[#told + 1] = rest end,
    })
    assert.same({1, {"1", "", "2 3"}}, {ready, told})
  end)

  it("that fails has its messages, or its log, as the reason", function()
    assert.same({false, "one\ntwo"}, run "echo one >&2; echo two >&2; exit 3")
    assert.same({false, "one\nlogged"}, run "echo one >&2; echo logged >error.log; exit 1")
    assert.same({false, "ended unexpectedly"}, run "exit 1")
    assert.same({false, "not prepared"}, run("echo ready", nil, "echo not prepared; exit 1"))
  end)

  it("is stopped by SIGTERM to the pid, which is no failure", function()
    local result = run("echo ready; exec sleep 60", {ready = function(pid) os.execute("kill " .. pid) end})
    assert.equal(true, result[1])
  end)

  it("ends when a report raises an error, which is raised again", function()
    local ok, message = pcall(run, "echo ready; exec sleep 1", {ready = function() error("no", 0) end})
    assert.same({false, "no"}, {ok, message})
    assert.equal("", shell.output("ls " .. shell.quote(folder)))
    local result = run("echo ready; exec sleep 1", {ready = function() error("x: interrupted!", 0) end})
    assert.equal(true, result[1])
  end)

  it("may end at once, as often as it likes", function()
    for _ = 1, 20 do assert.same({false, "ended unexpectedly"}, run "exit 1") end
  end)

  it("needs a folder for temporary files", function()
    local output = shell.output
    finally(function() shell.output = output end)
    shell.output = function() return "" end -- mkdir failed
    local stopped, log = process.run("name", {}, {ready = function() end})
    assert.same({false, "cannot make a temporary directory"}, {stopped, log})
  end)
end)
