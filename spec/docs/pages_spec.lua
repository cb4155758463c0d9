-- Runs each fenced block of lua, sh or nginx in README.md, CONTRIBUTING.md, SECURITY.md and docs against a mock, except
-- in docs/reference.md. The lua blocks of a page are one program, its sh blocks are another one. Each nginx block is a
-- separate configuration. A program must end without an error within a minute. Each page has a folder, which is $HOME
-- for its programs. The clock of the mock runs a thousand times as fast as real time. A comment on the line above a
-- block changes how it is run:
--   <!-- not run: REASON -->  it is not run, for this reason
--   <!-- file: NAME -->       it is written to the page's folder, before the page's programs run; any language
-- lua: has the globals of PRELUDE below. A print with `--> TEXT` behind it must print TEXT; "..." stands for any text.
-- sh: bash runs it in the folder and stops at the first command that fails. It has `cmr`, $user, $mailbox, the mock's
--   key and build/5.4. At the end, the spec ends all processes that the program started.
-- nginx: is a configuration or a part of one. The spec starts nginx with it and requests each plain location, whose Lua
--   code must have no error.
local command = require "spec.support.command"
local delivery = require "spec.support.delivery"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"
local runner = require "spec.support.program"

local LIMIT = 60 -- seconds for one program
local SPEED = 1000
local MARKS = {["not run"] = true, file = true}
local LANGUAGES = {lua = true, sh = true, nginx = true}
local SKIPPED_PAGES = {["docs/reference.md"] = true} -- spec/package/generated_spec.lua runs its calls

local quote = command.quote

