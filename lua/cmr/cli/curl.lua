--- A request as the curl program would make it, for --dry-run. Pure.
--
-- The key comes from the environment, through curl's standard input: arguments can be read by every user of a machine.

local text = require "cmr.util.text"

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- @param request  of client:preview
-- @param profile  whose key it is, or nil; it gets a variable of its own, as CMR_API_KEY may hold another's key
-- @param file     the file the key is in, or nil
-- @return one command of a shell, over several lines
return function(request, profile, file)
  local parts = { "curl --silent --show-error --request " .. request.method }
  local function add(option, value)
    parts[#parts + 1] = ("--%s %s"):format(option, quote(value))
  end
  if request.url:find "[%[%]{}]" then parts[1] = parts[1] .. " --globoff" end
  add("url", request.url)
  for _, line in ipairs(request.headers) do
    add("header", line)
  end
  if request.key_header then parts[#parts + 1] = "--header @-" end
  if request.body or request.method == "POST" then add("data-raw", request.body or "") end
  if request.ca_file then add("cacert", request.ca_file) end
  if request.resolve then add("resolve", request.resolve) end
  if request.proxy == "" then
    add("noproxy", "*")
  elseif request.proxy then
    add("proxy", request.proxy)
  end
  parts[#parts + 1] = "--compressed"
  local command = table.concat(parts, " \\\n  ")
  if request.key_header then
    local variable = profile and ("CMR_%s_KEY"):format((profile:upper():gsub("%W", "_"))) or "CMR_API_KEY"
    local key = file and ("$(head -n 1 %s)"):format(quote(file)) or "$" .. variable
    command = ([[printf '%s: %%s' "%s" | ]]):format(request.key_header, key) .. command
  end
  return text.utf8(command) .. "\n"
end
