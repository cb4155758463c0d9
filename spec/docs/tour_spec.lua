-- Runs the commands of docs/tour.md in one shell against a mock. They must print what the page shows.
-- CMR_WRITE_TOUR=1 make check SPECS=spec/docs/tour_spec.lua writes the output into the page.
local command = require "spec.support.command"

local run = command.sh

local PATH = "docs/tour.md"

-- Returns the commands in the ```console blocks, in order: {command, lines, output}. `command` is the text behind "$ ".
-- If a line of it ends with "\", the next line belongs to the command too. `lines` has these lines as the page has
-- them. `output` has the lines that follow, up to the next "$ " or the end of the block.
local function parse(text)
  local steps, block, inside = {}, nil, false
  for line in text:gmatch("([^\n]*)\n") do
    if line:find("^```") then
      inside = line == "```console"
    elseif inside and line:find("^%$ ") then
      block = {command = line:sub(3), lines = line .. "\n", output = ""}
      steps[#steps + 1] = block
    elseif inside and block.command:find("\\$") then
      block.command = block.command .. "\n" .. line
      block.lines = block.lines .. line .. "\n"
    elseif inside then
      block.output = block.output .. line .. "\n"
    end
  end
  return steps
end

-- Runs the commands in one shell, with this home. Stores in each step what it printed.
local function perform(steps, home)
  local marker, lines = "== step %d ==\n", {}
  for index, step in ipairs(steps) do
    lines[index] = ("echo '== step %d =='\n{ %s\n} 2>&1\n"):format(index, step.command)
  end
  lines[#lines + 1] = ("echo '== step %d =='\n"):format(#steps + 1)
  local build = run(("cd build/%s/bin && pwd"):format(os.getenv "CMR_FLAVOUR"))
  local environment = command.environment{HOME = home, XDG_CONFIG_HOME = "", PATH = build .. ":" .. os.getenv "PATH"}
  local script = command.file_with(table.concat(environment, "\n") .. "\n" .. table.concat(lines))
  local printed = run(("cd %s && timeout 60 sh %s </dev/null"):format(home, script)) .. "\n"
  for index, step in ipairs(steps) do
    local _, from = printed:find(marker:format(index), 1, true)
    local to = printed:find(marker:format(index + 1), from, true)
    step.printed = printed:sub(from + 1, to - 1):gsub(home:gsub("%p", "%%%0"), "/home/me")
  end
end

-- Replaces what differs between runs and machines: ids, times, the mock's port, versions.
local function normal(text)
  return (text:gsub("%d%d%d%d%-%d%d%-%d%dT[%d:.]+Z", "TIME"):gsub("ACT_%x[%x-]+", "ACT_ID")
    :gsub("6 days 23 hours", "7 days") -- on a busy machine, a second has passed
    :gsub("127%.0%.0%.1:%d+", "127.0.0.1:PORT"):gsub("cmr/[%d.]+ %(Lua [^)]*%)", "VERSION")
    :gsub("%f[%w]%u?[%u%d]+%f[%W]", function(word)
      return #word == 16 and "CREDENTIAL" or nil
    end))
end

describe("the tour #tour", function()
  local home

  setup(function() home = run "mktemp -d" end)
  teardown(function()
    run("rm -rf " .. home)
    command.clean()
  end)

  it("prints what it says", function()
    local text = command.read(PATH)
    local steps = parse(text)
    perform(steps, home)
    if os.getenv "CMR_WRITE_TOUR" then
      local at = 1
      for _, step in ipairs(steps) do
        local from, to = text:find(step.lines .. step.output, at, true)
        text = text:sub(1, from - 1) .. step.lines .. step.printed .. text:sub(to + 1)
        at = from + #step.lines + #step.printed
      end
      local file = assert(io.open(PATH, "wb"))
      file:write(text)
      file:close()
    else
      for _, step in ipairs(steps) do
        assert.equal(step.lines .. normal(step.output), step.lines .. normal(step.printed))
      end
    end
  end)
end)
