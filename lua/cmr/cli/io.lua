--- What the command reads and writes.

local M = {}

local EPIPE = 32

--- The world outside, for main: a table of its own can replace any of these in a spec. terminal(file) -> columns, 0
-- where the terminal does not say; nil when the file is no terminal.
M.world = {
  stdin = io.stdin,
  stdout = io.stdout,
  stderr = io.stderr,
  open = io.open,
  getenv = os.getenv,
  terminal = function(file)
    return require("cmr.core").terminal(file)
  end,
}

local held = {}

--- A standard stream that is closed (>&-) would be the next file to be opened, a journal or a connection, and what is
-- said would go there: these take its place, and cannot be written to. To be called before anything is opened.
function M.hold()
  for place = 1, 3 do
    held[place] = held[place] or io.open("/dev/null", "rb")
  end
end

--- How many columns there are to write in: $COLUMNS or what the terminal says; nil, no limit, when standard output is
-- no terminal.
function M.columns(world)
  local columns = world.terminal(world.stdout)
  if not columns then return nil end
  local wanted = tonumber((world.getenv "COLUMNS" or ""):match "^%d+$")
  return wanted and wanted > 0 and wanted or columns > 0 and columns or 80
end

--- Writes text to standard output. When that fails it raises {failure = message, status = 1}, or, when nobody reads
-- any more, {status = 141}: quiet, and the status a shell gives a program that SIGPIPE ended.
function M.write(world, text)
  local ok, why, code = world.stdout:write(text)
  if ok then
    ok, why, code = world.stdout:flush()
  end
  if ok then return end
  if code == EPIPE then error({ status = 141 }, 0) end
  error({ failure = "cannot write the output: " .. why, status = 1 }, 0)
end

--- A function(path) -> text | nil, why not (without the path). "-" is standard input, which can be read once.
function M.reader(world)
  local used
  return function(path)
    local file, why
    if path ~= "-" then
      file, why = world.open(path, "rb")
      if not file then return nil, (why:gsub("^.*: ", "")) end
    elseif used then
      return nil, "standard input was read already"
    else
      file, used = world.stdin, true
    end
    local text
    text, why = file:read "*a"
    if file ~= world.stdin then file:close() end
    return text, why
  end
end

return M
