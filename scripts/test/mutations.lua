-- Draws random mutations of the library and prints them as rows of mutate.sh: mutations.lua N SEED. Each mutation
-- changes one line of csrc/*.c or lua/cmr: a comparison, arithmetic, logic, a constant, a returned value, a dropped
-- statement, swapped arguments. Lines of equivalents.txt are left out.

local count, seed = tonumber(arg[1]), tonumber(arg[2])

-- The specs for a file. The first pattern that matches the file counts.
local SPECS = {
  { "^csrc/sqlite", "spec/ledger spec/store spec/limiter" },
  { "^csrc/files", "spec/core/files_spec.lua spec/ledger spec/cli/init_spec.lua spec/cli/profile_spec.lua" },
  { "^csrc/terminal", "spec/core/terminal_spec.lua spec/cli" },
  { "^csrc/", "spec/core spec/operations spec/fault spec/client spec/fuzz spec/sweep" },
  { "/bulk/", "spec/bulk spec/cli/bulk" },
  { "/cli/csv", "spec/cli/csv_spec.lua spec/cli/output_spec.lua spec/cli/bulk" },
  { "/cli/waiting", "spec/cli/await_spec.lua spec/cli" },
  { "/cli/", "spec/cli spec/docs" },
  { "/mock/", "spec/mock spec/operations spec/nginx/webhook_spec.lua" },
  { "/probe/", "spec/probe" },
  { "/listen/", "spec/listen spec/cli" },
  { "/launcher/", "spec/mock/life_spec.lua spec/listen spec/package/install_spec.lua spec/cli/command_spec.lua" },
  { "/ledger/", "spec/ledger spec/cli/history_spec.lua spec/bulk spec/cli/bulk" },
  { "/limiter/", "spec/limiter spec/client/pacing_spec.lua spec/nginx/pace_spec.lua" },
  { "/store/", "spec/store spec/webhook spec/quota_spec.lua" },
  { "/redis/", "spec/redis spec/limiter spec/store spec/nginx/redis_spec.lua" },
  { "/loop/nginx", "spec/nginx" },
  { "/loop/", "spec/loop spec/client spec/nginx" },
  { "/settlement/", "spec/settlement_spec.lua spec/await_spec.lua spec/ledger spec/webhook" },
  { "/await", "spec/await_spec.lua spec/settlement_spec.lua spec/cli/await_spec.lua spec/nginx/await_spec.lua" },
  { "/order_poller", "spec/await_spec.lua spec/settlement_spec.lua spec/cli/await_spec.lua" },
  { "/webhook/", "spec/webhook spec/listen spec/cli/dead_letters_spec.lua spec/nginx/receiver_spec.lua" },
  { "/pagination", "spec/pagination_spec.lua spec/cli/listing_spec.lua" },
  { "/util/shared_dict", "spec/store spec/limiter" },
  {
    "",
    "spec/util spec/options_spec.lua spec/retry_spec.lua spec/quota_spec.lua spec/client spec/security_spec.lua "
      .. "spec/pagination_spec.lua spec/await_spec.lua spec/webhook spec/loop spec/cli spec/package/require_spec.lua",
  },
}

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
  for first, second, third, fourth in code:gmatch "[%w_]%(()[^(),]+(), ()[^(),]+()%)" do
    add(
      line:sub(1, first - 1) .. line:sub(third, fourth - 1) .. ", " .. line:sub(first, second - 1) .. line:sub(fourth)
    )
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

local function specs_of(file)
  for _, pair in ipairs(SPECS) do
    if file:find(pair[1]) then return pair[2] end
  end
end

local listing = assert(io.popen "git ls-files 'csrc/*.c' 'lua/cmr/*.lua'")
for file in listing:lines() do
  collect(file)
end
listing:close()
math.randomseed(seed)
while count > 0 do
  local one = table.remove(candidates, math.random(#candidates))
  if is_valid(one) then
    count = count - 1
    local escaped = one.changed:gsub("[\\/&]", "\\%0")
    print(
      ("%s:%d | %s | %ds/.*/%s/ | %s"):format(one.file, one.number, one.file, one.number, escaped, specs_of(one.file))
    )
  end
end
