-- What is to happen when its time has come: orders progress, periods end.
local agenda = {}
agenda.__index = agenda

--- An empty one.
function agenda.new()
  return setmetatable({}, agenda)
end

--- Note an action. Of two at the same time the one noted first comes first.
-- @param time seconds since 1970
function agenda:add(time, action)
  local index = #self
  while index > 0 and self[index].time > time do
    index = index - 1
  end
  table.insert(self, index + 1, { time = time, action = action })
end

--- For a generic for: time, action of what is due by now, each taken away; also of what the actions add.
function agenda:due(now)
  return function()
    if self[1] and self[1].time <= now then
      local entry = table.remove(self, 1)
      return entry.time, entry.action
    end
  end
end

return agenda
