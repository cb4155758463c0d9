-- The users: what each call sends.
local recorded = require "spec.support.recorded"

local USER = "BVZGM5TE9BMP3PP0VWGW943RGV1B"

-- The vendor's sample, and the same fields in Lua.
local SAMPLE = [[
{"languagePreference":"en","email":"johndoe@company.com","company":"TechCorp Inc.","firstName":"John","lastName":"Doe",
 "country":"US","city":"New York","addressLineOne":"123 Main Street","addressLineTwo":"Suite 400",
 "addressLineThree":"Apt 5B",
 "postalCode":"10001","state":"New York","phoneCc":"1","phone":"2125551234"}]]

local JOHN = {
  languagePreference = "en", email = "johndoe@company.com", company = "TechCorp Inc.", firstName = "John",
  lastName = "Doe", country = "US", city = "New York", addressLineOne = "123 Main Street",
  addressLineTwo = "Suite 400", addressLineThree = "Apt 5B", postalCode = "10001", state = "New York", phoneCc = "1",
  phone = "2125551234",
}

local WANTED = {"email", "company", "firstName", "lastName", "country", "city", "addressLineOne", "languagePreference",
  "postalCode", "state", "phoneCc", "phone"}

local function copy(fields, more)
  local all = {}
  for name, value in pairs(fields) do all[name] = value end
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

describe("the users", function()
  local api, client

  before_each(function()
    api = recorded.new()
    client = api.client
  end)

  it("are listed", function()
    client:users()
    client:users{}
    api:sent(2, {"GET", "/users/list"})
    client:users{page = 2, limit = 100}
    api:sent(1, {"GET", "/users/list", query = {page = "2", limit = "100"}})
    api:raises("bad field 'page' (integer expected, got string)", function() client:users{page = "2"} end)
    api:raises("bad field 'limit' (integer expected, got boolean)", function() client:users{limit = true} end)
  end)

  it("are searched with field names that no document gives", function()
    client:users{search = "John & Söhne", page = 1}
    api:sent(1, {"GET", "/users/list", query = {search = "John & Söhne", page = "1"}})
  end)

  it("are looked up", function()
    client:user(USER)
    client:user{userId = USER}
    api:sent(2, {"GET", "/users", query = {userId = USER}})
    api:raises("cmr.user: missing required argument 'userId'", function() client:user() end)
    api:refuses("user: 'userId' is empty", function() return client:user("") end)
  end)

  it("are created", function()
    client:create_user(JOHN)
    api:sent(1, {"POST", "/users", body = SAMPLE})
  end)

  it("are created with only the required fields", function()
    client:create_user{
      email = "johndoe@company.com", company = "TechCorp Inc.", firstName = "John", lastName = "Doe", country = "US",
      city = "New York", addressLineOne = "123 Main Street", languagePreference = "en", postalCode = "10001",
      state = "New York", phoneCc = "1", phone = "2125551234",
    }
    api:sent(1, {"POST", "/users", body = [[
      {"languagePreference":"en","email":"johndoe@company.com","company":"TechCorp Inc.","firstName":"John",
       "lastName":"Doe","country":"US","city":"New York","addressLineOne":"123 Main Street","postalCode":"10001",
       "state":"New York","phoneCc":"1","phone":"2125551234"}]]})
  end)

  it("are not created if a required field is missing", function()
    api:requires(JOHN, WANTED, function(fields) client:create_user(fields) end)
    api:raises("bad field 'phoneCc' (string expected, got number", function()
      client:create_user(copy(JOHN, {phoneCc = 1}))
    end)
  end)

  it("are changed", function()
    client:update_user(USER, JOHN)
    client:update_user(copy(JOHN, {userId = USER}))
    api:sent(2, {"PUT", "/users", query = {userId = USER}, body = SAMPLE})
  end)

  -- The documents disagree on whether some of the fields are enough. The server decides.
  it("are changed in part", function()
    client:update_user(USER, {city = "Boston"})
    api:sent(1, {"PUT", "/users", query = {userId = USER}, body = '{"city":"Boston"}'})
    api:raises("cmr.update_user: missing required argument 'userId'", function() client:update_user(JOHN) end)
  end)

  it("with domains are not deleted, and the error has their counts", function()
    local server = require("spec.support.mock").shared("http")
    local user = require("spec.support.mock").USER
    local _, _, err = require("spec.support.client").new(server):delete_user(user)
    assert.equal("bad_request", err.kind)
    assert.same({1, 1}, {err.body.mailboxCount, err.body.domainCount})
  end)

  it("are deleted", function()
    client:delete_user(USER)
    client:delete_user{userId = USER}
    api:sent(2, {"DELETE", "/users", query = {userId = USER}})
    api:raises("cmr.delete_user: missing required argument 'userId'", function() client:delete_user{} end)
    api:refuses("delete_user: 'userId' is empty", function() return client:delete_user("") end)
  end)
end)
