---Prints every page of a list, for --all. To save memory, each page is printed when it arrives; only --output table
---waits for the last page. Without --all, this module tells the user that a list has more items than the answer shows.

local core = require "cmr.core"
local field = require "cmr.cli.field"
local io = require "cmr.cli.io"
local output = require "cmr.cli.output"
local pagination = require "cmr.pagination"
local pretty_json = require "cmr.cli.pretty_json"
local tables = require "cmr.util.tables"
local tabulate = require "cmr.cli.tabulate"

local listing = {}

local PAGE_FIELDS = { "currentPage", "nextPage", "totalPages" } -- mean nothing when all pages are joined

-- Makes a table whose function `items` finds the list in an answer, for `client:each`. The function also stores the
-- first answer and the list's path in the table.
local function finder(operation)
  local list = { name = operation.items and operation.items:match "[^.]+$" }
  function list.items(answer)
    list.answer = list.answer or answer
    local path, name = list.path or operation.items, list.name
    local items = path and tables.at(answer, path)
    if not path then
      items, name = tabulate.list(answer.data, operation.name)
      path = name == "" and "data" or "data." .. tostring(name)
    end
    -- an empty table does not show where the list is
    if tables.is_list(items) then list.path = path end
    list.shown_path, list.name, list.page = path, name, items
    return items, name
  end
  return list
end

-- Puts `filling` in place of the first answer's list, and returns the answer. If the list is a member of answer.data,
-- also removes PAGE_FIELDS.
local function envelope(list, filling)
  local answer = list.answer
  if list.shown_path == "data" then
    answer.data = filling
    return answer
  end
  local where = type(answer.data.pagination) == "table" and answer.data.pagination or answer.data
  for _, name in ipairs(PAGE_FIELDS) do
    where[name] = nil
  end
  answer.data[list.name] = filling
  return answer
end

-- Functions that make a writer: function(system, parsed, list) -> {add(values), finish(failed)}. `values` is a list of
-- items, or with --field, a list of the values that --field selects in the items.
local writers = {}

local function style_for(system, parsed)
  return { compact = parsed.compact, paint = require("cmr.cli.colours").painter(system, system.stdout) }
end

function writers.json(system, parsed, list)
  local style, item_style, rest, separator = style_for(system, parsed), style_for(system, parsed), nil, nil
  local function wrap(filling)
    return parsed.field and filling or envelope(list, filling)
  end
  function style.empty(key)
    return (key == list.name or key == "data" or key == nil) and "[]" or nil
  end
  return {
    add = function(values)
      local opening, parts = separator, {}
      if not rest then
        opening, rest = pretty_json.around(wrap { pretty_json.HOLE }, style)
        item_style.indent = opening:match "\n( *)$" or ""
        separator = parsed.compact and "," or ",\n" .. item_style.indent
      end
      for index, value in ipairs(values) do
        parts[index] = pretty_json.encode(value, item_style)
      end
      io.write(system, opening .. table.concat(parts, separator))
    end,
    finish = function(failed)
      if failed then return end -- leaves the JSON incomplete: the user sees that items are missing
      io.write(system, (rest or pretty_json.encode(wrap {}, style)) .. "\n")
    end,
  }
end

local function nothing() end

function writers.jsonl(system, parsed)
  local style = style_for(system, parsed)
  style.compact = true
  return {
    add = function(values)
      local lines = {}
      for index, value in ipairs(values) do
        lines[index] = pretty_json.encode(value, style) .. "\n"
      end
      io.write(system, table.concat(lines))
    end,
    finish = nothing,
  }
end

function writers.csv(system, parsed, list)
  local columns, known, missing = nil, {}, {}
  local names = field.names(parsed.field)
  local csv = require "cmr.cli.csv"
  local style = csv.style(parsed, system)
  local function note_columns(flat)
    for name in pairs(flat) do
      if not known[name] then missing[name] = true end
    end
  end
  return {
    add = function(values)
      local flats, text = names and values or tabulate.flat(values), ""
      if not columns then
        columns = names or tabulate.columns(flats, not parsed.field and list.name or "")
        columns = require("cmr.cli.columns").choose(columns, parsed.columns)
        for _, name in ipairs(columns) do
          known[name] = true
        end
        text = csv.lines(columns, { columns }, style)
      end
      for _, flat in ipairs(flats) do
        note_columns(flat)
      end
      io.write(system, text .. csv.lines(columns, tabulate.ordered(flats, columns), style))
    end,
    finish = function(failed)
      if failed or parsed.columns or next(missing) == nil then return end
      local absent = table.concat(tables.sorted_keys(missing), ", ")
      local message = "the columns %s are missing: no item of the first page has them; --output jsonl shows all"
      io.failure(message, absent)
    end,
  }
