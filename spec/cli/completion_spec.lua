-- What Tab completes: in the command itself, in real shells, and in a terminal.
local command = require "spec.support.command"
local core = require "cmr.core"
local scripts = require "cmr.cli.completion_scripts"
local operations = require "cmr.operations"

local run, unpack = command.sh, table.unpack or unpack
local home

setup(function()
  home = run "mktemp -d"
  run(("mkdir '%s/a b' %s/in && touch %s/in/body.json %s/key"):format(home, home, home, home))
end)
teardown(function()
  run("rm -rf " .. home)
  command.clean()
end)

-- Returns the words that may complete a line. "FILE after ..." means that a file's name may follow that text.
local function candidates(...)
  local done = command.run({"completion", "candidates", "--", ...}, {env = {XDG_CONFIG_HOME = home}})
  assert.same({0, ""}, {done.status, done.err})
  local words = {}
  for word, about in done.out:gmatch("([^\t\n]*)\t([^\n]*)\n") do
    words[#words + 1] = word ~= "" and word or "FILE after " .. about
  end
  return words
end

describe("completion", function()
  it("offers commands, options, closed sets, and file names", function()
    local all = {}
    for _, word in ipairs(candidates "") do all[word] = true end
    for _, row in ipairs(operations) do assert.is_true(all[(row.name:gsub("_", "-"))], row.name) end
    for _, entry in ipairs(require "cmr.cli.commands") do assert.is_true(all[entry[1]], entry[1]) end

    local cases = {
      {{"platf"}, {"platforms", "platform-workspaces"}},
      {{"--output", "json", "reex"}, {"reexport"}},
      {{"--output=json", "reex"}, {"reexport"}},
      {{"help", "reex"}, {"reexport"}},
      {{"reexport", "--goo"}, {"--google", "--google-oauth-route", "--google-client-id", "--google-app-name"}},
      {{"reexport", "--outp"}, {"--output"}},
      {{"--com"}, {"--compact"}},
      {{"reexport", "--compact", "--outp"}, {"--output"}}, -- --compact takes no value
      {{"help", "env"}, {"env", "environment"}},
      {{"reexport", "--output", "t"}, {"table"}},
      {{"reexport", "--output=t"}, {"--output=table"}},
      {{"create-order", "U", "--confirm", ""}, {"true", "false"}},
      {{"check-workspace", "--service-provider", ""}, {"GOOGLE", "MICROSOFT"}},
      {{"mock", "--window=f"}, {"--window=fixed"}},
      {{"completion", ""}, {"bash", "zsh", "fish"}},
      {{"platforms", "--api-key-file", ""}, {"FILE after "}},
      {{"platforms", "--ca-file=x"}, {"FILE after --ca-file="}},
      {{"reexport", "--json", "@x"}, {"FILE after @"}},
      {{"reexport", "--json=@x"}, {"FILE after --json=@"}},
      {{"reexport", "--email", "@@x"}, {}},
      {{"platforms", "@x"}, {"FILE after @"}},
      {{"platforms", "--", "--outp"}, {}},
      {{"platforms", "U", ""}, {}},
      {{"nonsense", ""}, {}},
      {{"--api-key"}, {"--api-key-file"}},
    }
    for _, case in ipairs(cases) do assert.same(case[2], candidates(unpack(case[1]))) end
    local function described(...)
      return command.run{"completion", "candidates", "--", ...}.out
    end
    assert.equal("platforms\t" .. operations.platforms.summary .. "\n", described("platforms"))
    assert.equal("environment\ta topic\n", described("help", "environ"))
    assert.matches("^%-%-compact\t%S[^\n\t]*\n$", described("--compact"))
    assert.is_nil(command.run{"completion", "--help"}.out:find("WORDS", 1, true))
  end)

  it("offers the profiles, and nothing when they cannot be read", function()
    assert.same({}, candidates("--profile", ""))
    assert(core.write_private(home .. "/cmr/config", '{"profiles": {"main": {}, "sandbox": {}}}'))
    assert.same({"main", "sandbox"}, candidates("--profile", ""))
    assert.same({"--profile=sandbox"}, candidates("platforms", "--profile=s"))
    run("chmod 644 " .. home .. "/cmr/config")
    assert.same({}, candidates("--profile", ""))
  end)

  it("has scripts for three shells", function()
    for _, shell in ipairs{"bash", "zsh", "fish"} do
      assert.same({status = 0, out = scripts[shell], err = ""}, command.run{"completion", shell})
    end
    for _, words in ipairs{{"completion"}, {"completion", "csh"}, {"completion", "bash", "more"}} do
      local wrong = command.run(words)
      assert.same({2, ""}, {wrong.status, wrong.out})
    end
  end)
end)

describe("completion in #pty", function()
  local path, pty

  setup(function()
    pty = require "spec.support.pty"
    path = run(("cd build/%s/bin && pwd"):format(os.getenv "CMR_FLAVOUR")) .. ":" .. os.getenv "PATH"
  end)

  -- Starts a shell with its completion script, and waits until the shell is ready for input.
  local function start(shell, words, prepare)
    local here = command.file_with(scripts[shell])
    local terminal = pty.start(words, {env = {PATH = path, HOME = home, XDG_CONFIG_HOME = home}, columns = 200})
    terminal:type(prepare:format(here) .. " && echo rea''dy\r")
    terminal:expect "ready\r*\n"
    return terminal
  end

  -- Types the beginning of a line and Tab, and waits for the completed text.
  local function completes(terminal, typed, wanted)
    terminal:type(typed .. pty.tab)
    terminal:expect(wanted, true)
    terminal:type "\21"
  end

  it("bash", function()
    local terminal = start("bash", {"bash", "--norc", "--noprofile", "-i"}, ". %s")
    completes(terminal, "cmr reexp", "cmr reexport ")
    completes(terminal, "cmr reexport --google-cl", "--google-client-id ")
    completes(terminal, "cmr platforms --output=t", "--output=table ")
    completes(terminal, "cmr reexport --json @" .. home .. "/in/b", "@" .. home .. "/in/body.json ")
    completes(terminal, "cmr reexport --json=@" .. home .. "/a", "--json=@" .. home .. "/a\\ b/")
    completes(terminal, "cmr platforms --ca-file " .. home .. "/k", home .. "/key ")
    terminal:type("complete -p cmr\r")
    terminal:expect("complete -F _cmr cmr", true)
    terminal:close()
  end)

  it("bash without a terminal", function()
    local ask = [[env PATH=%s bash -c '. %s; COMP_LINE="cmr platf" COMP_POINT=9 COMP_WORDS=(cmr platf) COMP_CWORD=1
      _cmr cmr platf cmr; printf "%%s\n" "${COMPREPLY[@]}"']]
    assert.equal("platforms\nplatform-workspaces", run(ask:format(path, command.file_with(scripts.bash))))
  end)

  -- Marks the spec as pending where the shell is not installed.
  local function wanted(shell)
    if not io.popen("command -v " .. shell):read() then pending("there is no " .. shell) end
  end

  it("zsh", function()
    wanted "zsh"
    local terminal = start("zsh", {"zsh", "-f", "-i"}, "autoload -U compinit; compinit -u -D; . %s")
    completes(terminal, "cmr reexp", "reexport")
    completes(terminal, "cmr platforms --output=t", "--output=table")
    completes(terminal, "cmr reexport --json @" .. home .. "/in/b", "@" .. home .. "/in/body.json")
    terminal:close()
  end)

  it("zsh where the script comes before compinit, or without it", function()
    wanted "zsh"
    for _, prepare in ipairs{". %s; autoload -U compinit; compinit -u -D", ". %s"} do
      local terminal = start("zsh", {"zsh", "-f", "-i"}, prepare)
      assert.is_nil(terminal.output:find("command not found", 1, true), terminal.output)
      completes(terminal, "cmr reexp", "reexport")
      terminal:close()
    end
  end)

  it("fish", function()
    wanted "fish"
    local function answers(line)
      local ask = "env PATH=%s fish --no-config -c 'source %s; complete -C \"%s\"'"
      return run(ask:format(path, command.file_with(scripts.fish), line))
    end
    assert.matches("^reexport\tExport ", answers "cmr reexp")
    assert.equal("--output=table", answers "cmr platforms --output=t")
    assert.matches("/in/body.json$", answers("cmr reexport --json @" .. home .. "/in/b"))
    assert.equal("key", answers("cmr platforms --ca-file " .. home .. "/k"):match "[^/]*$")
  end)
end)