-- Returns blocks: {language, text, line = the line of its first code, mark = "not run", "file" or nil, value = the text
-- after the mark's colon}.
local function blocks_of(text)
  local blocks, block, above, number = {}, nil, "", 0
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do
    number = number + 1
    if block and line:find("^%s*```%s*$") then
      blocks[#blocks + 1], block = block, nil
    elseif block then
      block.text = block.text .. line:sub(block.indent + 1) .. "\n"
    elseif line:find("^%s*```") then
      local indent, language = line:match("^(%s*)```(%S*)")
      local mark, value = above:match("^%s*<!%-%- ([%l ]+):%s*(.-)%s*%-%->%s*$")
      if not MARKS[mark] then mark = nil end
      block = {indent = #indent, language = language, line = number + 1, text = "", mark = mark, value = value}
    end
    if line:find("%S") and not block then above = line end
  end
  return blocks
end

-- Returns the page's programs: {language, text, line}. `text` is the code. Empty lines in it put each line of code at
-- the number that the line has in the page. `line` is the number of the first line of code.
local function programs_of(blocks)
  local programs, of_language = {}, {}
  for _, block in ipairs(blocks) do
    if LANGUAGES[block.language] and not block.mark then
      local program = block.language ~= "nginx" and of_language[block.language]
      if not program then
        program = {language = block.language, text = "", lines = 0, line = block.line}
        programs[#programs + 1], of_language[block.language] = program, program
      end
      program.text = program.text .. ("\n"):rep(block.line - 1 - program.lines) .. block.text
      program.lines = block.line - 1 + select(2, block.text:gsub("\n", ""))
    end
  end
  return programs
end

-- Returns the "not run" marks that no block follows.
local function stray_marks(text)
  local stray = {}
  for mark in text:gmatch("<!%-%- (not run[^\n]-) %-%->\n+%f[^\n][^`%s]") do stray[#stray + 1] = mark end
  return stray
end

local PRELUDE = [[
cmr = require "cmr"
user, mailbox = "%s", "%s"
user_ids = {user}
order = {
  domains = {{domain = "example-one.com", years = 1}}, billingCycle = "MONTHLY", serviceProvider = "GOOGLE",
  mailboxes = {["example-one.com"] = {{username = "jane", firstName = "Jane", lastName = "Roe"}}}, confirm = true,
}
raw_body, headers = %s, %s
function save() end
function seen() return false end
function answer(...) print(...) end
function wait(seconds) require("socket").sleep(0.05 + seconds / 1000) end
client = cmr.new{}
do -- polls an order more often than every 30 s, which is the default
  local Client = getmetatable(client)
  local await = Client.await
  Client.await = function(self, res, opts)
    local all = {poll = 0.2}
    for name, value in pairs(opts or {}) do all[name] = value end
    return await(self, res, all)
  end
end
io.stdout:setvbuf "no"
]]

local function lua_table(values)
  local parts = {}
  for name, value in pairs(values) do parts[#parts + 1] = ("[%q] = %q"):format(name, value) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- Returns the output that a block promises after its calls of print: a list of {text, parts}. Any text may be between
-- two parts.
local function promises_of(text)
  local promises = {}
  for line in text:gmatch("[^\n]+") do
    local promised = line:match("print.*%-%->%s*(.-)%s*$")
    if promised then
      local parts = {}
      for part in (promised .. "..."):gmatch("(.-)%.%.%.") do parts[#parts + 1] = part end
      promises[#promises + 1] = {text = promised, parts = parts}
    end
  end
  return promises
end

describe("the pages #docs", function()
  local server, folder

  setup(function() server = mock.start{tls = true, rate = 0} end)

  teardown(function()
    server:stop()
    command.clean()
  end)

  local function environment()
    return {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_CA_FILE = server.ca_file, HOME = folder}
  end

  local function without_key(output)
    return (output:gsub(server.key:gsub("%p", "%%%0"), "KEY"))
  end

  local run = {}

  function run.lua(block, path)
    local body = '{"event":"mailbox.created","eventId":"evt_1","data":{"mailboxId":"mbx_1","orderId":"ord_1"}}'
    local signed = delivery.headers("body-hex-seconds", body, {key = server.key, time = os.time()})
    local prelude = PRELUDE:format(mock.USER, mock.MAILBOX, ("%q"):format(body), lua_table(signed))
    local code = prelude .. ("assert((loadstring or load)(%q, '=%s'))()\n"):format(block.text, path)
    local ended = runner.run(code, {env = environment(), limit = LIMIT})
    assert.equal(0, ended.status, without_key(ended.out .. ended.err))
    local at = 1
    for _, promise in ipairs(promises_of(block.text)) do
      for _, part in ipairs(promise.parts) do
        local _, to = ended.out:find(part:gsub("%s+", " "), at, true)
        if not to then to = select(2, ended.out:gsub("\t", " "):find(part:gsub("%s+", " "), at, true)) end
        if not to then error(("does not print %q, but:\n%s"):format(promise.text, ended.out), 0) end
        at = to + 1
      end
    end
  end

  function run.sh(block)
    local build = command.sh(("cd build/%s && pwd"):format(os.getenv "CMR_FLAVOUR"))
    local lines = command.environment(environment())
    table.insert(lines, "export XDG_CONFIG_HOME= PATH=" .. quote(build .. "/bin:" .. os.getenv "PATH"))
    table.insert(lines, ("export user=%s mailbox=%s; cd %s"):format(mock.USER, mock.MAILBOX, quote(folder)))
    table.insert(lines, ("mkdir -p build; ln -s %s build/"):format(quote(build)))
    local output, status, group = command.file_with(""), command.file_with(""), command.file_with("")
    table.insert(lines, ("echo $$ >%s; set -e"):format(group))
    local script = command.file_with(table.concat(lines, "; ") .. block.text) -- keeps the page's line numbers
    os.execute(([[
      unset LD_PRELOAD
      timeout -k 1 %d setsid -w bash %s </dev/null >%s 2>&1
      echo $? >%s
      group=$(cat %s)
      for signal in TERM 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 KILL; do
        kill -s $signal -- -$group 2>/dev/null || break
        sleep 0.1
      done
    ]]):format(LIMIT, script, output, status, group))
    assert.equal("0", command.read(status):match("%d+"), without_key(command.read(output)))
  end

  -- Returns a configuration's top statements: {name = "server", text = the whole, body = the text between its braces}.
  local function statements_of(text)
    local list, at = {}, 1
    while true do
      at = text:find("[^%s]", at)
      if not at then return list end
      if text:sub(at, at) == "#" then
        at = (text:find("\n", at, true) or #text) + 1
      else
        local stop = assert(text:find("[;{]", at), "a statement without an end")
        local name = text:match("^[%w_]+", at)
        if text:sub(stop, stop) == "{" then
          local _, last = text:find("^%b{}", stop)
          assert(last, name .. ": a brace is not closed")
          list[#list + 1] = {name = name, text = text:sub(at, last), body = text:sub(stop + 1, last - 1)}
          at = last + 1
        else
          list[#list + 1] = {name = name, text = text:sub(at, stop)}
          at = stop + 1
        end
      end
    end
  end

  local MAIN = {env = true, user = true, worker_processes = true, error_log = true, pid = true, load_module = true,
    daemon = true}
  local DROPPED = {env = true, user = true, worker_processes = true, error_log = true, pid = true, load_module = true,
    daemon = true, events = true, include = true, listen = true, access_log = true, lua_package_path = true,
    lua_package_cpath = true}

  -- Sorts statements into those of http and those of the server. Collects the plain paths of locations.
  local function sort_statements(text, parts)
    for _, statement in ipairs(statements_of(text)) do
      local name = statement.name
      if name == "http" or name == "server" then
        sort_statements(statement.body, parts)
      elseif name == "location" then
        table.insert(parts.server, statement.text)
        table.insert(parts.paths, statement.text:match("^location%s*=?%s*(/[^%s{]*)"))
      elseif not MAIN[name] and not DROPPED[name] then
        table.insert(parts[statement.text:find("^client_max_body_size") and "server" or "http"], statement.text)
      end
    end
  end

  function run.nginx(block)
    local parts = {http = {}, server = {}, paths = {}}
    sort_statements(block.text, parts)
    local web = nginx.start{mock = server, http = table.concat(parts.http, "\n"),
      server = table.concat(parts.server, "\n")}
    for _, path in ipairs(parts.paths) do web:get(path) end
    local log = web:log()
    web:stop()
    for _, fault in ipairs{"failed to load inlined", "thread aborted", "init_by_lua error", "failed to run"} do
      assert.not_matches(fault, log, 1, true)
    end
  end

  local pages = command.sh "find README.md CONTRIBUTING.md SECURITY.md docs -name '*.md' 2>/dev/null | sort"
  for path in pages:gmatch("[^\n]+") do
    if not SKIPPED_PAGES[path] then
      describe(path, function()
        local text = command.read(path)

        setup(function()
          folder = command.sh "mktemp -d"
          server:reset()
          server:control("POST", "clock", {speed = SPEED})
        end)
        teardown(function() command.sh("rm -rf " .. folder) end)

        it("has a reason for each block that is not run, and a block for each reason", function()
          for _, block in ipairs(blocks_of(text)) do
            if block.mark == "not run" then assert.not_equal("", block.value, "line " .. block.line) end
          end
          assert.same({}, stray_marks(text))
        end)

        for _, block in ipairs(blocks_of(text)) do
          if block.mark == "file" then
            it(("has the file of line %d: %s"):format(block.line, block.value), function()
              local file = assert(io.open(folder .. "/" .. block.value, "wb"))
              file:write(block.text)
              file:close()
            end)
          end
        end

        for _, program in ipairs(programs_of(blocks_of(text))) do
          it(("has %s code that runs, from line %d on"):format(program.language, program.line), function()
            run[program.language](program, path)
          end)
        end
      end)
    end
  end
end)
