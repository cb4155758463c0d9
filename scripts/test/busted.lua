-- Runs busted on the Lua that runs this file: the installed program may be tied to another Lua.
require "busted.runner" { standalone = false }