end

function writers.table(system, parsed, list)
  local all = {}
  return {
    add = function(values)
      for _, value in ipairs(values) do
        all[#all + 1] = value
      end
    end,
    finish = function(failed)
      if failed and #all == 0 then return end
      local names = field.names(parsed.field)
      local function rows()
        if names then return names, tabulate.ordered(all, names) end
        return tabulate.rows(all, not parsed.field and list.name or "")
      end
      output.show({ data = all }, { output = "table", columns = parsed.columns }, system, { rows = rows })
    end,
  }
end

-- Makes the writer for --field without --output: one line for each value.
local function raw_writer(system, parsed)
  local names = field.names(parsed.field)
  return {
    add = function(values)
      output.raw(values, system, names)
    end,
    finish = nothing,
  }
end

-- Makes a writer that selects --field in each item and passes the values to `writer`. An item without the field gives
-- null. The new writer holds the nulls back until an item has the field. If no item has the field, `writer` gets no
-- values.
local function select_field(writer, wanted, list)
  local names = field.names(wanted)
  local paths, select, found, nulls, started = names and wanted or { wanted }, nil, nil, 0, false
  local function path_in_item(path)
    if path == list.path then return "" end
    if path:sub(1, #list.path + 1) == list.path .. "." then return path:sub(#list.path + 2) end
    io.failure("with --all, --field names something in the list: %s.NAME", list.path)
  end
  return {
    add = function(items)
      local values = {}
      if not select then
        local rests = {}
        for index, path in ipairs(paths) do
          rests[index] = path_in_item(path)
        end
        select, found = field.selector(rests, names)
      end
      for _, item in ipairs(items) do
        local value, has_any = select(item)
        if has_any and not started then
          started = true
          for index = 1, nulls do
            values[index] = select(core.null)
          end
        end
        if started then
          values[#values + 1] = value
        else
          nulls = nulls + 1
        end
      end
      if started then writer.add(values) end
    end,
    finish = function(failed)
      if started or not select then writer.finish(failed) end
      for index, path in ipairs(not failed and select and paths or {}) do
        if not found[index] then
          local _, message = field.select(list.answer, path)
          io.failure("no field '%s' in the answers: %s", path, message)
        end
      end
    end,
  }
end

local function writer_for(system, parsed, list)
  local make = parsed.field and not parsed.output and raw_writer or writers[parsed.output or "json"]
  local writer = make(system, parsed, list)
  return parsed.field and select_field(writer, parsed.field, list) or writer
end

---Prints every page of a list. If a page fails, the earlier pages have been printed.
---@param client cmr.Client
---@param operation table
---@param args table
---@return string? message the message of a failure
---@return table? err
function listing.show(client, operation, args, parsed, system)
  local list = finder(operation)
  local writer = writer_for(system, parsed, list)
  local page, count = {}, 0
  local progress = require("cmr.cli.progress").new(system)
  for item, message, err in client:each({ operation.name, items = list.items }, args) do
    if err then
      progress:clear()
      writer.finish(true)
      if count > 0 then message = ("%s (after %d %s)"):format(message, count, count == 1 and "item" or "items") end
      return message, err
    end
    page[#page + 1] = item
    if #page == #list.page then
      progress:clear()
      writer.add(page)
      page, count = {}, count + #page
      progress:show(("cmr: %d items so far"):format(count))
    end
  end
  progress:clear()
  writer.finish(false)
end

---If the list has more items than the answer, says so on standard error.
---@param args table the request's arguments
function listing.note(answer, operation, args, system)
  local items = finder(operation).items(answer)
  local page, pages, total = pagination.position(answer)
  local shown = tables.is_list(items) and #items or 0
  local what
  if total and total > shown then
    what = ("%d of %.14g"):format(shown, total)
  elseif pages and pages > 1 then
    what = ("page %.14g of %.14g"):format(page or tonumber(args.page) or 1, pages)
  else
    return
  end
  local how = args.page and "--all without --page" or "--all"
  system.stderr:write(("cmr: %s shown: %s lists all\n"):format(what, how))
end

return listing
