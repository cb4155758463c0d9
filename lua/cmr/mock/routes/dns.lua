-- DNS records and nameservers of a user's domains.
local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local answer = require "cmr.mock.answer"
local scope = require "cmr.mock.routes.scope"

local dns = {}

-- Documented: only TXT records at _dmarc have tags to exclude.
local function check(record)
  if record.excludedDMARCtags and not (record.recordType == "TXT" and record.host:find "^_dmarc") then
    answer.refuse(400, "excludedDMARCtags is for TXT records at _dmarc only")
  end
end

local function store(domain, id, record)
  return domain.records:put(id, {
    recordId = id,
    host = record.host,
    value = record.value,
    recordType = record.recordType,
    priority = record.priority or "",
  })
end

local SOON = 10 -- seconds until a change is applied; assumed

local function tell(world, domain, action, record)
  world:after(SOON, function()
    world:tell(
      "dns-record.updated",
      { userId = domain.userId, action = action, domainName = domain.domainName, record = record }
    )
  end)
end

function dns.dns_records(request, world)
  local domain = scope.domain(world, request.user, request.fields.domain)
  local data = { records = json.array(domain.records:list()), disabledRecords = json.array() }
  return answer.success(request, data, "DNS records fetched successfully")
end

function dns.add_dns_records(request, world)
  local domain = scope.domain(world, request.user, request.fields.domain)
  for _, record in ipairs(request.fields.records) do
    check(record)
  end
  local added = json.array()
  for index, record in ipairs(request.fields.records) do
    added[index] = store(domain, "record_" .. random.id(12), record)
    tell(world, domain, "ADD", added[index])
  end
  return answer.success(request, { records = added }, "DNS records added successfully")
end

local function missing()
  answer.refuse(404, "The requested record does not exist.")
end

function dns.update_dns_record(request, world)
  local given = request.fields
  local domain = scope.domain(world, request.user, given.domain)
  if not domain.records:get(given.recordId) then missing() end
  check(given)
  local record = store(domain, given.recordId, given)
  tell(world, domain, "UPDATE", record)
  return answer.success(request, record, "DNS record updated successfully")
end

-- The record's domain, whoever has it, is known by its id.
local function domain_of(world, id)
  for _, domain in ipairs(world.domains:list()) do
    if domain.records:get(id) then return domain end
  end
  return missing()
end

function dns.delete_dns_record(request, world)
  local id = request.fields.recordId
  local domain = scope.domain(world, request.user, domain_of(world, id).domainName)
  tell(world, domain, "DELETE", domain.records:get(id))
  domain.records:remove(id)
  return answer.success(request, nil, "DNS record deleted successfully")
end

-- Assumed: whatever list of the body has names in it is the new list.
function dns.set_nameservers(request, world)
  local domain = scope.domain(world, request.user, request.fields.domain)
  local names
  for _, value in pairs(request.body) do
    if type(value) == "table" and type(value[1]) == "string" then names = value end
  end
  if not names then answer.refuse(400, "Please provide a list of nameservers") end
  domain.nameservers = names
  return answer.success(
    request,
    { domain = domain.domainName, nameservers = names },
    "Nameservers will be updated shortly"
  )
end

return dns
