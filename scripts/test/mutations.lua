-- Draws random mutations of the library and prints them as rows of mutate.sh: mutations.lua N SEED COVERING [WHERE].
-- Each mutation changes one line of csrc/*.c or lua/cmr: a comparison, arithmetic, logic, a constant, a returned value,
-- a dropped statement, swapped arguments. Mutations in equivalents.txt are left out. COVERING is covering.sh's folder,
-- which may be absent. WHERE is a pattern for the files: "^csrc".

local count, seed, covering, where = tonumber(arg[1]), tonumber(arg[2]), arg[3], arg[4] or ""

local MAX_SECONDS = 480 -- of all specs for one mutation
local GROUP_SECONDS = 20 -- a process whose specs take longer than this gets no further spec
local ASSUMED_SECONDS = 8 -- for a spec file without a recorded time

-- Names the specs for a source file when no record says which specs run its lines. Each row has patterns for source
-- files, then names of spec files or folders. The first row with a matching pattern counts. The specs of MORE_SPECS
-- come after them.
local SPECS = {
  {
    "^csrc/sqlite",
    "ledger/sqlite ledger/ledger ledger/client ledger/everyday ledger/history store/contract limiter/file",
  },
  { "^csrc/files", "core/files cli/profile ledger/ledger cli/bulk/bulk" },
  { "^csrc/terminal", "core/terminal cli/pty" },
  { "^csrc/process", "core/engine client/process core/files bulk/bulk" },
  { "^csrc/json", "core/json core/response core/request client/client" },
  { "^csrc/date", "core/date core/response_headers client/time" },
  { "^csrc/queue_file", "limiter/file limiter/contract" },
  { "^csrc/input ^csrc/pollset", "core/input core/engine core/call loop/block client/process loop/luv" },
  { "^csrc/crypto", "core/crypto webhook/verify" },
  { "^csrc/suggest", "core/suggest core/arguments" },
  { "^csrc/operations", "core/operations core/arguments core/request package/generated" },
  {
    "^csrc/arguments",
    "core/arguments core/request operations/forms core/operations operations/supplied client/client",
  },
  {
    "^csrc/request",
    "core/request core/raw core/arguments operations/forms operations/paths core/inspect operations/supplied",
  },
  { "^csrc/form", "operations/forms core/request core/inspect core/protocol" },
  { "^csrc/inspect", "core/inspect core/call client/hooks cli/request" },
  { "^csrc/url", "core/target core/request core/raw client_options" },
  { "^csrc/target", "core/target client_options core/request core/proxy core/added_headers client/certificates" },
  {
    "^csrc/response ^csrc/retry_after",
    "core/response core/response_headers core/protocol core/call client/time client/attempts fault/matrix",
  },
  { "^csrc/core", "loop/luv loop/cqueues loop/block core/call core/engine client/process client/jobs package/require" },
  { "^csrc/headers", "core/added_headers core/target core/response_headers core/inspect" },
  {
    "^csrc/",
    "core/call core/response core/engine core/protocol core/handles core/request core/target "
      .. "core/input core/inspect core/proxy client/attempts client/process client/time client/client "
      .. "core/libcurl loop/block fault/matrix",
  },
  { "/cli/mcp/protocol", "cli/mcp/protocol cli/mcp/server" },
  { "/cli/mcp/session", "cli/mcp/session cli/mcp/server" },
  { "/cli/mcp/schema", "cli/mcp/schema cli/mcp/tools" },
  { "/cli/mcp/", "cli/mcp/tools cli/mcp/server" },
  { "/cli/bulk/summary", "cli/bulk/summary cli/bulk" },
  { "/cli/bulk/row_arguments", "cli/bulk/row_arguments cli/bulk" },
  { "/cli/bulk/", "cli/bulk cli/pty" },
  { "^lua/cmr/bulk/", "bulk cli/bulk" },
  { "/cli/csv", "cli/csv cli/output cli/bulk" },
  { "/cli/arguments", "cli/arguments cli/messages cli/request cli/help cli/listing cli/advice" },
  { "/cli/columns", "cli/columns cli/output cli/listing" },
  { "/cli/reads", "cli/reads cli/request cli/advice" },
  { "/cli/field", "cli/output cli/listing cli/request" },
  { "/cli/output /cli/te /cli/colours", "cli/output cli/listing cli/request cli/columns cli/pty" },
  { "/cli/pretty", "cli/output cli/request" },
  { "/cli/tabulate", "cli/output cli/listing cli/request cli/advice" },
  { "/cli/messages", "cli/messages cli/request cli/advice" },
  { "/cli/help", "cli/arguments cli/help docs/man docs/pages" },
  { "/cli/overview", "cli/help cli/command docs" },
  { "/cli/commands/help", "cli/help cli/command" },
  { "/cli/parser /cli/suggestions", "cli/arguments cli/command cli/help cli/request cli/completion" },
  { "/cli/listing /cli/request", "cli/request cli/listing cli/advice cli/history cli/output cli/command" },
  { "/cli/inspect", "cli/request cli/command cli/bulk" },
  { "/cli/profile /cli/prompt", "cli/profile cli/init cli/env cli/request" },
  { "/cli/progress", "cli/pty cli/request cli/listing" },
  { "/cli/waiting", "cli/await cli/history cli/watching cli/watch" },
  { "/cli/io", "cli/io cli/progress cli/watching cli/command" },
  { "/cli/times", "cli/option_texts cli/history" },
  { "/cli/watch", "cli/watch cli/request" },
  { "/cli/pager", "cli/pty cli/help" },
  { "/cli/redis", "cli/dead_letters cli/doctor" },
  { "/cli/completion", "cli/completion" },
  { "/cli/prices", "cli/prices cli/request" },
  { "/cli/excerpt", "cli/terminal cli/mcp/tools" },
  { "/cli/commands/open", "cli/open" },
  { "/cli/commands/api", "cli/request" },
  { "/cli/commands/await", "cli/await" },
  { "/cli/commands/bulk", "cli/bulk" },
  { "/cli/commands/completion", "cli/completion cli/pty" },
  { "/cli/commands/doctor", "cli/doctor" },
  { "/cli/commands/env", "cli/env" },
  { "/cli/commands/history", "cli/history cli/advice" },
  { "/cli/commands/init", "cli/init cli/pty" },
  { "/cli/commands/listen", "listen/listen cli/watch" },
  { "/cli/commands/mcp", "cli/mcp" },
  { "/cli/commands/mock", "mock/life cli/command" },
  { "/cli/commands/operations", "cli/command cli/help cli/output" },
  { "/cli/commands/probe", "probe/probe" },
  { "/cli/commands/profiles", "cli/env cli/profile" },
  { "/cli/commands/webhook", "cli/dead_letters listen/listen cli/command docs/tour" },
  { "/cli/", "cli/command cli/request cli/help cli/output cli/listing cli/pty" },
  { "/mock/recorder", "mock/recorder mock/record mock/page" },
  { "/mock/rate_limit", "mock/rate_limit mock/control" },
  { "/mock/json", "mock/json" },
  { "/mock/view", "mock/page mock/record" },
  { "/mock/page", "mock/page" },
  { "/mock/deliveries", "mock/deliveries mock/page mock/control" },
  { "/mock/webhook_sender", "mock/deliveries mock/page" },
  { "/mock/faults", "mock/faults mock/control" },
  { "/mock/multipart", "operations/forms mock/orders" },
  { "/mock/dispatch", "mock/dispatch mock/routes mock/strict mock/rate_limit operations/supplied" },
  { "/mock/fields", "mock/strict mock/orders mock/domains mock/documented operations/supplied operations/forms" },
  { "/mock/routes/export", "mock/platforms" },
  { "/mock/model/domain /mock/routes/d[on]", "mock/domains mock/times mock/dns mock/orders mock/subscriptions" },
  { "/mock/routes/users", "mock/users mock/geo" },
  { "/mock/routes/mailboxes", "mock/mailboxes mock/times mock/warmup" },
  { "/mock/routes/placement", "mock/placement" },
  { "/mock/.*prewarmed", "mock/prewarmed" },
  { "/mock/.*subscription", "mock/subscriptions mock/orders mock/mailboxes mock/domains mock/prewarmed" },
  { "/mock/.*order", "mock/orders mock/deliveries operations/forms mock/ending" },
  { "/mock/model/mailbox", "mock/mailboxes mock/warmup mock/platforms mock/orders mock/deliveries" },
  { "/mock/model/seed", "mock/seed mock/control mock/documented operations/examples" },
  { "/mock/certificates /mock/control /mock/worker", "mock/life mock/control mock/routes mock/page mock/strict" },
  {
    "/mock/",
    "mock/control mock/routes mock/strict mock/orders mock/mailboxes mock/domains mock/users "
      .. "mock/page mock/documented mock/seed mock/deliveries",
  },
  { "/probe/facts/", "probe/judging probe/facts probe/probe" },
  { "/probe/init", "probe/run probe/probe" },
  { "/probe/", "probe" },
  { "/listen/", "listen cli/watch cli/await cli/dead_letters" },
  { "/launcher/", "launcher mock/life listen/listen" },
  { "/ledger/ids", "ledger/ids ledger/ledger" },
  { "/ledger/identity", "ledger/identity ledger/client" },
  { "/ledger/history", "ledger/history cli/history" },
  { "/ledger/queries", "cli/history ledger/ledger ledger/history cli/mcp/tools" },
  { "/ledger/runs", "cli/bulk/bulk bulk/bulk ledger/ledger cli/history" },
  { "/ledger/endings", "ledger/ledger ledger/everyday cli/await cli/bulk" },
  { "/ledger/", "ledger bulk cli/history cli/bulk/bulk" },
  { "/limiter/memory", "limiter/memory limiter/wait limiter/contract client/pacing" },
  { "/limiter/shdict", "limiter/shdict limiter/contract nginx/pace" },
  { "/limiter/redis", "limiter/redis limiter/contract nginx/redis" },
  { "/limiter/file", "limiter/file limiter/contract" },
  { "/limiter/", "limiter client/pacing nginx/pace" },
  { "/store/", "store webhook/receiver quota nginx/receiver" },
  { "/redis/cosocket", "nginx/redis nginx/webhook" },
  { "/redis/", "redis limiter/redis store/contract nginx/redis" },
  { "/loop/nginx", "nginx/pump nginx/jobs nginx/phases nginx/await nginx/life" },
  { "/loop/luv", "loop/luv" },
  { "/loop/cqueues", "loop/cqueues" },
  { "/loop/block", "loop/block loop/turn client/jobs cli/mcp/session" },
  { "/loop/", "loop client/jobs nginx/jobs nginx/phases" },
  { "/settlement/", "settlement await ledger/ledger cli/await" },
  { "/await", "await settlement cli/await nginx/await" },
  { "/order_poller", "order_poller await settlement cli/await" },
  { "/webhook/signature", "webhook/verify" },
  { "/webhook/event", "webhook/events webhook/receiver" },
  { "/webhook/early", "nginx/receiver nginx/webhook" },
  { "/webhook/", "webhook cli/dead_letters nginx/receiver nginx/webhook" },
  { "/retry_budget", "retry_budget client/retry" },
  { "/retry", "retry client/attempts client/retry client/time" },
  { "/quota", "quota client/client cli/request" },
  { "/client_options", "client_options client/client client/certificates cli/env" },
  { "/profiles", "cli/env cli/profile client_options" },
  { "/pagination", "pagination cli/listing operations/coverage cli/mcp/tools" },
  { "/jobs", "client/jobs loop nginx/jobs" },
  { "/util/shared_dict", "util/shared_dict store/contract limiter/shdict nginx/receiver nginx/pace" },
  { "/util/redact", "util/redact webhook/receiver mock/page" },
  { "/util/tables /util/text", "util/words cli/output ledger/identity" },
  { "/util/shell", "util/shell mock/life" },
  { "/util/", "util client/hooks client_options cli/help client/process security" },
  {
    "/sender",
    "client/attempts client/client client/retry client/hooks client/pacing ledger/client client_options client/time",
  },
  { "/client", "client/client client_options client/hooks operations/supplied client/jobs core/inspect" },
  { "/examples", "operations/examples docs/tour cli/arguments mock/documented" },
  { "/samples", "package/generated mock/documented probe/discoveries probe/shape" },
  { "/parameters", "docs/parameters cli/mcp/schema cli/mcp/tools docs/openapi" },
  { "/request_id", "client/hooks client/client" },
}
local OTHER_SPECS = "client_options client/client package/require client/hooks"
local MORE_SPECS = {
  { "^csrc/", "core client/attempts client/process client/time client/client operations fault/matrix" },
  { "/cli/", "cli" },
  { "/mock/", "mock operations/supplied operations/forms" },
  { ".", "client ledger bulk settlement await webhook" },
}

-- By language: a pattern, and the text that replaces each match.
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

-- Returns the text with byte 1 in place of each character that is not code. Newlines stay.
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
    if name ~= "math.max" and name ~= "math.min" then -- the order of their arguments has no effect
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

-- Source file and changed line -> true, for each mutation that no spec can notice. "drops LINE" stands for a mutation
-- that removes the line. A row of equivalents.txt is "FILE | CHANGED LINE | REASON".
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
        local trimmed = (changed == "" and "drops " .. line or changed):gsub("^%s+", ""):gsub("%s+$", "")
        if changed == line or equivalents[file .. trimmed:gsub("^drops%s+", "drops ")] then return end
        candidates[#candidates + 1] = { file = file, number = number, changed = changed, lines = lines }
      end)
    end
  end
end

-- Returns whether Lua accepts the mutation. Returns true for C, because make finds out.
local function is_valid(one)
  if one.file:find "%.c$" then return true end
  local lines = { table.unpack(one.lines) }
  lines[one.number] = one.changed
  return load(table.concat(lines, "\n")) ~= nil
end

local seconds = {} -- spec file -> how long it takes
local covered = {} -- file -> line of the recorded sources -> spec files that run it
local records = io.open(covering .. "/specs")
for row in records and records:lines() or function() end do
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

-- Returns the number of a line in the recorded sources. Chooses the nearest recorded line with the same text. If there
-- is none, the number stays the same.
local function recorded_number(file, lines, number)
  local recorded, nearest = read_lines(covering .. "/" .. file), nil
  for index, text in ipairs(recorded) do
    local distance = math.abs(index - number)
    if text == lines[number] and (not nearest or distance < math.abs(nearest - number)) then nearest = index end
  end
  return nearest or number
end

-- Searches a list of rows {patterns, names}. Returns the names of the first row with a pattern that matches the file.
local function first_match(list, file)
  for _, row in ipairs(list) do
    for pattern in row[1]:gmatch "%S+" do
      if file:find(pattern) then return row[2] end
    end
  end
end

-- Finds the spec files with these names, and adds them to a list that may already have some of them. The quick ones
-- come first.
local function add_specs(list, names)
  local seen, more = {}, {}
  for _, spec in ipairs(list) do
    seen[spec] = true
  end
  for name in names:gmatch "%S+" do
    local found =
      assert(io.popen(("ls spec/%s_spec.lua 2>/dev/null || find spec/%s -name '*_spec.lua'"):format(name, name)))
    for spec in found:lines() do
      if not seen[spec] then more[#more + 1] = spec end
      seen[spec] = true
    end
    found:close()
  end
  table.sort(more, function(a, b)
    local one, other = seconds[a] or ASSUMED_SECONDS, seconds[b] or ASSUMED_SECONDS
    if one ~= other then return one < other end
    return a < b
  end)
  for _, spec in ipairs(more) do
    list[#list + 1] = spec
  end
end

-- Returns the spec files of SPECS and MORE_SPECS for a file.
local usual = {}
local function usual_specs(file)
  local first, more = first_match(SPECS, file) or OTHER_SPECS, first_match(MORE_SPECS, file)
  local key = first .. "|" .. more
  if not usual[key] then
    usual[key] = {}
    add_specs(usual[key], first)
    add_specs(usual[key], more)
  end
  return usual[key]
end

-- Returns the recorded spec files that run the line. If no spec runs the line, takes the nearest line before it that a
-- spec runs. The spec files that test most of the source file in the shortest time come first.
local function recorded_specs(one)
  local by_line = covered[one.file]
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
  return list
end

-- Returns the spec files for a mutation. Commas separate the files that run in one process, spaces the processes.
local function specs_of(one)
  local list = covered[one.file] and recorded_specs(one) or usual_specs(one.file)
  local groups, together, total = {}, math.huge, 0
  for _, spec in ipairs(list) do
    local took = seconds[spec] or ASSUMED_SECONDS
    if total + took <= MAX_SECONDS then
      total = total + took
      local begins = together > GROUP_SECONDS
      groups[#groups + (begins and 1 or 0)] = begins and spec or groups[#groups] .. "," .. spec
      together = (begins and 0 or together) + took + 1
    end
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
    print(("%s:%d | %s | %ds/.*/%s/ | %s"):format(one.file, one.number, one.file, one.number, escaped, specs_of(one)))
  end
end
