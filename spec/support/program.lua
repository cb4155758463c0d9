---Runs Lua code in its own process, for specs of the environment, signals and standard error.
local program = {}

---Returns a text as one word of sh.
---@param text string|number
---@return string
function program.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

---Makes a temporary file with these contents.
---@param contents string
---@return string path
function program.file_with(contents)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(contents)
  file:close()
  return path
end

---Reads a whole file.
---@param path string
---@return string
function program.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

---Returns the program that runs this Lua.
---@return string
function program.interpreter()
  local path = os.getenv("LUA") or ""
  if path:find("lua", 1, true) then return path end
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match("%d+%.%d+")
end

---Runs code to its end. The code finds the library of this build. It sees CMR_API_KEY, CMR_BASE_URL, CMR_CA_FILE and
---CMR_ENDPOINTS only if options.env has them.
---@param code string Lua
---@param options {env: table<string, string>?, through: string?, limit: integer?}? through: a program to run the code,
---  like "env --default-signal=PIPE"; limit: seconds until it is killed; default: 60
---@return {status: integer, out: string, err: string} status: 128 + n for signal n, 124 when it was killed
function program.run(code, options)
  options = options or {}
  local source, out, err = program.file_with(code), program.file_with "", program.file_with ""
  -- The environment goes into a file, because every user can read a command line.
  local lines = {"unset CMR_API_KEY CMR_BASE_URL CMR_CA_FILE CMR_ENDPOINTS"}
  for name, value in pairs(options.env or {}) do
    lines[#lines + 1] = ("export %s=%s"):format(name, program.quote(value))
  end
  lines[#lines + 1] = ("timeout %d %s %s %s </dev/null >%s 2>%s"):format(
    options.limit or 60, options.through or "", program.quote(program.interpreter()), source, out, err)
  lines[#lines + 1] = "echo $?"
  local script = program.file_with(table.concat(lines, "\n"))
  local pipe = assert(io.popen("sh " .. script, "r"))
  local status = tonumber(pipe:read("*a"))
  pipe:close()
  local result = {status = status, out = program.read(out), err = program.read(err)}
  for _, path in ipairs{script, source, out, err} do os.remove(path) end
  return result
end

return program
