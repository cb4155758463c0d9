-- DNS: what each call sends.
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"

describe("dns", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("records are listed", function()
    client:dns_records(USER, "example.com")
    client:dns_records(USER, {domain = "example.com"})
    client:dns_records{userId = USER, domain = "example.com"}
    api:sent(3, {"GET", "/dns", query = {userId = USER, domain = "example.com"}})
    api:raises("cmr.dns_records: missing required argument 'domain'", function() client:dns_records(USER) end)
    api:raises("at most 2 positional arguments", function() client:dns_records(USER, "example.com", "A") end)
  end)

  it("records are added", function()
    local records = {{host = "mail", value = "192.0.2.10", recordType = "A"}}
    client:add_dns_records(USER, {domain = "example.com", records = records})
    client:add_dns_records{userId = USER, domain = "example.com", records = records}
    api:sent(2, {"POST", "/dns", query = {userId = USER},
      body = '{"domain":"example.com","records":[{"host":"mail","value":"192.0.2.10","recordType":"A"}]}'})
  end)

  it("records are added with all fields", function()
    client:add_dns_records(USER, {domain = "example.com", records = {
      {host = "@", value = "mx.example.com", recordType = "MX", priority = 10},
      {host = "_dmarc", value = "v=DMARC1; p=none", recordType = "TXT", priority = "",
        excludedDMARCtags = {"sp", "pct"}},
    }})
    api:sent(1, {"POST", "/dns", query = {userId = USER}, body = [[
      {"domain":"example.com","records":[
        {"host":"@","value":"mx.example.com","recordType":"MX","priority":10},
        {"host":"_dmarc","value":"v=DMARC1; p=none","recordType":"TXT","priority":"",
         "excludedDMARCtags":["sp","pct"]}]}]]})
  end)

  it("records are not added without the required fields", function()
    local record = {host = "mail", value = "192.0.2.10", recordType = "A"}
    api:requires({userId = USER, domain = "example.com", records = {record}}, {"userId", "domain", "records"},
      function(rest) client:add_dns_records(rest) end)
    for _, name in ipairs{"host", "value", "recordType"} do
      local part = {host = record.host, value = record.value, recordType = record.recordType}
      part[name] = nil
      api:raises(("missing required argument 'records[2].%s'"):format(name), function()
        client:add_dns_records(USER, {domain = "example.com", records = {record, part}})
      end)
    end
    api:raises("bad field 'records'", function()
      client:add_dns_records(USER, {domain = "example.com", records = record})
    end)
    api:refuses("'records' is empty", function()
      return client:add_dns_records(USER, {domain = "example.com", records = {}})
    end)
  end)

  it("records may have any type, because the accepted types are not documented", function()
    client:add_dns_records(USER, {domain = "example.com", records = {{host = "a", value = "b", recordType = "SRV"}}})
    api:sent(1, {"POST", "/dns", query = {userId = USER},
      body = '{"domain":"example.com","records":[{"host":"a","value":"b","recordType":"SRV"}]}'})
  end)

  it("a record is replaced", function()
    local fields = {recordId = "record_123", domain = "example.com", host = "mail", value = "192.0.2.20",
      recordType = "A"}
    client:update_dns_record(USER, fields)
    fields.userId = USER
    client:update_dns_record(fields)
    api:sent(2, {"PUT", "/dns", query = {userId = USER},
      body = '{"recordId":"record_123","domain":"example.com","host":"mail","value":"192.0.2.20","recordType":"A"}'})
    api:requires(fields, {"userId", "recordId", "domain", "host", "value", "recordType"},
      function(rest) client:update_dns_record(rest) end)
  end)

  it("a record is replaced with all fields", function()
    client:update_dns_record(USER, {recordId = "record_123", domain = "example.com", host = "_dmarc",
      value = "v=DMARC1; p=none", recordType = "TXT", priority = "", excludedDMARCtags = {"sp"}})
    api:sent(1, {"PUT", "/dns", query = {userId = USER}, body = [[
      {"recordId":"record_123","domain":"example.com","host":"_dmarc","value":"v=DMARC1; p=none","recordType":"TXT",
       "priority":"","excludedDMARCtags":["sp"]}]]})
  end)

  it("a record is deleted, with named arguments only", function()
    client:delete_dns_record{userId = USER, recordId = "record_123"}
    api:sent(1, {"DELETE", "/dns", query = {userId = USER, recordId = "record_123"}})
    local names_only = "cmr.delete_dns_record: it takes names only"
    api:raises(names_only, function() client:delete_dns_record(USER, "record_123") end)
    api:raises(names_only, function() client:delete_dns_record(USER, {recordId = "record_123"}) end)
    api:requires({userId = USER, recordId = "record_123"}, {"userId", "recordId"},
      function(rest) client:delete_dns_record(rest) end)
  end)

  it("a record is deleted with the domain too, if that is given", function()
    client:delete_dns_record{userId = USER, recordId = "record_123", domain = "example.com"}
    api:sent(1, {"DELETE", "/dns", query = {userId = USER, recordId = "record_123", domain = "example.com"}})
  end)

  -- The name of the list is not documented.
  it("nameservers are replaced", function()
    local names = {"ns1.example.net", "ns2.example.net"}
    client:set_nameservers(USER, "example.com", {nameservers = names})
    client:set_nameservers{userId = USER, domain = "example.com", nameservers = names}
    api:sent(2, {"PUT", "/dns/nameservers", query = {userId = USER, domain = "example.com"},
      body = '{"nameservers":["ns1.example.net","ns2.example.net"]}'})
    api:requires({userId = USER, domain = "example.com", ns = names}, {"userId", "domain"},
      function(rest) client:set_nameservers(rest) end)
  end)
end)
