---cmr open: opens the vendor's dashboard, or the page of a mock, in the browser.

local io = require "cmr.cli.io"
local shell = require "cmr.util.shell"

local open = {}

local DASHBOARD = "https://partners.coldmailreseller.com"

open.epilog = [[
The dashboard has the keys, the webhook destinations, the delivery logs and the
wallet. The mock's page is the address in CMR_MOCK_PAGE, which 'cmr mock' prints.
Without PAGE it opens the mock's page if CMR_MOCK_PAGE is set, else the dashboard.

If there is no browser, it prints the address.]]

open.options = {
  { "--print", false, "Print the address, and open nothing." },
}

-- Runs a program that opens the page. Prints "opened" if this program succeeds or still runs after two seconds. Prints
-- the program's name if the program fails, and "none" if there is no such program. The script uses xdg-open only if
-- there is a display: otherwise, xdg-open would start a browser in the terminal.
local SCRIPT = [[
if command -v wslview; then opener=wslview
elif [ "$(uname)" = Darwin ]; then opener=open
elif [ "$DISPLAY$WAYLAND_DISPLAY" ] && command -v xdg-open; then opener=xdg-open
else opener=
fi >/dev/null
[ "$opener" ] || { echo none; exit; }
"$opener" %s </dev/null >/dev/null 2>&1 &
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  sleep 0.1
  kill -0 $! 2>/dev/null && continue
  wait $! || { echo $opener; exit; }
  break
done
echo opened]]

local PAGES = { "dashboard", "mock" }

function open.arguments(command)
  command:usage "Usage: cmr open [options] [{dashboard,mock}]"
  command:argument("PAGE"):target(".page"):args("?"):choices(PAGES):description "The page (see below)."
end

local function address_of(page, system)
  local address = system.getenv "CMR_MOCK_PAGE"
  if address == "" then address = nil end
  if page == "dashboard" or not page and not address then return DASHBOARD end
  if not address then io.usage "CMR_MOCK_PAGE is not set: it is one of the lines that 'cmr mock' prints" end
  if not address:find "^https?://[%w%p]+$" then
    io.usage "CMR_MOCK_PAGE is no address of a page: 'cmr mock' prints it"
  end
  return address
end

function open.run(parsed, system)
  local address = address_of(parsed[".page"], system)
  local result = not parsed[".print"] and shell.output(SCRIPT:format(shell.quote(address)))
  if result == "opened" then return io.EXIT_OK end
  if result then
    local reason = result == "none" and "there is no browser here" or result .. " has failed"
    system.stderr:write("cmr: ", reason, "; the address:\n")
  end
  io.write(system, address .. "\n")
  return io.EXIT_OK
end

return open
