---Makes docs/reference.md, which describes the operations for people, by group. Pure.

local arguments = require "cmr.cli.arguments"
local help = require "cmr.cli.help"
local ordered_json = require "scripts.generate.ordered_json"
local words = require "scripts.generate.words"

local reference = {}

-- Returns the anchor that GitHub gives a heading.
local function anchor(heading)
  return "#" .. heading:lower():gsub("[^%w _-]", ""):gsub(" ", "-")
end

local function block(language, text)
  return ("```%s\n%s\n```"):format(language, text)
end

local function signature(operation)
  local parts, fields = {}, operation.open_location ~= nil
  for _, param in ipairs(operation.params) do
    if param.positional then
      parts[#parts + 1] = param.name
    else
      fields = true
    end
  end
  if fields then parts[#parts + 1] = "fields" end
  return ("cmr.%s(%s)"):format(operation.name, table.concat(parts, ", "))
end

-- Returns the beginning of an operation's command line: the command and its positional arguments.
local function command(operation)
  local parts = { "cmr", arguments.command(operation.name) }
  for _, param in ipairs(operation.params) do
    if param.positional then parts[#parts + 1] = arguments.placeholder(param.name) end
  end
  return table.concat(parts, " ")
end

local function http(operation)
  local missing = words.missing(operation)
  if not missing then return ("`%s %s`"):format(operation.method, operation.path) end
  return ('`%s`; its %s is undocumented: `cmr.new{endpoints = {%s = "%s %s"}}` supplies it'):format(
    operation.method or operation.path,
    missing,
    operation.name,
    operation.method or "METHOD",
    operation.path or "/..."
  )
end

-- Writes the calls of an operation: in Lua, in the shell and as HTTP.
local function ways(operation)
  return ("- Lua: `%s`\n- Shell: `%s`\n- HTTP: %s\n- Title: %s"):format(
    signature(operation),
    command(operation),
    http(operation),
    operation.title
  )
end

local function warnings(operation)
  local sentences = words.of_flags(operation)
  if operation.flags.list then
    local what = operation.items and ('"%s"'):format(operation.name)
      or ('{"%s", items = "data.WHERE"}'):format(operation.name)
    sentences[#sentences + 1] = ("`client:each(%s, ...)` iterates over all items%s."):format(
      what,
      operation.items and ""
        or ". The place of the list in the answer is undocumented: replace `data.WHERE` by the list's path"
    )
  end
  if operation.success_field then
    sentences[#sentences + 1] =
      "Items may fail although the call succeeds. `cmr.info(res).partial` lists the failed items."
  end
  sentences[#sentences + 1] = words.of_outcome(operation)
  return sentences[1] and table.concat(sentences, " ")
end

-- Returns facts from the documentation, one on each line.
local function notes(operation)
  local sentences = words.of_notes(operation)
  return sentences[1] and "- " .. table.concat(sentences, "\n- ")
end

local function type_of(param, params)
  if param.type == "array" and params[param.name .. "[]"] then
    local item = type_of(params[param.name .. "[]"], params)
    return (param.accepts_item and item .. ", or " or "") .. "array of " .. item
  end
  return param.type
end

local function needed(param, operation)
  if param.all_required then return "yes; `cmr.all` for everything" end
  if param.either then
    local number = param.either == "any" and "at least one" or "exactly one"
    return ("%s of %s"):format(number, words.list(words.choice(operation), "and", "`"))
  end
  return param.required and not param.name:find "]$" and "yes" or ""
end

local function description_of(param)
  local description = words.of_param(param)
  if param.values and #param.values > 1 then
    description = description .. " " .. words.list(param.values, "or", "`") .. "."
  end
  return description .. (param.assumed and " Assumed." or "")
end

local function table_of(operation)
  if #operation.params == 0 then return nil end
  local params = {}
  for _, param in ipairs(operation.params) do
    params[param.name] = param
  end
  local lines = { "| field | type | needed | goes into | description |", "|---|---|---|---|---|" }
  for _, param in ipairs(operation.params) do
    lines[#lines + 1] = ("| `%s` | %s | %s | %s | %s |"):format(
      param.name,
      type_of(param, params),
      needed(param, operation),
      words.is_field(param) and param["in"] or "",
      description_of(param)
    )
  end
  return table.concat(lines, "\n")
end

local function open(operation)
  return operation.open_location
    and ("cmr puts %s fields into the %s, unchanged. The names of these fields are undocumented."):format(
      #operation.params > 0 and "all other" or "all",
      operation.open_location
    )
end

local function example_of(operation)
  local call = words.example(operation)
  if not call then return nil end
  return "An example:\n\n" .. block("lua", call) .. "\n\n" .. block("sh", help.example(operation))
end

local function json_block(text)
  return block("json", ordered_json.write(ordered_json.read(text), "json"))
end

local function answers(sample)
  local parts = {}
  local function add(text, ...)
    parts[#parts + 1] = text:format(...)
  end
  if sample.status then add("Success has the status %d.", sample.status) end
  if sample.answer then add("The documented answer:\n\n%s", json_block(sample.answer)) end
  if sample.partial then
    local which = sample.answer and "Another form of the answer is documented in part"
      or "The answer is documented in part"
    add("%s:\n\n%s", which, json_block(sample.partial))
  end
  if sample.map and sample.map ~= "shown" then
    add("The answer's `data` is a map from names to values of type %s.", sample.map)
  end
  if sample.described then add(sample.described) end
  if not (sample.answer or sample.partial or sample.map or sample.described) then
    add "The content of `data` is undocumented."
  end
  for _, text in ipairs(sample.refusals or {}) do
    add("A documented refusal:\n\n%s", json_block(text))
  end
  return table.concat(parts, "\n\n")
end

local function section(operation, sample)
  local parts = { "### cmr." .. operation.name, operation.summary }
  local function add(part)
    parts[#parts + 1] = part
  end
  add(warnings(operation))
  add(ways(operation))
  if words.of_notes(operation)[1] then add "Documented:" end
  add(notes(operation))
  add(words.of_assumed(operation))
  add(table_of(operation))
  add(open(operation))
  add(example_of(operation))
  add(answers(sample))
  return table.concat(parts, "\n\n") .. "\n"
end

---Returns the page.
---@param operations table[]
---@param samples table cmr.samples
---@param head string The text before the table of contents.
---@param webhooks string? The section about webhooks.
---@return string text
function reference.page(operations, samples, head, webhooks)
  local at, links, sections = {}, {}, {} -- at: group -> its index in `links` and `sections`
  for _, operation in ipairs(operations) do
    local group = at[operation.group] or #links + 1
    if not at[operation.group] then
      at[operation.group] = group
      links[group] = ("- [%s](%s): "):format(operation.group, anchor(operation.group))
      sections[group] = "## " .. operation.group .. "\n"
    else
      links[group] = links[group] .. ", "
    end
    local mark = words.missing(operation) and " (" .. words.missing(operation) .. " unknown)" or ""
    links[group] = links[group] .. ("[%s](%s)%s"):format(operation.name, anchor("cmr." .. operation.name), mark)
    sections[group] = sections[group] .. "\n" .. section(operation, samples[operation.name] or {})
  end
  if webhooks then
    links[#links + 1] = "- [Webhooks](#webhooks)"
    sections[#sections + 1] = webhooks .. "\n"
  end
  return ("%s## Contents\n\n%s\n\n%s"):format(head, table.concat(links, "\n"), table.concat(sections, "\n"))
end

return reference
