-- Adds up the files that scripts/test/coverage/hook.lua wrote, and lists the lines that never ran. Run it as
-- `report.lua FOLDER LEAST`; it fails below LEAST percent.
local folder, least = arg[1], tonumber(arg[2])

-- Files that the hook cannot see, each with the spec that tests it.
local elsewhere = {
  ["lua/cmr/loop/nginx.lua"] = "spec/nginx",
  ["lua/cmr/limiter/shdict.lua"] = "spec/nginx",
  ["lua/cmr/listen/worker.lua"] = "spec/listen/listen_spec.lua",
}

local function lines_of(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do
    list[#list + 1] = line
  end
  pipe:close()
  return list
end

local seen = {}
for _, name in ipairs(lines_of(("ls '%s'"):format(folder))) do
  for line in io.lines(folder .. "/" .. name) do
    seen[line] = true
  end
end

-- Returns the lines with instructions, from the listing of luac: " 12 [34] GETTABUP ..."
local function instructions(file)
  local lines = {}
  for _, text in ipairs(lines_of("luac5.4 -p -l " .. file)) do
    local line, name = text:match "^%s+%d+%s+%[(%d+)%]%s+(%u+)"
    -- skips instructions that only begin or end a function or a block
    if line and name ~= "RETURN" and name ~= "VARARGPREP" and name ~= "CLOSE" then lines[tonumber(line)] = true end
  end
  return lines
end

local run, all = 0, 0
for _, file in ipairs(lines_of "find lua/cmr -name '*.lua' -not -path '*/mock/*' | sort") do
  if not elsewhere[file] then
    local hit, total, missed = 0, 0, {}
    for line in pairs(instructions(file)) do
      total = total + 1
      if seen[file .. " " .. line] then
        hit = hit + 1
      else
        missed[#missed + 1] = line
      end
    end
    table.sort(missed)
    run, all = run + hit, all + total
    local list = #missed > 0 and "   not: " .. table.concat(missed, " ") or ""
    print(("  %-32s %6.1f%% of %d%s"):format(file, 100 * hit / total, total, list))
  end
end
print(("  %-32s %6.1f%%"):format("all", 100 * run / all))
os.exit(100 * run / all >= least)
