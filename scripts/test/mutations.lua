-- Draws random mutations of the library and prints them as rows of mutate.sh: mutations.lua N SEED COVERING [WHERE].
-- Each mutation changes one line of csrc/*.c or lua/cmr: a comparison, arithmetic, logic, a constant, a returned value,
-- a dropped statement, swapped arguments. Lines of equivalents.txt are left out. COVERING is the folder of covering.sh.
-- WHERE is a pattern for the files: "^csrc".

local count, seed, covering, where = tonumber(arg[1]), tonumber(arg[2]), arg[3], arg[4] or ""

local MAX_SECONDS, GROUP_SECONDS = 80, 20 -- of the specs for one mutation, and of those that run together

-- The replacements, by language. The captures of a pattern stay.
local REPLACED = {
  lua = {
    { " == ", " ~= " },
    { " ~= ", " == " },
    { " < ", " <= " },
    { " > ", " >= " },
    { " <= ", " < " },
    { " >= ", " > " },
    { " and ", " or " },
    { " or ", " and " },
    { "%f[%w]not ", "" },
    { "%f[%w_]true%f[^%w_]", "false" },
    { "%f[%w_]false%f[^%w_]", "true" },
    { " %+ ", " - " },
    { " %- ", " + " },
    { " %* ", " / " },
    { " / ", " * " },
  },
  c = {
    { " == ", " != " },
    { " != ", " == " },
    { " < ", " <= " },
    { " > ", " >= " },
    { " <= ", " < " },
    { " >= ", " > " },
    { " && ", " || " },
    { " || ", " && " },
    { "!%f[%a(]", "" },
    { "%f[%w_]true%f[^%w_]", "false" },
    { "%f[%w_]false%f[^%w_]", "true" },
    { " %+ ", " - " },
    { " %- ", " + " },
    { " %* ", " / " },
    { " / ", " * " },
    { " %+= ", " -= " },
    { " %-= ", " += " },
    { "%+%+", "--" },
    { " & ", " | " },
    { " | ", " & " },
  },
}

-- Text that is no code: strings, comments, and the lines of the preprocessor.
local HIDDEN = {
  lua = { "^%-%-%[(=*)%[.-%]%1%]", "^%-%-[^\n]*", "^%[(=*)%[.-%]%1%]" },
  c = { "^/%*.-%*/", "^\n#[^\n]*\\\n[^\n]*", "^\n#[^\n]*" },
}

