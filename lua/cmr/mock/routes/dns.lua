---The operations on the DNS records and nameservers of domains.

local answer = require "cmr.mock.answer"
local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local scope = require "cmr.mock.routes.scope"

local dns = {}

local CHANGE_SECONDS = 10 -- how long a change takes; assumed

-- Documented: only a TXT record at a host that begins with _dmarc may have excludedDMARCtags.
local function check(fields)
  if fields.excludedDMARCtags and not (fields.recordType == "TXT" and fields.host:find "^_dmarc") then
    answer.refuse(400, "excludedDMARCtags is only for TXT records at a host that begins with _dmarc")
  end
end

local function put(domain, id, fields)
  return domain.records:put(id, {
    recordId = id,
    host = fields.host,
    value = fields.value,
    recordType = fields.recordType,
    priority = fields.priority or "",
  })
end

local function emit_later(state, domain, action, record)
  state:after(CHANGE_SECONDS, function()
    state:emit(
      "dns-record.updated",
      { userId = domain.userId, action = action, domainName = domain.domainName, record = record }
    )
  end)
end

local function refuse_missing()
  answer.refuse(404, "The requested record does not exist.")
end

function dns.dns_records(request, state)
  local domain = scope.domain(state, request.user, request.fields.domain)
  local data = { records = json.array(domain.records:list()), disabledRecords = json.array() }
  return answer.success(request, data, "DNS records fetched successfully")
end

function dns.add_dns_records(request, state)
  local domain = scope.domain(state, request.user, request.fields.domain)
  for _, fields in ipairs(request.fields.records) do
    check(fields)
  end
  local added = json.array()
  for index, fields in ipairs(request.fields.records) do
    added[index] = put(domain, "record_" .. random.id(12), fields)
    emit_later(state, domain, "ADD", added[index])
  end
  return answer.success(request, { records = added }, "DNS records added successfully")
end

function dns.update_dns_record(request, state)
  local fields = request.fields
  local domain = scope.domain(state, request.user, fields.domain)
  if not domain.records:get(fields.recordId) then refuse_missing() end
  check(fields)
  local record = put(domain, fields.recordId, fields)
  emit_later(state, domain, "UPDATE", record)
  return answer.success(request, record, "DNS record updated successfully")
end

local function domain_of_record(state, id)
  for _, domain in ipairs(state.domains:list()) do
    if domain.records:get(id) then return domain end
  end
  return refuse_missing()
end

function dns.delete_dns_record(request, state)
  local id = request.fields.recordId
  local domain = scope.domain(state, request.user, domain_of_record(state, id).domainName)
  emit_later(state, domain, "DELETE", domain.records:get(id))
  domain.records:remove(id)
  return answer.success(request, nil, "DNS record deleted successfully")
end

-- Assumed: the new nameservers are the list of strings in the body, whatever the name of the list.
function dns.set_nameservers(request, state)
  local domain = scope.domain(state, request.user, request.fields.domain)
  local names
  for _, value in pairs(request.body) do
    if type(value) == "table" and type(value[1]) == "string" then names = value end
  end
  if not names then answer.refuse(400, "Please provide a list of nameservers") end
  local data = { domain = domain.domainName, nameservers = names }
  return answer.success(request, data, "Nameservers will be updated shortly")
end

return dns
