-- busted's own program, for whichever Lua runs this: the installed one may be tied to another.
require "busted.runner" { standalone = false }
