---Prints requests of the ledger on standard output, in the format that --output and --field ask for. With --field, the
---selected values of all requests are in memory. Without --field, only one page of requests is in memory at a time.

local arguments = require "cmr.cli.arguments"
local colours = require "cmr.cli.colours"
local csv = require "cmr.cli.csv"
local field = require "cmr.cli.field"
local history = require "cmr.ledger.history"
local io = require "cmr.cli.io"
local output = require "cmr.cli.output"
local pretty_json = require "cmr.cli.pretty_json"
local text = require "cmr.util.text"

local requests = {}

local PAGE_REQUESTS = 1000
local SHOWN_KEY_CHARACTERS = 6
local KINDS = { "order", "action", "subscription", "domain", "mailbox" } -- cmr await accepts ids of the first two kinds

-- The columns of a table and of CSV. CSV shows all ids of a request. A table shows the first id and how many others
-- there are, as in "ORD_1 +2". text_table cuts the column "id" only if the column is wider than text_table's
-- MAX_WHOLE_ID_COLUMNS.
local TABLE_COLUMNS = { "when", "state", "operation", "id", "user", "failure", "run", "account" }
local CSV_COLUMNS = { "when", "state", "operation", "ids", "user", "failure", "run", "account" }
local ACCOUNT = #TABLE_COLUMNS

-- Returns a time as text in the user's time zone, such as "2026-03-31 17:30".
local function local_time(seconds, with_seconds)
  return text.date(with_seconds and "%Y-%m-%d %H:%M:%S" or "%Y-%m-%d %H:%M", seconds)
end

