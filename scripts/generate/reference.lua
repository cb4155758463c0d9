--- docs/reference.md: the operations for people, by group. Pure.

local arguments = require "cmr.cli.arguments"
local help = require "cmr.cli.help"
local json = require "scripts.generate.ordered_json"
local shape = require "scripts.generate.shape"
local words = require "scripts.generate.words"

-- What a heading can be linked by, as GitHub makes it.
local function anchor(heading)
  return "#" .. heading:lower():gsub("[^%w _-]", ""):gsub(" ", "-")
end

local function block(language, text)
  return ("```%s\n%s\n```"):format(language, text)
end

local function signature(row)
  local parts, fields = {}, row.rest ~= nil
  for _, param in ipairs(row.params) do
    if param.positional then
      parts[#parts + 1] = param.name
    else
      fields = true
    end
  end
  if fields then parts[#parts + 1] = "fields" end
  return ("cmr.%s(%s)"):format(row.name, table.concat(parts, ", "))
end

local function command(row)
  return (help.example(row):gsub("%s*\\\n%s*", " "))
end

local function http(row)
  local missing = words.missing(row)
  if not missing then return ("`%s %s`"):format(row.method, row.path) end
  return ('`%s`; its %s is not documented: `cmr.new{endpoints = {%s = "%s %s"}}` supplies it'):format(
    row.method or row.path,
    missing,
    row.name,
    row.method or "METHOD",
    row.path or "/..."
  )
end

-- The ways to say it: Lua, shell, HTTP.
local function ways(row)
  return ("- Lua: `%s`\n- Shell: `%s`\n- HTTP: %s\n- Title: %s (%s)"):format(
    signature(row),
    command(row),
    http(row),
    row.title,
    row.source
  )
end

local function warnings(row)
  local sentences = words.of_flags(row)
  if row.flags.list then
    local what = row.items and ('"%s"'):format(row.name) or ('{"%s", items = "data.WHERE"}'):format(row.name)
    sentences[#sentences + 1] = ("All of them: `client:each(%s, ...)`%s."):format(
      what,
      row.items and "" or "; where its answer has them is not documented"
    )
  end
  if row.complete then
    sentences[#sentences + 1] = "Single items may fail inside a success: see `cmr.info(res).partial`."
  end
  sentences[#sentences + 1] = words.of_outcome(row)
  return sentences[1] and table.concat(sentences, " ")
end

local function type_of(param, rows)
  if param.type == "array" and rows[param.name .. "[]"] then
    local item = type_of(rows[param.name .. "[]"], rows)
    return (param.or_item and item .. ", or " or "") .. "array of " .. item
  end
  return param.type
end

local function needed(param)
  if param.everything then return "yes; `cmr.all` for everything" end
  if param.either then return param.either == "any" and "one of these" or "exactly one of these" end
  return param.required and not param.name:find "]$" and "yes" or ""
end

local function table_of(row)
  if #row.params == 0 then return nil end
  local rows = {}
  for _, param in ipairs(row.params) do
    rows[param.name] = param
  end
  local lines = { "| field | type | needed | goes into | source | what it is |", "|---|---|---|---|---|---|" }
  for _, param in ipairs(row.params) do
    local told = param.summary
    if param.values and #param.values > 1 then told = told .. " " .. words.list(param.values, "or", "`") .. "." end
    lines[#lines + 1] = ("| `%s` | %s | %s | %s | %s%s | %s |"):format(
      param.name,
      type_of(param, rows),
      needed(param),
      words.is_field(param) and param["in"] or "",
      param.source,
      param.assumed and ", assumed" or "",
      told
    )
  end
  return table.concat(lines, "\n")
end

local function open(row)
  return row.rest and ("Further fields go into the %s as they are: the documents do not name them."):format(row.rest)
end

-- The call that sends a documented request; an id that the sample leaves out is a placeholder.
local function call(row, request)
  local given, values, fields = json.read(request), {}, json.object {}
  for _, param in ipairs(row.params) do
    local value = json.member(given, param.name)
    if value == nil and param.required and words.is_field(param) then
      value = arguments.placeholder(param.name)
      if not param.positional then table.insert(fields, { param.name, value }) end
    end
    if param.positional and value ~= nil then values[#values + 1] = json.write(value, "lua") end
  end
  for _, pair in ipairs(given) do
    local param = shape.member(shape.of_row(row), pair[1]).param
    if not param.positional then table.insert(fields, pair) end
  end
  if #values == 0 then
    local opening = "cmr." .. row.name
    return opening .. json.write(fields, "lua", 100, #opening)
  end
  local opening = ("cmr.%s(%s"):format(row.name, table.concat(values, ", "))
  if #fields == 0 then return opening .. ")" end
  return opening .. ", " .. json.write(fields, "lua", 100, #opening + 3) .. ")"
end

local function calls(row, example)
  if not example.request then return nil end
  local text = call(row, example.request)
  if example.also then text = text .. "\n" .. call(row, example.also) end
  return ("A documented call (%s):\n\n%s"):format(example.request_source or example.source, block("lua", text))
end

local function sample(text)
  return block("json", json.write(json.read(text), "json"))
end

local function answers(example)
  local parts = {}
  local function add(text, ...)
    parts[#parts + 1] = text:format(...)
  end
  if example.status then add("Success has the status %d (%s).", example.status, example.source) end
  if example.answer then add("The documented answer (%s):\n\n%s", example.source, sample(example.answer)) end
  if example.partial then
    add(
      "Of %s answer, this much is documented (%s):\n\n%s",
      example.answer and "another" or "the",
      example.source,
      sample(example.partial)
    )
  end
  if example.map and example.map ~= "shown" then
    add("The answer's `data` is a map, from names to values of type %s (%s).", example.map, example.source)
  end
  if not (example.answer or example.partial or example.map) then add "What `data` holds is not documented." end
  for _, text in ipairs(example.refusals or {}) do
    add("A documented refusal:\n\n%s", sample(text))
  end
  return table.concat(parts, "\n\n")
end

local function operation(row, example)
  local parts = { "### cmr." .. row.name, row.summary }
  local function add(part)
    parts[#parts + 1] = part
  end
  add(warnings(row))
  add(ways(row))
  add(words.of_assumed(row))
  add(table_of(row))
  add(open(row))
  add(calls(row, example))
  add(answers(example))
  return table.concat(parts, "\n\n") .. "\n"
end

--- The page.
-- @param rows      the operations table
-- @param examples  cmr.samples
-- @param head      what stands before the contents
-- @param webhooks  the section on webhooks, or nil
-- @return its text
return function(rows, examples, head, webhooks)
  local at, links, sections = {}, {}, {} -- at: group -> its place in the other two
  for _, row in ipairs(rows) do
    local group = at[row.group] or #links + 1
    if not at[row.group] then
      at[row.group] = group
      links[group] = ("- [%s](%s): "):format(row.group, anchor(row.group))
      sections[group] = "## " .. row.group .. "\n"
    else
      links[group] = links[group] .. ", "
    end
    links[group] = links[group] .. ("[%s](%s)"):format(row.name, anchor("cmr." .. row.name))
    sections[group] = sections[group] .. "\n" .. operation(row, examples[row.name] or {})
  end
  if webhooks then
    links[#links + 1] = "- [Webhooks](#webhooks)"
    sections[#sections + 1] = webhooks .. "\n"
  end
  return ("%s## Contents\n\n%s\n\n%s"):format(head, table.concat(links, "\n"), table.concat(sections, "\n"))
end
