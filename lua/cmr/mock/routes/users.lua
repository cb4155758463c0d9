---The operations on users, and on the countries and states of their addresses.

local account = require "cmr.mock.model.account"
local answer = require "cmr.mock.answer"
local fields = require "cmr.mock.fields"
local random = require "cmr.util.random"

local users = {}

local ENTITIES = { amp = "&", apos = "'", quot = '"', lt = "<", gt = ">" }

-- A few countries and states, as examples.
local COUNTRIES = {
  Australia = "AU",
  Canada = "CA",
  France = "FR",
  Germany = "DE",
  India = "IN",
  Italy = "IT",
  Japan = "JP",
  Netherlands = "NL",
  Singapore = "SG",
  Spain = "ES",
  ["United Kingdom"] = "GB",
  ["United States"] = "US",
}

local STATES = {
  US = { California = "CA", Delaware = "DE", Florida = "FL", ["New York"] = "NY", Texas = "TX", Washington = "WA" },
  CA = { Alberta = "AB", ["British Columbia"] = "BC", Ontario = "ON", Quebec = "QC" },
  DE = { Bavaria = "BY", Berlin = "BE", Hamburg = "HH" },
}

local COUNTRY_CODES = {}
for _, code in pairs(COUNTRIES) do
  COUNTRY_CODES[code] = true
end

-- Documented: the API decodes HTML entities before it checks the characters. The mock decodes a numeric entity only if
-- its character is ASCII.
local function decode(text)
  text = text:gsub("&#(%d+);", function(code)
    if tonumber(code) < 128 then return string.char(tonumber(code)) end
  end)
  return (text:gsub("&(%a+);", ENTITIES))
end

-- Documented: all fields except `email` may have only Unicode letters, digits, spaces and these characters:
-- . , ' # & ( ) / -
local function profile_of(request)
  local profile = {}
  for _, param in ipairs(request.operations.create_user.params) do
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

function users.users(request, state)
  return answer.success(request, answer.list(request, "users", state.users:list(), show), "Users fetched successfully")
end

function users.user(request)
  return answer.success(request, show(request.user), "User fetched successfully")
end

function users.create_user(request, state)
  local id = random.id(28)
  account.add_user(state, id, profile_of(request))
  return answer.success(request, { id = id })
end

-- Requires the whole profile, as the help centre does. On the API pages, which are older, every field is optional.
function users.update_user(request)
  fields.check(request.operations.create_user, request.fields)
  request.user.profile = profile_of(request)
  return answer.assume(answer.success(request, nil, "User updated"), "a part is refused: the sources disagree")
end

function users.delete_user(request, state)
  local filter = { userId = request.user.userId }
  local counts = { mailboxCount = #state.mailboxes:list(filter), domainCount = #state.domains:list(filter) }
  if counts.mailboxCount > 0 or counts.domainCount > 0 then
    local reply = answer.new(422, "The user still has domains or mailboxes.", nil, counts)
    return answer.assume(reply, "status 422; message; where the counts are")
  end
  state.users:remove(filter.userId)
  for _, name in ipairs { "subscriptions", "orders", "placement_tests" } do
    state[name]:clear(filter)
  end
  return answer.success(request)
end

function users.countries(request)
  return answer.assume(answer.success(request, COUNTRIES, "Countries fetched successfully"), "which there are")
end

function users.states(request)
  local code = request.fields.countryCode
  if not COUNTRY_CODES[code] then answer.refuse(404, "The requested country does not exist.", "status 404; message") end
  return answer.assume(answer.success(request, STATES[code] or {}, "States fetched successfully"), "which there are")
end

return users
