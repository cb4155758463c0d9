-- DNS records and nameservers.
local api_of = require "spec.support.mock_api"

local USER = api_of.USER

describe("the mock's DNS", function()
  local api

  local function records(name)
    return api:yes("GET /dns", {userId = USER, domain = name or "doe.com"}).records
  end

  local function add(list, name)
    return api:yes("POST /dns", {userId = USER}, {domain = name or "doe.com", records = list}).records
  end

  before_each(function()
    api = api_of.new()
    api:seed("users", {userId = "OTHER"})
    api:seed("domains", {domainName = "theirs.com", userId = "OTHER"})
  end)

  it("begins without records", function()
    local _, reply = api:yes("GET /dns", {userId = USER, domain = "doe.com"})
    assert.matches('"disabledRecords":[]', reply.text, 1, true)
    assert.matches('"records":[]', reply.text, 1, true)
    assert.equal("message", reply.headers["x-mock-assumed"])
  end)

  it("remembers records until they are deleted", function()
    local added = add{{host = "mail", value = "192.0.2.10", recordType = "A"},
      {host = "@", value = "mx.doe.com", recordType = "MX", priority = 10}}
    assert.same({{recordId = added[1].recordId, host = "mail", value = "192.0.2.10", recordType = "A", priority = ""},
      {recordId = added[2].recordId, host = "@", value = "mx.doe.com", recordType = "MX", priority = 10}}, added)
    assert.are_not.equal(added[1].recordId, added[2].recordId)
    assert.same(added, records())

    local id = added[1].recordId
    api:yes("PUT /dns", {userId = USER},
      {recordId = id, domain = "doe.com", host = "post", value = "192.0.2.20", recordType = "A"})
    assert.same({recordId = id, host = "post", value = "192.0.2.20", recordType = "A", priority = ""}, records()[1])

    api:yes("DELETE /dns", {userId = USER, recordId = id})
    assert.same({added[2]}, records())
    api:no(404, "record", "DELETE /dns", {userId = USER, recordId = id})
    api:no(404, "record", "PUT /dns", {userId = USER},
      {recordId = id, domain = "doe.com", host = "post", value = "192.0.2.20", recordType = "A"})
  end)

  it("accepts excluded tags only in TXT records at a host that begins with _dmarc", function()
    local tags = {"sp", "pct"}
    add{{host = "_dmarc", value = "v=DMARC1", recordType = "TXT", excludedDMARCtags = tags},
      {host = "_dmarc.sub", value = "v=DMARC1", recordType = "TXT", excludedDMARCtags = tags}}
    for _, bad in ipairs{
      {host = "_dmarc", value = "x", recordType = "CNAME", excludedDMARCtags = tags},
      {host = "@", value = "x", recordType = "TXT", excludedDMARCtags = tags},
    } do
      api:no(400, "excludedDMARCtags", "POST /dns", {userId = USER}, {domain = "doe.com", records = {bad}})
      bad.recordId, bad.domain = records()[1].recordId, "doe.com"
      api:no(400, "excludedDMARCtags", "PUT /dns", {userId = USER}, bad)
    end
    assert.equal(2, #records())
    assert.equal("TXT", records()[1].recordType)
  end)

  it("adds all records or none", function()
    api:no(400, "'records[1].value'", "POST /dns", {userId = USER}, {domain = "doe.com",
      records = {{host = "a", value = "1", recordType = "A"}, {host = "b", recordType = "A"}}})
    api:no(400, "'records' must not be empty", "POST /dns", {userId = USER}, '{"domain":"doe.com","records":[]}')
    api:no(400, "'records' must be of type array", "POST /dns", {userId = USER},
      {domain = "doe.com", records = {host = "a", value = "1", recordType = "A"}})
    assert.same({}, records())
  end)

  it("is only for the domain's owner", function()
    local id = api:yes("POST /dns", {userId = "OTHER"},
      {domain = "theirs.com", records = {{host = "a", value = "1", recordType = "A"}}}).records[1].recordId
    local new = {host = "a", value = "2", recordType = "A"}
    local record = {recordId = id, domain = "theirs.com", host = "a", value = "2", recordType = "A"}
    api:no(403, "does not belong", "GET /dns", {userId = USER, domain = "theirs.com"})
    api:no(403, "does not belong", "POST /dns", {userId = USER}, {domain = "theirs.com", records = {new}})
    api:no(403, "does not belong", "PUT /dns", {userId = USER}, record)
    api:no(403, "does not belong", "DELETE /dns", {userId = USER, recordId = id})
    api:no(403, "does not belong", "PUT /dns/nameservers", {userId = USER, domain = "theirs.com"}, {list = {"a"}})
    api:no(404, "domain", "GET /dns", {userId = USER, domain = "nowhere.com"})
    api:no(400, "Please provide 'domain'", "GET /dns", {userId = USER})
    assert.equal("1", api:yes("GET /dns", {userId = "OTHER", domain = "theirs.com"}).records[1].value)
  end)

  it("accepts nameservers under any name", function()
    local data, reply = api:yes("PUT /dns/nameservers", {userId = USER, domain = "doe.com"},
      {nameservers = {"ns1.example.com", "ns2.example.com"}})
    assert.same({domain = "doe.com", nameservers = {"ns1.example.com", "ns2.example.com"}}, data)
    api_of.assumed("data", reply)
    assert.same({"ns3.example.com"}, api:yes("PUT /dns/nameservers", {userId = USER, domain = "doe.com"},
      {anything = {"ns3.example.com"}}).nameservers)
    api:no(400, "nameservers", "PUT /dns/nameservers", {userId = USER, domain = "doe.com"}, {})
  end)
end)
