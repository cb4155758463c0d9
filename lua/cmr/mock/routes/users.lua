-- Users.
local random = require "cmr.util.random"
local answer = require "cmr.mock.answer"
local fields = require "cmr.mock.fields"
local paging = require "cmr.mock.paging"
local world_users = require "cmr.mock.model.users"

local users = {}

local ENTITIES = { amp = "&", apos = "'", quot = '"', lt = "<", gt = ">" }

-- HTML entities are decoded first (documented); of the numeric ones those of ASCII.
local function decode(text)
  text = text:gsub("&#(%d+);", function(code)
    if tonumber(code) < 128 then return string.char(tonumber(code)) end
  end)
  return (text:gsub("&(%a+);", ENTITIES))
end

-- What may be in all fields but the address: Unicode letters, digits, spaces and . , ' # & ( ) / -
local function profile_of(request)
  local row, profile = request.rows.create_user, {}
  for _, param in ipairs(row.params) do
    local value = request.fields[param.name]
    if value and param.name ~= "email" then
      value = decode(value)
      if value:find "[^%w .,'#&()/%-\128-\255]" then
        answer.refuse(400, ("'%s' has characters that are not allowed"):format(param.name))
      end
    end
    profile[param.name] = value
  end
  return profile
end

local function show(user)
  local shown = { id = user.userId }
  for name, value in pairs(user.profile) do
    shown[name] = value
  end
  return shown
end

function users.users(request, world)
  return answer.success(request, paging.data(request, "users", world.users:list(), show), "Users fetched successfully")
end

function users.user(request)
  return answer.success(request, show(request.user), "User fetched successfully")
end

function users.create_user(request, world)
  local id = random.id(28)
  world_users.add(world, id, profile_of(request))
  return answer.success(request, { id = id })
end

-- The newer of two sources refuses a part: so does this.
function users.update_user(request)
  fields.check(request.rows.create_user, request.fields)
  request.user.profile = profile_of(request)
  return answer.assume(answer.success(request, nil, "User updated"), "a part is refused: the sources disagree")
end

function users.delete_user(request, world)
  local mine = { userId = request.user.userId }
  local counts = { mailboxCount = #world.mailboxes:list(mine), domainCount = #world.domains:list(mine) }
  if counts.mailboxCount > 0 or counts.domainCount > 0 then
    local reply = answer.new(422, "The user still has domains or mailboxes.", nil, counts)
    return answer.assume(reply, "status 422; message; where the counts are")
  end
  world.users:remove(mine.userId)
  for _, name in ipairs { "subscriptions", "orders", "tests" } do
    world[name]:clear(mine)
  end
  return answer.success(request)
end

return users
