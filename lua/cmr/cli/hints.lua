--- What somebody at a shell can do about a failure. Pure.

local arguments = require "cmr.cli.arguments"

local M = {}

local units = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } }

--- Seconds as a person says them: "4 days 15 hours", "7 seconds".
function M.duration(seconds)
  if seconds < 60 then return ("%.3g second%s"):format(seconds, seconds == 1 and "" or "s") end
  if seconds > 1e9 then return "years" end
  local parts, left = {}, math.ceil(seconds)
  for _, unit in ipairs(units) do
    local count = math.floor(left / unit[1])
    left = left - count * unit[1]
    if count > 0 then parts[#parts + 1] = ("%d %s%s"):format(count, unit[2], count == 1 and "" or "s") end
    if #parts == 2 or #parts == 1 and count == 0 then break end
  end
  return table.concat(parts, " ")
end

-- What an outcome means to someone who wonders whether to run the command again.
local outcomes = {
  not_sent = "the server never saw it, so it can be repeated",
  rejected = "the server refused it, so nothing was done",
  unknown = "it may have been done: look before repeating it",
}

local hints = {
  unauthorized = "is this the key for that base URL? CMR_API_KEY or --api-key-file, CMR_BASE_URL or --base-url",
  payment_required = "the wallet does not cover it",
  quota_exceeded = "a mailbox can be exported again three times a week",
  timeout = "a longer --timeout may help; -v tells where the time goes",
  network = function(_, err)
    if err.outcome ~= "not_sent" then return nil end
    return "is the base URL right, and reachable from here? -v tells how far it came"
  end,
  tls = "CMR_CA_FILE or --ca-file names further certificates to trust",
  bad_response = "is the base URL that of the API?",
}

-- The API does not accept its arguments.
function hints.bad_request(row)
  return row and ("'cmr %s --help' tells what it takes"):format(arguments.command(row.name))
end

--- Lines to show after a failure's message.
-- @param row  from the operations table; nil: any other request
-- @param err  the library's error
-- @param acts whether the request may have done something: not a GET
function M.after(row, err, acts)
  local lines = {}
  if acts and outcomes[err.outcome] then lines[1] = ("outcome: %s, %s"):format(err.outcome, outcomes[err.outcome]) end
  if err.retry_after then lines[#lines + 1] = ("retry after %s"):format(M.duration(err.retry_after)) end
  local hint = hints[err.kind]
  if type(hint) == "function" then hint = hint(row, err) end
  if hint then lines[#lines + 1] = "hint: " .. hint end
  return lines
end

return M
