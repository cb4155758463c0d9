-- The mock ends as a whole, whichever of its processes ends first.
local command = require "spec.support.command"
local run = command.sh -- without the sanitizers' runtime, which would report leaks in mktemp

describe("the mock #cli", function()
  teardown(command.clean)

  for _, signal in ipairs{"KILL", "TERM"} do
    for _, which in ipairs{"the printed pid", "the command"} do
      it("ends with its folder after SIG" .. signal .. " to " .. which, function()
        local out, own = command.file_with "", command.file_with ""
        local folder = run "mktemp -d"
        local line = ("TMPDIR=%s %s >%s 2>/dev/null & echo $! >%s"):format(folder, command.lua("bin/cmr", "mock"), out,
          own)
        os.execute("sh " .. command.file_with(line))
        run(("for i in $(seq 100); do grep -q '^# ready' %s && break; sleep 0.1; done"):format(out))
        local url = command.read(out):match "CMR_BASE_URL=(%S+)"
        local pid = which == "the command" and command.read(own):match "%d+" or command.read(out):match "# pid: (%d+)"
        local get = "curl -s -o /dev/null -w '%{http_code}' " .. url .. "/geo/countries"
        assert.equal("401", run(get))
        os.execute(("kill -s %s %s"):format(signal, pid))
        local left = run(("for i in $(seq 100); do [ -z \"$(ls %s)\" ] && break; sleep 0.1; done; ls %s; rm -rf %s")
          :format(folder, folder, folder))
        assert.equal("", left)
        assert.equal("000", run(get .. " || true"))
        -- a process whose parent does not wait for it stays as a zombie
        local state = "grep -s '^State' /proc/%s/status | grep -v Z || true"
        local launcher = command.read(own):match "%d+"
        state = state:format(launcher)
        local wait = 'for i in $(seq 50); do [ -z "$(%s)" ] && break; sleep 0.1; done; %s'
        assert.equal("", run(wait:format(state, state)))
      end)
    end
  end
end)
