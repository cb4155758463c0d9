-- What the command prints: JSON, tables, and text that no terminal obeys.
local core = require "cmr.core"
local json = require "cmr.cli.json"
local rows_of = require "cmr.cli.rows"
local table_of = require "cmr.cli.table"
local text = require "cmr.cli.text"

describe("JSON", function()
  it("has sorted keys, the envelope's in the vendor's order, and two spaces", function()
    assert.equal([[
{
  "status": 200,
  "message": "m",
  "data": {
    "a": [
      1,
      null,
      {
        "message": 1,
        "status": false
      }
    ],
    "b": 1.5
  },
  "actionId": "ACT_1",
  "other": true
}]], json{status = 200, message = "m", actionId = "ACT_1", other = true,
      data = {b = 1.5, a = {1, core.null, {status = false, message = 1}}}})
    assert.equal('{"status":200,"data":{"a":[1,2]}}', json({status = 200, data = {a = {1, 2}}}, {compact = true}))
  end)

  it("takes an empty table for a list when its name is a plural, or when it is told to", function()
    local value = {data = {}, credentials = {}, address = {}}
    assert.equal('{"data":{},"address":{},"credentials":[]}', json(value, {compact = true}))
    local function list(key) return key == "data" and "[]" or nil end
    assert.equal('{"data":[],"address":{},"credentials":[]}', json(value, {compact = true, empty = list}))
  end)

  it("is what the server sent, digit for digit", function()
    for _, number in ipairs{"0", "-1", "15.88", "0.1", "1718000000000123", "9007199254740991", "1e+300"} do
      assert.equal("[" .. number .. "]", json(core.json_decode("[" .. number .. "]"), {compact = true}))
    end
  end)

  it("is valid and harmless whatever a string holds", function()
    local function encoded(value) return (json({value}, {compact = true}):match("^%[(.*)%]$")) end
    assert.equal('"https://x/\\\\/\\"\\n"', encoded('https://x/\\/"\n'))
    assert.equal('"a\\u0000b\\u001b"', encoded("a\0b\27"))
    assert.equal('"\195\188\\u009b"', encoded("\195\188\194\155"))
    assert.equal('"a\239\191\189b"', encoded("a\255b"))
  end)
end)

describe("text from a server", function()
  it("becomes UTF-8", function()
    local bad = "\239\191\189"
    local cases = {
      ["plain"] = "plain",
      ["\195\188\226\130\172\240\159\153\130"] = "\195\188\226\130\172\240\159\153\130",
      ["\195"] = bad,
      ["\192\128"] = bad .. bad, -- overlong
      ["\237\160\128x"] = bad .. bad .. bad .. "x", -- a surrogate
      ["\244\144\128\128"] = bad .. bad .. bad .. bad, -- beyond the last character
    }
    for given, expected in pairs(cases) do assert.equal(expected, text.utf8(given)) end
  end)

  it("loses what a terminal would obey", function()
    assert.equal(" [31mred bell ", text.printable("\27[31mred\7bell\194\155"))
  end)
end)

describe("a table", function()
  it("shows platforms, one line for each credential", function()
    local columns, rows = rows_of.of("platforms", {data = {
      SMARTLEAD = {connected = false, credentials = {}},
      EMAILBISON = {connected = true, credentials = {
        {credentialId = "A1", email = "j\195\188rg@x.de", connectedAt = "2024", metadata = {workspace = "w"}},
        {credentialId = "B22", email = "someone.else@x.de", metadata = {workspace = "v"}},
      }},
      ODD = 7,
    }})
    assert.equal([[
PLATFORM    CONNECTED  CREDENTIAL  EMAIL              WORKSPACE  CONNECTED AT
EMAILBISON  true       A1          j]] .. "\195\188" .. [[rg@x.de          w          2024
EMAILBISON  true       B22         someone.else@x.de  v
ODD
SMARTLEAD   false
]], table_of(columns, rows))
  end)

  it("shows any list of objects, wherever in the data it is", function()
    local list = {{id = "1", billingCycle = "M"}, {id = "2", nested = {a = {1}}, none = core.null}}
    local expected = "BILLING CYCLE  ID  NESTED     NONE\nM              1\n               2   {\"a\":[1]}\n"
    for _, data in ipairs{list, {subscriptions = list, pagination = {page = 1}}} do
      assert.equal(expected, table_of(rows_of.of("subscriptions", {data = data})))
    end
    assert.equal("CREDENTIAL ID\nA1\n", table_of(rows_of.of("add_platform", {data = {credentialId = "A1"}})))
  end)

  it("has no rows when the answer has none", function()
    for _, answer in ipairs{{}, {data = {}}, {data = "text"}, {data = {1, 2}}} do
      local _, rows = rows_of.of("users", answer)
      assert.same({}, rows)
    end
    assert.same({}, (select(2, rows_of.of("platforms", {data = {}}))))
  end)

  it("keeps a terminal safe", function()
    assert.equal("A\n [2J\n", table_of({"A"}, {{"\27[2J"}}))
  end)
end)
