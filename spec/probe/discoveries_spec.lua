-- Discoveries: the parts of answers that no document describes.
local core = require "cmr.core"
local discoveries = require "cmr.probe.discoveries"
local examples = require "cmr.samples"

-- Returns discoveries by id, from answers: array of {operation, envelope, ask, status, headers, version, encoding}.
local function found(answers)
  local seen = {answers = {}, skipped = {}, requests = {}, words = {}}
  for index, answer in ipairs(answers) do
    local status, id = answer.status or 200, answer.ask or answer[1]
    if seen.answers[id] then id = id .. index end
    seen.answers[id] = {status = status, envelope = answer[2], version = answer.version or "1.1",
      encoding = answer.encoding, headers = answer.headers}
    seen.requests[index] = {step = id, operation = answer[1], status = status}
  end
  local by_id = {}
  for _, discovery in ipairs(discoveries.find(seen)) do
    assert.is_nil(by_id[discovery.id])
    by_id[discovery.id] = discovery.found
  end
  return by_id
end

local function envelope(data)
  return {status = 200, message = "x", data = data}
end

describe("a discovery", function()
  it("is never a documented part of an answer", function()
    for _, operation in ipairs{"subscriptions", "platforms", "prewarmed", "dns_records"} do
      local shown = examples[operation]
      local shape = found{{operation, core.json_decode(shown.answer or shown.partial)}}
      assert.is_nil(shape[operation .. ".fields"])
      assert.is_nil(shape[operation .. ".list"])
    end
    local disabled = {recordId = "r", host = "@", value = "v", recordType = "A", priority = ""}
    assert.is_nil(found{{"dns_records", envelope{records = {}, disabledRecords = {disabled}}}}["dns_records.fields"])
  end)

  it("is an undocumented field of an answer", function()
    local answer = core.json_decode(examples.subscriptions.answer)
    answer.requestId, answer.data.subscriptions[1].note = "x", 5
    local shown = found{{"subscriptions", answer}}
    assert.equal("data.subscriptions[]: note number; the answer: requestId string", shown["subscriptions.fields"])
    assert.is_nil(shown["refusals.fields"])
  end)

  it("is every field of an undocumented answer, over all pages", function()
    local shown = found{{"users", envelope{users = {{id = "x"}}}}, {"users", envelope{users = {{id = 5, age = 1}}}}}
    assert.equal("data.users", shown["users.list"])
    assert.equal("data.users[]: age number, id number or string", shown["users.fields"])
    assert.equal("data.users, which is empty", found{{"users", envelope{users = {}}}}["users.list"])
  end)

  it("is not an entry of a documented map, unless its type differs", function()
    assert.is_nil(found{{"countries", envelope{italy = "IT"}}}["countries.fields"])
    assert.equal("data: code number", found{{"countries", envelope{code = 5}}}["countries.fields"])
    assert.equal("data: name string", found{{"user", envelope{name = "x"}}}["user.fields"])
    assert.is_nil(found{{"countries", envelope "x"}}["countries.fields"])
    assert.equal("the answer: more boolean",
      found{{"countries", {status = 200, message = "", data = {italy = "IT"}, more = true}}}["countries.fields"])
  end)

  it("may be the name of an app, if it looks like one", function()
    local data = {EMAILBISON = {}, REACH_INBOX = {}, ["x.example"] = {}, BVZGM5TE9BMP3PP0VWGW943RGV1B = {}}
    assert.equal("*, EMAILBISON, REACH_INBOX", found{{"platforms", envelope(data)}}["platforms.apps"])
  end)

  it("may be in a refusal", function()
    local body = {status = 404, message = "", code = "E1", errors = {{field = "userId"}}}
    assert.equal("the answer: code string; errors[]: field string",
      found{{"user", body, status = 404}}["refusals.fields"])
    assert.is_nil(found{{"user", {status = 404, message = ""}, status = 404}}["refusals.fields"])
    assert.equal("the answer: code string", found{{"user", {code = "E1"}, status = 400}}["refusals.fields"])
    assert.is_nil(found{{"user", {code = "E1"}, status = 399}}["refusals.fields"])
    assert.is_nil(found{{"user", nil, status = 404}}["refusals.fields"])
  end)

  it("may be a fact about HTTP: version, encoding, headers", function()
    local shown = found{{"user", envelope{}, version = "2", encoding = "gzip"}, {"states", envelope{}}}
    assert.same({"HTTP/1.1, HTTP/2", "gzip, not compressed", "no headers about the rate limit"},
      {shown["http.version"], shown["http.encoding"], shown["http.rate"]})
    shown = found{{"user", envelope{}, encoding = "<b>", headers = {["x-ratelimit-limit"] = "5", ["cf-ray"] = "1"}}}
    assert.same({"something else", "x-ratelimit-limit"}, {shown["http.encoding"], shown["http.rate"]})
    local headers = {["ratelimit-limit"] = "5", ["rate-limit"] = "1", ["retry-after"] = "1", ["x-retry-after"] = "1",
      ["x-rate-limit-left"] = "1"}
    shown = found{{"user", envelope{}, headers = headers}}
    assert.equal("rate-limit, ratelimit-limit, retry-after, x-rate-limit-left", shown["http.rate"])
  end)

  it("lists a limited number of fields", function()
    local many = {}
    for index = 0, 259 do many["f" .. ("%c%c"):format(97 + index % 26, 97 + math.floor(index / 26))] = 1 end
    local shown = found{{"user", envelope(many)}}["user.fields"]
    assert.equal(99, select(2, shown:gsub(", ", "")))
    assert.matches("; and more$", shown)
    for index = 100, 259 do many["f" .. ("%c%c"):format(97 + index % 26, 97 + math.floor(index / 26))] = nil end
    shown = found{{"user", envelope(many)}}["user.fields"]
    assert.equal(99, select(2, shown:gsub(", ", "")))
    assert.is_nil(shown:find "more")
  end)
end)
