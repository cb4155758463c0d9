-- The printed example of each operation: as a Lua call, as a command, and as the curl line of --dry-run. A mock that
-- starts with the data of cmr.examples accepts the examples. If an operation's path or method is not documented, cmr
-- refuses to send its example.

local cmr = require "cmr"
local command = require "spec.support.command"
local examples = require "cmr.examples"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"
local support = require "spec.support.client"
local words_of = require "cmr.cli.help"

local load_text = loadstring or load

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local REFERENCE, MANUAL, TYPES = read "docs/reference.md", read "docs/cmr.1", read "types/cmr.lua"

-- Returns the Lua and the shell text of an operation's example in the reference.
local function printed(name)
  local from = assert(REFERENCE:find("\n### cmr." .. name .. "\n", 1, true), name)
  local section = REFERENCE:sub(from, (REFERENCE:find("\n##", from + 1, true) or 0) - 1)
  return section:match("An example:\n\n```lua\n(.-)\n```\n\n```sh\n(.-)\n```")
end

local function undocumented(row)
  return not row.path and "path" or not row.method and "method" or nil
end

teardown(command.clean)

describe("an example", function()
  it("exists for each operation, and for nothing else", function()
    for _, row in ipairs(operations) do assert.is_string(examples[row.name], row.name) end
    for name in pairs(examples) do assert.is_table(operations[name], name) end
  end)

  it("is the same in the help, the manual page, the reference and the types", function()
    for _, row in ipairs(operations) do
      local line = words_of.example(row)
      local call, shell = printed(row.name)
      local types = TYPES:sub(1, TYPES:find("\nfunction cmr." .. row.name .. "(", 1, true))
      local block = types:match(".*\n%-%-%-```lua(\n.-)\n%-%-%-```\n")
      assert.equal("\n" .. call, (block:gsub("\n%-%-%-", "\n")))
      assert.equal(line, shell)
      local escaped = line:gsub("\\", "\\e"):gsub("%-", "\\-")
      assert.matches("   " .. escaped .. "\n", MANUAL, 1, true)
    end
  end)
end)

describe("the example of #examples", function()
  local server, client, env

  setup(function() server = mock.start{rate = 0, examples = true} end)

  teardown(function() server:stop() end)

  before_each(function()
    server:reset()
    client = support.new(server)
    env = {CMR_BASE_URL = server.base_url, CMR_API_KEY = server.key}
  end)

  -- Runs shell text in a folder with the file that an example names. There, "cmr" is this checkout's command.
  local function sh(text)
    local out, err, status = command.file_with "", command.file_with "", command.file_with ""
    local lines = command.environment(env)
    lines[#lines + 1] = "root=$PWD; cd $(mktemp -d)"
    lines[#lines + 1] = "printf '%s\\n' 'correct horse' >password.txt"
    lines[#lines + 1] = ("cmr() { %s \"$root/bin/cmr\" \"$@\"; }"):format(command.lua())
    lines[#lines + 1] = ("{ %s\n} >%s 2>%s </dev/null; echo $? >%s; rm -r \"$PWD\""):format(text, out, err, status)
    os.execute("sh " .. command.file_with(table.concat(lines, "\n")))
    return {status = tonumber(command.read(status)), out = command.read(out), err = command.read(err)}
  end

  -- Returns the statuses of the requests since the last reset.
  local function statuses()
    local list = {}
    for index, request in ipairs(server:requests()) do list[index] = request.status end
    return list
  end

  for _, row in ipairs(operations) do
    local missing = undocumented(row)
    local wanted = {row.name == "order_prewarmed" and 201 or 200}
    local asks = row.flags.charges or row.flags.danger

    it(row.name, function()
      local code, shell = printed(row.name)
      -- without a terminal, the command needs --yes to charge or to destroy
      local confirmed = shell .. (asks and " --yes" or "")

      local chunk = assert(load_text("local cmr = ...\nreturn " .. code))
      local fake = setmetatable({}, {__index = function(_, name)
        if name == "array" or name == "null" then return cmr[name] end
        return function(...) return client[name](client, ...) end
      end})
      if missing then
        assert.has_error(function() chunk(fake) end)
        for _, text in ipairs{confirmed, confirmed .. " --dry-run"} do
          local ended = sh(text)
          assert.equal(2, ended.status, ended.err)
          assert.matches("is not documented", ended.err, 1, true)
        end
        assert.same({}, statuses())
        return
      end

      local answer, message = chunk(fake)
      assert(answer, message)
      assert.is_nil(cmr.info(answer).partial)
      assert.same(wanted, statuses())

      server:reset()
      local ended = sh(confirmed)
      assert.same({status = 0, err = ""}, {status = ended.status, err = ended.err})
      assert.same(wanted, statuses())

      server:reset()
      local shown = sh(confirmed .. " --dry-run")
      assert.same({status = 0, err = ""}, {status = shown.status, err = shown.err})
      assert.same({}, statuses())
      assert.matches(' "?status"?: ?' .. wanted[1], " " .. sh(shown.out).out:gsub("[{,]", " "))
      assert.same(wanted, statuses())
    end)
  end
end)
