--- What the reference, the types and the OpenAPI document say in the same words. Pure.

local words = {}

--- The flags, in the order in which they are told.
words.flags = {
  { "charges", "Charges money." },
  { "danger", "Destroys: what it removes does not come back." },
  { "all_when_empty", "Means everything when its list is left out." },
  { "async", "Asynchronous: the answer says that it was accepted, a webhook later how it ended." },
  { "quota", "Limited per mailbox and week, however it is asked for." },
  { "list", "A list, in pages." },
  { "safe", "Changes nothing, although it is no GET." },
  { "deprecated", "Deprecated by the vendor." },
  { "form", "Takes multipart form data, which is not built while the path is not documented: a call raises." },
}

--- Sentences for an operation's flags.
function words.of_flags(row)
  local sentences = {}
  for _, flag in ipairs(words.flags) do
    if row.flags[flag[1]] then sentences[#sentences + 1] = flag[2] end
  end
  return sentences
end

--- How an asynchronous operation's outcome arrives, as a sentence; nil where no document says.
function words.of_outcome(row)
  if not row.settles then return nil end
  local told = {}
  for index, entry in ipairs(row.settles) do
    local event, parameter = entry:match "^(%S+) ?(%S*)$"
    told[index] = ("`%s`%s"):format(event, parameter ~= "" and (" for each of `%s`"):format(parameter) or "")
  end
  local failures = row.fails and ("; that it failed by %s"):format(words.list(row.fails, "or", "`")) or ""
  return ("`client:await(res)` knows that it is done by %s%s."):format(table.concat(told, ", or "), failures)
end

--- What the documents leave open, as a sentence; nil when nothing.
function words.of_assumed(row)
  return row.assumed and ("Assumed: %s."):format((row.assumed:gsub("%.$", "")))
end

--- What of an operation no document says and a call needs, "path" or "method"; nil when nothing.
function words.missing(row)
  return not row.path and "path" or not row.method and "method" or nil
end

--- Whether a parameter is a field of the request itself, and not of an object in it.
function words.is_field(param)
  return not param.name:find "[%[.]"
end

--- The names of the parameters of which at least one ("any") or exactly one ("one") is needed; empty when there is no
-- such choice.
-- @return the names, "any" or "one"
function words.choice(row)
  local names, kind = {}, nil
  for _, param in ipairs(row.params) do
    if param.either then
      names[#names + 1], kind = param.name, param.either
    end
  end
  return names, kind
end

--- "`a`, `b` or `c`"
function words.list(names, joint, quote)
  local quoted = {}
  for index, name in ipairs(names) do
    quoted[index] = quote .. name .. quote
  end
  if #quoted < 2 then return quoted[1] or "" end
  return table.concat(quoted, ", ", 1, #quoted - 1) .. " " .. joint .. " " .. quoted[#quoted]
end

--- Text in lines of at most width characters, each after the prefix.
function words.wrap(text, width, prefix)
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and #line + 1 + #word <= width then
      line = line .. " " .. word
    else
      if line then lines[#lines + 1] = line end
      line = prefix .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

return words
