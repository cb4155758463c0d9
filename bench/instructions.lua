-- make bench-instructions: counts the instructions of a call, and of the start of a program, with callgrind. For a
-- call, it subtracts the instructions of 200 calls from those of 1,200 calls, and divides the result by the additional
-- calls. Noise hardly changes the numbers. Fails when a row of cmr takes over 5 % more instructions than the committed
-- number for the same libcurl, Lua and machine type. ONLY="name" chooses rows by a part of their name. With KEEP=1 and
-- without ONLY, it writes the numbers into bench/instructions.json instead of failing.
local cjson = require("cjson").new()
local nginx = require "spec.support.nginx"
local shell = require "bench.shell"
local upstream = require "bench.upstream"

local BASELINE = "bench/instructions.json"
local FEW, MANY, AT_ONCE = 200, 1200, 64
local MAX_GROWTH = 1.05

local CLIENTS = {
  { name = "C loop", one = "build/bench/easy", many = "build/bench/multi" },
  { name = "C loop that decodes", one = "build/bench/easy_cjson", many = "build/bench/multi_cjson" },
  { name = "cmr", one = "lua5.4 bench/clients/sequence.lua", many = "lua5.4 bench/clients/map.lua", ours = true },
}

-- Whole programs.
local STARTS = {
  { name = "a C program with libcurl", command = "build/bench/link" },
  { name = "curl", command = 'curl --silent --noproxy "*" --cacert "$CMR_CA_FILE" "$BENCH_URL"' },
  { name = "require cmr", command = "lua5.4 -e 'require \"cmr\"'", ours = true },
  { name = "cmr --help", command = "lua5.4 bin/cmr --help", ours = true },
  { name = "cmr platforms", command = "lua5.4 bin/cmr platforms --rate 100000 " .. upstream.USER, ours = true },
}

local function setting(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function count(command, env)
  local path = os.tmpname()
  shell.run(("valgrind --tool=callgrind --callgrind-out-file=%s %s 2>&1"):format(path, command), env)
  local total = tonumber(nginx.read(path):match "summary: (%d+)") or error("callgrind: " .. command, 0)
  os.remove(path)
  return total
end

-- Returns the instructions of one call. A client that makes calls one after another first warms up with a tenth as many
-- calls.
local function per_call(client, many, env)
  local command = many and client.many or client.one
  local more = many and " " .. AT_ONCE or ""
  local calls = (MANY - FEW) * (many and 1 or 1.1)
  local total = count(command .. " " .. MANY .. more, env) - count(command .. " " .. FEW .. more, env)
  return math.floor(total / calls / 100 + 0.5) * 100
end

local function measure(only)
  local numbers, names = {}, {}
  local function add(name, ours, measurement, ...)
    if only and not name:find(only, 1, true) then return end
    numbers[name] = { count = measurement(...), ours = ours }
    names[#names + 1] = name
  end
  for _, start in ipairs(STARTS) do
    add("start, " .. start.name, start.ours, count, start.command, upstream.env())
  end
  for _, plain in ipairs { false, true } do
    for _, many in ipairs { false, true } do
      for _, client in ipairs(CLIENTS) do
        local name = ("%s, %s, %s"):format(client.name, plain and "plain" or "TLS", many and AT_ONCE or "one")
        add(name, client.ours, per_call, client, many, upstream.env(nil, plain))
      end
    end
  end
  return numbers, names
end

local function machine()
  return ("%s; %s; %s"):format(
    shell.output "curl --version | head -n 1 | cut -d ' ' -f 4",
    shell.output "lua5.4 -v | cut -d ' ' -f 1,2",
    shell.output "uname -m"
  )
end

local function json(numbers, names)
  local lines = {}
  for _, name in ipairs(names) do
    lines[#lines + 1] = ("    %s: %d"):format(cjson.encode(name), numbers[name].count)
  end
  return ('{\n  "machine": %s,\n  "calls": {\n%s\n  }\n}\n'):format(cjson.encode(machine()), table.concat(lines, ",\n"))
end

local function main()
  local only = setting "ONLY"
  local before = nginx.read(BASELINE)
  before = before ~= "" and cjson.decode(before) or { calls = {} }
  local comparable = before.machine == machine()
  local numbers, names = measure(only)
  local worse = false
  for _, name in ipairs(names) do
    local now, committed = numbers[name], comparable and before.calls[name]
    local growth = committed and now.count / committed
    local failed = growth and now.ours and growth > MAX_GROWTH
    worse = worse or failed
    local change = growth and ("%+.1f %%"):format((growth - 1) * 100) or ""
    print(("%-32s %8d  %8s%s"):format(name, now.count, change, failed and "  WORSE" or ""))
  end
  if not comparable then print("not compared: the committed numbers are of " .. tostring(before.machine)) end
  if setting "KEEP" and not only then
    nginx.write(BASELINE, json(numbers, names))
  elseif worse then
    error("a row takes over 5 % more instructions than instructions.json says (KEEP=1 accepts this)", 0)
  end
end

local ok, message = pcall(main)
upstream.stop()
if not ok then
  io.stderr:write("bench: ", tostring(message), "\n")
  os.exit(1)
end
