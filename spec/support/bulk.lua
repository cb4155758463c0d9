-- Files, mailboxes and counts for the specs of bulk runs.
local cjson = require "cjson"
local command = require "spec.support.command"

local bulk = {}

--- The id of the n-th mailbox.
function bulk.id(number)
  return ("MB%026d"):format(number)
end

--- A CSV file with a column mailboxId and as many rows.
function bulk.mailboxes(count)
  local lines = {"mailboxId\n"}
  for number = 1, count do lines[number + 1] = bulk.id(number) .. "\n" end
  return command.file_with(table.concat(lines))
end

--- Puts these mailboxes into a mock, all with one program and over one connection.
function bulk.seed(server, count)
  local lines = {}
  for number = 1, count do
    lines[#lines + 1] = ('url = "%smailboxes"\nheader = "x-mock-token: %s"\noutput = /dev/null\nfail'):format(
      server.control_url, server.token)
    lines[#lines + 1] = ("data = %s"):format(cjson.encode(cjson.encode{
      mailboxId = bulk.id(number), email = ("m%d@d.com"):format(number), userId = "BVZGM5TE9BMP3PP0VWGW943RGV1B",
    }))
    if number < count then lines[#lines + 1] = "next" end
  end
  local said = server:curl(lines)
  assert(said == "", said)
end

--- How often the mock received each mailbox, by number; and how many requests it got of which it read no body.
function bulk.received(server)
  local times, blank = {}, 0
  for _, request in ipairs(server:requests()) do
    local number = tonumber((request.body:match "MB(%d+)"))
    if number then times[number] = (times[number] or 0) + 1 else blank = blank + 1 end
  end
  return times, blank
end

--- What a journal says of each row, by its number: "sending", "done" or "failed", and the kind of a failure.
function bulk.journal(path)
  local events, kinds = {}, {}
  local file = io.open(path, "rb")
  for line in file and file:lines() or function() end do
    local ok, entry = pcall(cjson.decode, line)
    if ok and entry.row then events[entry.row], kinds[entry.row] = entry.event, entry.kind end
  end
  if file then file:close() end
  return events, kinds
end

return bulk