-- Returns the text with spaces in place of everything that is no code.
local function code_of(text, language)
  local parts, at = {}, 1
  while at <= #text do
    local first, last = text:sub(at, at), nil
    for _, pattern in ipairs(HIDDEN[language]) do
      last = last or select(2, text:find(pattern, at))
    end
    if not last and (first == '"' or first == "'") then
      last = at
      repeat
        last = text:find("[\\" .. first .. "]", last + 1)
        local is_end = text:sub(last, last) == first
        if not is_end then last = last + 1 end
      until is_end
    end
    last = last or at
    local part = text:sub(at, last)
    parts[#parts + 1] = last > at and part:gsub("[^\n]", "\1") or part
    at = last + 1
  end
  return table.concat(parts)
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

local function is_balanced(code)
  return #code:gsub("[^(]", "") == #code:gsub("[^)]", "") and #code:gsub("[^{]", "") == #code:gsub("[^}]", "")
end

-- Calls add(changed line) for each mutation of a line.
local function mutate(line, code, language, add)
  for _, pair in ipairs(REPLACED[language]) do
    local at = 1
    while true do
      local first, last = code:find(pair[1], at)
      if not first then break end
      add(line:sub(1, first - 1) .. pair[2] .. line:sub(last + 1))
      at = last + 1
    end
  end
  for first, digits in code:gmatch "()%f[%w_.](%d+%.?%d*)%f[^%w_.]" do
    local number = tonumber(digits)
    local other = digits:find(".", 1, true) and number * 2 or math.floor(number) + 1
    add(line:sub(1, first - 1) .. tostring(other) .. line:sub(first + #digits))
  end
  if not is_balanced(code) or code:find "function" then return end
  for name, first, second, third, fourth in code:gmatch "([%w_.]+)%(()[^(),]+(), ()[^(),]+()%)" do
    if name ~= "math.max" and name ~= "math.min" then -- these have the same result then
      add(
        line:sub(1, first - 1) .. line:sub(third, fourth - 1) .. ", " .. line:sub(first, second - 1) .. line:sub(fourth)
      )
    end
  end
  local statement = code:match(language == "lua" and "^%s+(.*)$" or "^%s+(.*);$")
  if not statement then return end
  if statement:find "^return .*[^,]$" and language == "lua" then add(line:match "^%s*" .. "return nil") end
  if
    statement:find "^[%w_.:]+%(.*%)$"
    or statement:find "^%(void%)[%w_]+%(.*%)$"
    or statement:find "^[%w_.%[%]>-]+ [+-]?= .*[^,]$"
  then
    add ""
  end
end

-- "FILE | CHANGED LINE | reason" -> whether a mutation changes nothing that anybody could notice.
local equivalents = {}
for row in io.lines "scripts/test/equivalents.txt" do
  local file, text = row:match "^(%S+) | (.-) | "
  if file then equivalents[file .. text] = true end
end

local candidates = {}

local function collect(file)
  local handle = assert(io.open(file))
  local text = handle:read "*a"
  handle:close()
  local language = file:match "%.(%w+)$"
  local lines, codes = lines_of(text), lines_of(code_of(text, language))
  for number, line in ipairs(lines) do
    if line:find "^%s" or language == "lua" and not line:find "require" then
      mutate(line, codes[number], language, function(changed)
        if changed == line or equivalents[file .. changed:match "^%s*(.-)%s*$"] then return end
        candidates[#candidates + 1] = { file = file, number = number, changed = changed, lines = lines }
      end)
    end
  end
end

-- Returns whether Lua accepts the mutation. For C, make finds that out.
local function is_valid(one)
  if one.file:find "%.c$" then return true end
  local lines = { table.unpack(one.lines) }
  lines[one.number] = one.changed
  return load(table.concat(lines, "\n")) ~= nil
end

local seconds = {} -- spec file -> how long it takes
local covered = {} -- file -> line of the recorded sources -> spec files that run it
for row in io.lines(covering .. "/specs") do
  local spec, took = row:match "^(%S+) (%d+)$"
  seconds[spec] = tonumber(took)
  for executed in io.lines(covering .. "/covered/" .. spec:gsub("/", "_")) do
    local file, line = executed:match "^(%S+) (%d+)$"
    line = tonumber(line)
    covered[file] = covered[file] or {}
    covered[file][line] = covered[file][line] or {}
    table.insert(covered[file][line], spec)
  end
end

local function read_lines(file)
  local handle = io.open(file)
  if not handle then return {} end
  local text = handle:read "*a"
  handle:close()
  return lines_of(text)
end

-- Returns the number that a line has in the recorded sources: the nearest line with the same text, else the same number.
local function recorded_number(file, lines, number)
  local recorded, nearest = read_lines(covering .. "/" .. file), nil
  for index, text in ipairs(recorded) do
    local distance = math.abs(index - number)
    if text == lines[number] and (not nearest or distance < math.abs(nearest - number)) then nearest = index end
  end
  return nearest or number
end

-- Returns the spec files that run the line, or the nearest line before it that any runs. Those that test most of the
-- file in the shortest time come first. Commas separate those that run in one process.
local function specs_of(one)
  local by_line = covered[one.file] or {}
  local number = recorded_number(one.file, one.lines, one.number)
  while number > 1 and not by_line[number] do
    number = number - 1
  end
  local share = {}
  for _, specs in pairs(by_line) do
    for _, spec in ipairs(specs) do
      share[spec] = (share[spec] or 0) + 1
    end
  end
  local list = {}
  for _, spec in ipairs(by_line[number] or {}) do
    list[#list + 1] = spec
  end
  local function score(spec)
    return share[spec] / (seconds[spec] + 2)
  end
  table.sort(list, function(a, b)
    if score(a) ~= score(b) then return score(a) > score(b) end
    return a < b
  end)
  local groups, group, together, total = {}, {}, math.huge, 0
  for _, spec in ipairs(list) do
    if total + seconds[spec] <= MAX_SECONDS then
      total = total + seconds[spec]
      if together > GROUP_SECONDS then
        group, together = {}, 0
        groups[#groups + 1] = group
      end
      group[#group + 1], together = spec, together + seconds[spec] + 1
    end
  end
  for index, specs in ipairs(groups) do
    groups[index] = table.concat(specs, ",")
  end
  return table.concat(groups, " ")
end

local listing = assert(io.popen "git ls-files 'csrc/*.c' 'lua/cmr/*.lua'")
for file in listing:lines() do
  if file:find(where) then collect(file) end
end
listing:close()
math.randomseed(seed)
while count > 0 do
  local one = table.remove(candidates, math.random(#candidates))
  if is_valid(one) then
    count = count - 1
    local escaped = one.changed:gsub("[\\/&]", "\\%0")
    print(
      ("%s:%d | %s | %ds/.*/%s/ | %s"):format(one.file, one.number, one.file, one.number, escaped, specs_of(one))
    )
  end
end
