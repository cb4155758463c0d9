--- Raises at the line of the first caller outside the library: that is where the mistake is.

local here = debug.getinfo(1, "S").source:match "^(.*)util/errors%.lua$" or "@"

--- @tparam string message after "cmr."
return function(message)
  local level = 2
  local info = debug.getinfo(level, "S")
  while info and (info.what == "C" or info.what == "tail" or info.source:sub(1, #here) == here) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  error("cmr." .. message, info and level or 0)
end
