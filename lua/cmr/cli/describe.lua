--- The words of the help, derived from the rows of the operations table. Pure.

local arguments = require "cmr.cli.arguments"

local M = {}

-- What a user should know before running it, in this order.
local marks = {
  { "charges", "charges money", "Charges money." },
  { "danger", "destroys", "Destroys: what it removes does not come back." },
  { "all_when_empty", "everything when its list is left out", "Means everything when its list is left out." },
  { "async", "asynchronous", "Asynchronous: the answer says that it was accepted, a webhook later how it ended." },
  { "quota", "limited per mailbox", "Limited per mailbox and week, however it is asked for." },
  { "deprecated", "deprecated", "Deprecated by the vendor." },
}

--- One line for the list of commands.
function M.summary(row)
  local words = {}
  for _, mark in ipairs(marks) do
    if row.flags[mark[1]] then words[#words + 1] = mark[2] end
  end
  local text = row.summary or row.title
  if #words == 0 then return text end
  return ("%s [%s]"):format(text, table.concat(words, ", "))
end

--- The paragraph at the top of a command's help.
function M.operation(row)
  local lines = {
    row.summary or row.title,
    ("%s %s: %s"):format(row.method or "(method unknown)", row.path or "(path unknown)", row.title),
  }
  for _, mark in ipairs(marks) do
    if row.flags[mark[1]] then lines[#lines + 1] = mark[3] end
  end
  if row.assumed then lines[#lines + 1] = ("Not confirmed: %s."):format((row.assumed:gsub("%.$", ""))) end
  return table.concat(lines, "\n")
end

--- What stands for a parameter's value: TEXT, JSON, {A,B}, ...
function M.value(param)
  if param.values then return "{" .. table.concat(param.values, ",") .. "}" end
  local type = param.type
  if type == "boolean" then return "{true,false}" end
  if type == "string" then return "TEXT" end
  if type == "integer" or type == "number" then return "N" end
  return "JSON"
end

--- The description of one parameter: the API's field name, whether it is needed, what it is.
function M.parameter(param)
  local needed = param.required and not param.name:find "]$" and ", required" or ""
  if param.either then needed = param.either == "one" and ", exactly one of these" or ", one of these" end
  if param.everything then needed = ", required: a list, or the word all" end
  local text = ("%s (%s%s)"):format(param.name, param.type, needed)
  if param.summary then text = text .. ": " .. param.summary end
  if M.value(param) ~= "JSON" and arguments.secret(param.name) then
    text = text .. " @FILE reads it from a file and keeps it out of the process list."
  end
  return text
end

-- A list or map that says something only together with what is in it.
local function has_required_items(row, param)
  for _, other in ipairs(row.params) do
    local inside = other.name:sub(1, #param.name + 1)
    local deep = inside == param.name .. "[" or inside == param.name .. "."
    if other.required and deep and other.name:find "[%]*]." then return true end
  end
  return false
end

-- The parameters a first call needs: the required ones, one of the alternatives, members in place of their object.
local function first_call(row)
  local chosen, required, alternative = {}, {}, false
  for _, param in ipairs(row.params) do
    local parent = param.name:match "^(.*)%.[^.]+$"
    local wanted = (param.required or param.everything) and (not parent or required[parent])
    if param.either and not alternative then
      wanted, alternative = true, true
    end
    if not parent and has_required_items(row, param) and not param.either then wanted = true end
    if wanted then
      required[param.name] = true
      if parent and chosen[#chosen].name == parent then chosen[#chosen] = nil end
      if param.positional or arguments.option(param.name) then chosen[#chosen + 1] = param end
    end
  end
  return chosen
end

--- A command line that shows the least a call needs.
function M.example(row)
  local sample = require "cmr.cli.sample"
  local line = "cmr " .. arguments.command(row.name)
  local parts = {}
  for _, param in ipairs(first_call(row)) do
    if param.positional then
      line = line .. " " .. arguments.placeholder(param.name)
    else
      parts[#parts + 1] = ("%s %s"):format(arguments.option(param.name), sample.value(row, param))
    end
  end
  for _, part in ipairs(parts) do
    local last = line:match "[^\n]*$"
    line = line .. (#last + #part > 72 and " \\\n      " or " ") .. part
  end
  return line
end

--- The fields that only JSON can give, one a line; "" when there are none.
function M.inside(row)
  local lines = {}
  for _, param in ipairs(row.params) do
    if not arguments.option(param.name) then lines[#lines + 1] = "   " .. M.parameter(param) end
  end
  if #lines == 0 then return "" end
  return "Inside the JSON values:\n" .. table.concat(lines, "\n") .. "\n\n"
end

return M
