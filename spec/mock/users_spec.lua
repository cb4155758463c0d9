-- Users: what the mock stores and refuses.
local api_of = require "spec.support.mock_api"

local USER = api_of.USER

local SAMPLE = {
  languagePreference = "en", email = "johndoe@company.com", company = "TechCorp Inc.", firstName = "John",
  lastName = "Doe", country = "US", city = "New York", addressLineOne = "123 Main Street", addressLineTwo = "Suite 400",
  addressLineThree = "Apt 5B", postalCode = "10001", state = "New York", phoneCc = "1", phone = "2125551234",
}

local function with(changes)
  local all = {}
  for name, value in pairs(SAMPLE) do all[name] = value end
  for name, value in pairs(changes) do all[name] = value ~= "" and value or nil end
  return all
end

describe("the mock's users", function()
  local api

  before_each(function() api = api_of.new() end)

  it("are created and stored", function()
    local data, reply = api:yes("POST /users", nil, SAMPLE)
    assert.equal("User created", reply.body.message)
    api_of.assumed(false, reply)
    assert.equal(28, #data.id)
    local user, got = api:yes("GET /users", {userId = data.id})
    api_of.assumed("data", got)
    assert.same(with{id = data.id}, user)
    assert.are_not.equal(data.id, api:yes("POST /users", nil, SAMPLE).id)
  end)

  it("need every required field, as text with allowed characters only", function()
    for _, name in ipairs{"email", "company", "firstName", "lastName", "country", "city", "addressLineOne",
      "languagePreference", "postalCode", "state", "phoneCc", "phone"} do
      local part = with{[name] = ""}
      assert.is_nil(part[name])
      api:no(400, ("Please provide '%s'"):format(name), "POST /users", nil, part)
    end
    api:no(400, "'phone' must be of type string", "POST /users", nil, with{phone = 2125551234})
    api:no(400, "'company'", "POST /users", nil, with{company = "Tech <b>"})
    api:no(400, "'city'", "POST /users", nil, with{city = "New&lt;York"})
    local id = api:yes("POST /users", nil, with{company = "O&#39;Neill &amp; Söhne, (1/2) #3 - x.",
      addressLineTwo = "", addressLineThree = ""}).id
    local user = api:yes("GET /users", {userId = id})
    assert.equal("O'Neill & Söhne, (1/2) #3 - x.", user.company)
    assert.is_nil(user.addressLineTwo)
  end)

  it("are changed as a whole", function()
    local reply = select(2, api:yes("PUT /users", {userId = USER}, with{city = "Boston", addressLineThree = ""}))
    api_of.assumed("disagree", reply)
    local user = api:yes("GET /users", {userId = USER})
    assert.equal("Boston", user.city)
    assert.is_nil(user.addressLineThree)
    api:no(400, "Please provide 'email'", "PUT /users", {userId = USER}, {city = "Paris"})
    assert.equal("Boston", api:yes("GET /users", {userId = USER}).city)
  end)

  it("are named", function()
    for _, method in ipairs{"GET", "PUT", "DELETE"} do
      local body = method == "PUT" and SAMPLE or nil
      api_of.assumed("status 422", api:no(422, "Please provide a userId", method .. " /users", nil, body))
      local unknown = api:no(404, "The requested user does not exist.", method .. " /users", {userId = "NONE"}, body)
      api_of.assumed(false, unknown)
    end
  end)

  it("may have ids that are only digits", function()
    api:seed("users", {userId = "123"})
    assert.equal("123", api:yes("GET /users", {userId = "123"}).id)
  end)

  it("are listed in pages", function()
    for number = 1, 44 do api:seed("users", {userId = "U" .. number}) end
    local data = api:yes("GET /users/list")
    assert.equal(20, #data.users)
    assert.equal(USER, data.users[1].id)
    assert.same({totalSearchedCount = 45, currentPage = 1, nextPage = 2, totalPages = 3}, data.pagination)
    data = api:yes("GET /users/list", {page = 3})
    assert.equal(5, #data.users)
    assert.equal("U44", data.users[5].id)
    assert.equal(3, data.pagination.currentPage)
    assert.equal(45, #api:yes("GET /users/list", {limit = 100}).users)
    assert.same({}, api:yes("GET /users/list", {page = 4}).users)
    api_of.assumed("status 400", api:no(400, "'limit' must be at most 100", "GET /users/list", {limit = 101}))
    for _, bad in ipairs{"0", "-1", "1.5", "many"} do
      api:no(400, "'page' must be of type integer", "GET /users/list", {page = bad})
    end
  end)

  describe("are deleted", function()
    it("when they have no domains or mailboxes", function()
      api:seed("users", {userId = "EMPTY"})
      local reply = select(2, api:yes("DELETE /users", {userId = "EMPTY"}))
      assert.same({status = 200, message = "User successfully deleted"}, reply.body)
      api:no(404, "does not exist", "GET /users", {userId = "EMPTY"})
    end)

    it("but not while they have domains or mailboxes, which the answer counts", function()
      api:seed("mailboxes", {mailboxId = "M2", email = "m2@doe.com", userId = USER})
      local reply = api:no(422, "still has", "DELETE /users", {userId = USER})
      assert.equal(2, reply.body.mailboxCount)
      assert.equal(1, reply.body.domainCount)
      api_of.assumed("status 422", reply)
      api:seed("users", {userId = "OWNER"})
      api:seed("domains", {domainName = "theirs.com", userId = "OWNER"})
      reply = api:no(422, "still has", "DELETE /users", {userId = "OWNER"})
      assert.equal(0, reply.body.mailboxCount)
      assert.equal(1, reply.body.domainCount)
      assert.equal("OWNER", api:yes("GET /users", {userId = "OWNER"}).id)
      api:seed("users", {userId = "GUEST"})
      api:seed("mailboxes", {mailboxId = "M3", email = "m3@theirs.com", userId = "GUEST"})
      reply = api:no(422, "still has", "DELETE /users", {userId = "GUEST"})
      assert.equal(1, reply.body.mailboxCount)
      assert.equal(0, reply.body.domainCount)
    end)
  end)
end)
