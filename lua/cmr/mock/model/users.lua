-- Users: the partner's customers.
local json = require "cmr.mock.json"
local examples = require "cmr.samples"

local users = {}

--- A new user; one that exists stays as it is.
-- @param profile the fields of create_user; the documented sample when left out
function users.add(world, id, profile)
  return world.users:get(id)
    or world.users:put(id, {
      userId = id,
      profile = profile or json.decode(examples.create_user.request),
      credentials = {}, -- of sending platforms
    })
end

--- What events say of a user.
function users.told(world, id)
  local user = world.users:get(id)
  return { userId = id, userEmail = user and user.profile.email }
end

return users