-- Returns all ids of a request, in the order of KINDS.
local function list_ids(ids)
  local list = {}
  for _, kind in ipairs(KINDS) do
    for _, id in ipairs(ids[kind] or {}) do
      list[#list + 1] = id
    end
  end
  return list
end

-- Returns one line that says what failed.
local function failure_of(item)
  if item.message then
    local prefix = item.operation .. ": "
    local message = item.message
    if message:sub(1, #prefix) == prefix then message = message:sub(#prefix + 1) end
    return item.kind and ("%s: %s"):format(item.kind, message) or message
  end
  local count = item.failed_items
  if count then return count == 1 and "1 item failed" or ("%d items failed"):format(count) end
  return item.kind
end

local function row_of(item, is_short)
  local digest, url = item.account:match "^(%S+) (.*)$"
  local account = digest and ("%s %s"):format(digest:sub(1, SHOWN_KEY_CHARACTERS), url) or item.account
  local ids = list_ids(item.ids)
  local shown = is_short and #ids > 1 and ("%s +%d"):format(ids[1], #ids - 1) or table.concat(ids, " ")
  local when = local_time(item.sent_at, not is_short)
  return { when, item.state, arguments.command(item.operation), shown, item.user, failure_of(item), item.run, account }
end

local function has_value(rows, column)
  for _, row in ipairs(rows) do
    if row[column] and row[column] ~= "" then return true end
  end
  return false
end

-- Returns whether two rows differ in a column.
local function differs(rows, column)
  for _, row in ipairs(rows) do
    if row[column] ~= rows[1][column] then return true end
  end
  return false
end

-- Leaves out the columns that are empty in all rows. Leaves out the column "account" if all rows have the same account.
-- Returns the names of the columns that are left, and the rows with only these columns.
local function telling(rows)
  local columns, indices = {}, {}
  for index, name in ipairs(TABLE_COLUMNS) do
    local tells = index == ACCOUNT and differs or has_value
    if tells(rows, index) then
      columns[#columns + 1], indices[#indices + 1] = name, index
    end
  end
  local narrowed = {}
  for number, row in ipairs(rows) do
    narrowed[number] = {}
    for position, index in ipairs(indices) do
      narrowed[number][position] = row[index]
    end
  end
  return columns, narrowed
end

local function empty(key)
  return key == "ids" and "{}" or nil
end

-- Maps a format to a function that returns two functions: write(page, number) prints one page, and finish(page_count)
-- prints the end of the output. `finish` is nil for a format that needs no end.
local writers = {}

function writers.table(system, parsed)
  return function(page)
    local rows = {}
    for index, item in ipairs(page) do
      rows[index] = row_of(item, true)
    end
    local columns
    columns, rows = telling(rows)
    output.show({ data = page }, { output = "table", compact = parsed.compact, columns = parsed.columns }, system, {
      rows = function()
        return columns, rows
      end,
    })
  end
end

function writers.csv(system, parsed)
  return function(page, number)
    local rows = {}
    for index, item in ipairs(page) do
      rows[index] = row_of(item)
    end
    local written = csv.write(CSV_COLUMNS, rows, csv.style(parsed, system))
    -- only the first page keeps the header, which is always one line
    if number > 1 then written = written:gsub("^[^\n]*\n", "") end
    io.write(system, written)
  end
end

-- Returns the JSON text of each request of a page.
local function encoded(page, system, compact)
  local style = { compact = compact, empty = empty, paint = colours.painter(system, system.stdout) }
  local texts = {}
  for index, item in ipairs(page) do
    texts[index] = pretty_json.encode(history.encodable(item), style)
  end
  return texts
end

function writers.jsonl(system)
  return function(page)
    io.write(system, table.concat(encoded(page, system, true), "\n") .. "\n")
  end
end

function writers.json(system, parsed)
  local open, between, close = "[\n  ", ",\n  ", "\n]\n"
  if parsed.compact then
    open, between, close = "[", ",", "]\n"
  end
  local function write(page, number)
    local texts = encoded(page, system, parsed.compact)
    for index, json in ipairs(texts) do
      -- indents every line; this changes no string, because JSON has no line breaks inside strings
      texts[index] = json:gsub("\n", "\n  ")
    end
    io.write(system, (number == 1 and open or between) .. table.concat(texts, between))
  end
  return write, function(pages)
    io.write(system, pages == 0 and "[]\n" or close)
  end
end

-- Returns the next page. Raises a failure when the ledger cannot be read.
local function read_page(next_item)
  local page = {}
  while #page < PAGE_REQUESTS do
    local item, message = next_item()
    if item == false then io.failure("%s", message) end
    if not item then break end
    page[#page + 1] = item
  end
  return page
end

-- Turns each path, such as "data.state", into the path inside a request, such as "state". Returns nil if one of the
-- paths has another form, such as "data" (the list) or "data.0.state" (the first request).
local function paths_in_request(paths)
  local rests = {}
  for index, path in ipairs(paths) do
    rests[index] = path:match "^data%.(%D.*)$"
    if not rests[index] then return nil end
  end
  return rests
end

-- Prints the values that --field selects.
local function print_field(next_item, parsed, system)
  local names = field.names(parsed.field)
  local paths = names and parsed.field or { parsed.field }
  local rests = paths_in_request(paths)
  local select, found = field.selector(rests or { "" }, rests and names)
  local values = {}
  for item, message in next_item do
    if not item then io.failure("%s", message) end
    values[#values + 1] = select(history.encodable(item))
  end
  if not rests then return output.show({ data = values }, parsed, system, {}) end
  if values[1] == nil then return end
  for index, path in ipairs(paths) do
    if not found[index] then io.failure("no field '%s' in these requests", path) end
  end
  output.selection(values, parsed, system, {})
end

---Prints requests. Raises a failure when requests cannot be read or printed.
---@param next_item fun(): cmr.SentRequest|false|nil, string?
function requests.print(next_item, parsed, system)
  if parsed.field then return print_field(next_item, parsed, system) end
  local write, finish = writers[parsed.output or "table"](system, parsed)
  local pages, page = 0, read_page(next_item)
  while page[1] do
    pages = pages + 1
    write(page, pages)
    page = #page == PAGE_REQUESTS and read_page(next_item) or {}
  end
  if finish then finish(pages) end
end

return requests
