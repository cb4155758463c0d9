-- make bench: runs the rows, prints the table, writes the results. The environment: ONLY = names of rows, QUICK = small
-- sizes, KEEP = keep the results of a full run beside this file.
local nginx = require "spec.support.nginx"
local chart = require "bench.chart"
local report = require "bench.report"
local upstream = require "bench.upstream"

local ROWS = {
  "sequence",
  "map",
  "nginx_load",
  "nginx_alone",
  "nginx_instant",
  "nginx_idle",
  "startup",
  "read",
  "memory",
  "growth",
  "pace",
  "bulk",
  "scale",
  "limiters",
  "ledger",
}
local OUT = "build/bench/"

local function setting(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function chosen()
  local names = {}
  for name in (setting "ONLY" or table.concat(ROWS, " ")):gmatch "[%w_]+" do
    if not pcall(require, "bench.rows." .. name) then
      error(("no row '%s': there are %s"):format(name, table.concat(ROWS, ", ")), 0)
    end
    names[#names + 1] = name
  end
  return names
end

local function run(names, size)
  local rows = {}
  for _, name in ipairs(names) do
    io.write(name, " ... ")
    io.flush()
    local begun = os.time()
    for _, row in ipairs(require("bench.rows." .. name).run(size)) do
      rows[#rows + 1] = row
    end
    io.write(os.time() - begun, " s\n")
  end
  return rows
end

local function keep(path, text)
  local readme = nginx.read "bench/README.md"
  local from, till = "<!-- results -->\n", "<!-- end -->"
  local before, after = readme:find(from, 1, true), readme:find(till, 1, true)
  nginx.write("bench/README.md", readme:sub(1, before + #from - 1) .. text .. readme:sub(after))
  nginx.output(("cp %sresults.json %schart.svg bench/"):format(path, path))
end

local function main()
  local size = { quick = setting "QUICK" ~= nil, rounds = setting "QUICK" and 1 or 5 }
  local fine, rows = pcall(run, chosen(), size)
  upstream.stop()
  if not fine then error(rows, 0) end
  local machine, date = report.machine(), os.date "!%Y-%m-%d"
  nginx.write(OUT .. "results.json", report.json(rows, date, machine))
  nginx.write(OUT .. "chart.svg", chart.svg(rows, machine))
  local text = ("%s\n\n%s\n"):format(report.table(rows), date .. ": " .. machine)
  print(report.details(rows) .. "\n\n" .. text)
  print(("Written: %sresults.json, %schart.svg"):format(OUT, OUT))
  if setting "KEEP" and not setting "ONLY" and not size.quick then keep(OUT, text) end
end

local fine, why = pcall(main)
if not fine then
  io.stderr:write("bench: ", tostring(why), "\n")
  os.exit(1)
end
