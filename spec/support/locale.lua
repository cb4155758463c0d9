---Makes locales with a decimal point other than "." in a temporary folder, because the system may have none.
local program = require "spec.support.program"

local locale = {}

local folder

-- The source of a locale, with its decimal point only. It is for systems without the sources of glibc's locales.
local NUMERIC = [[
comment_char %%
escape_char /
LC_NUMERIC
decimal_point "%s"
thousands_sep ""
grouping -1
END LC_NUMERIC
]]

local function run(format, ...)
  local quoted = {}
  for index, word in ipairs { ... } do quoted[index] = program.quote(word) end
  local status = os.execute(format:format((table.unpack or unpack)(quoted)) .. " >/dev/null 2>&1")
  return status == true or status == 0
end

local function compile(name, source)
  local path = folder .. "/" .. name
  local _ = run("localedef -i %s -f UTF-8 %s", source, path)
    or run("localedef -c -i %s -f UTF-8 %s", source, path) -- localedef exits with status 1 after a warning
  assert(io.open(path .. "/LC_NUMERIC", "rb"), "localedef made no locale: is the package locales installed?"):close()
end

---Makes the locales. Returns the environment for program.run, or nil on a system without localedef.
---@return table<string, string>?
function locale.environment()
  if not run "command -v localedef" then return nil end
  if not folder then
    folder = os.tmpname()
    os.remove(folder)
    assert(run("mkdir %s", folder))
    local comma, arabic = program.file_with(NUMERIC:format "<U002C>"), program.file_with(NUMERIC:format "<U066B>")
    if not run("localedef -i de_DE -f UTF-8 %s", folder .. "/de_DE.UTF-8") then compile("de_DE.UTF-8", comma) end
    compile("arabic.UTF-8", arabic)
    local turkish = folder .. "/tr_TR.UTF-8"
    locale.has_turkish = run("localedef -c -i tr_TR -f UTF-8 %s", turkish) or run("test -d %s", turkish)
    os.remove(comma)
    os.remove(arabic)
  end
  return { LOCPATH = folder }
end

---Removes the locales.
function locale.remove()
  if folder then run("rm -rf %s", folder) end
  folder = nil
end

---Lua text for the beginning of a program. The functions german(), arabic(), turkish() and back() set the locale. The
---decimal point of arabic() has two bytes. In turkish(), "i" is not the lower case of "I".
locale.PRELUDE = [[
local function set(name)
  assert(os.setlocale(name) or os.setlocale(name, "numeric"), name)
end
local function german() set "de_DE.UTF-8"; assert(("%.1f"):format(0.5) == "0,5" or jit) end
local function arabic() set "arabic.UTF-8" end
local function turkish() assert(os.setlocale "tr_TR.UTF-8"); assert(("I"):lower() ~= "i" or jit) end
local function back() set "C" end
]]

return locale
