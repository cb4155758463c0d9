-- Countries and states: a few of them, to have something to show.
local answer = require "cmr.mock.answer"

local geo = {}

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

local NONE = {}

local known = {}
for _, code in pairs(COUNTRIES) do
  known[code] = true
end

function geo.countries(request)
  return answer.assume(answer.success(request, COUNTRIES, "Countries fetched successfully"), "which there are")
end

function geo.states(request)
  local code = request.fields.countryCode
  if not known[code] then answer.refuse(404, "The requested country does not exist.", "status 404; message") end
  return answer.assume(answer.success(request, STATES[code] or NONE, "States fetched successfully"), "which there are")
end

return geo
