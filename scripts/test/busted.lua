-- Runs busted on the Lua that runs this file, because the installed program may use another Lua.
require "busted.runner" { standalone = false }
