-- The two operations with which the library began, compared with the vendor's samples. The curl program sends the
-- sample of each page, and the library must send the same request.
local cjson = require "cjson"
local client_of = require("spec.support.client").new
local mock = require "spec.support.mock"
local program = require "spec.support.program"

-- The samples and answers on the vendor's pages.
-- luacheck: push no max line length
local PLATFORMS_SAMPLE = [[
curl --location 'https://customers.coldmailreseller.com/api/v1/integration/exports/platform-credentials?userId=BVZGM5TE9BMP3PP0VWGW943RGV1B' \
--header 'cmr-x-api-key: <api-key>']]
-- luacheck: pop

local PLATFORMS_ANSWER = [[
{
  "status": 200,
  "message": "Fetched connected accounts successfully",
  "data": {
    "EMAILBISON": {
      "connected": true,
      "credentials": [
        {
          "credentialId": "A1B2C3D4E5F6G7H8",
          "email": "john@agency.com",
          "connectedAt": "2024-05-01T10:00:00.000Z",
          "metadata": {
            "appBaseUrl": "https://app.emailbison.com",
            "appName": "EmailBison",
            "workspace": "my-workspace"
          }
        }
      ]
    }
  }
}]]

local REEXPORT_SAMPLE = [[
curl --location 'https://customers.coldmailreseller.com/api/v1/integration/mailboxes/oauth' \
--header 'cmr-x-api-key: <api-key>' \
--header 'Content-Type: application/json' \
--data-raw '{
   "microsoftOauthRoute": "",
    "google": {
        "googleOauthRoute": "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline...",
        "clientId": "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com",
        "appName": "Outreach App"
    },
    "mailboxId": "39XXMZ1SQMMWWPN2GCRB0Q78KZAR", // OR use mailbox email
    "email": "john@doe.com"
}']]

local REEXPORT_ANSWER = [[
{
    "status": 200,
    "message": "OAuth wil be performed performed shortly",
    "data": null,
    "actionId": "ACT_7a078272-0fa7-4db4-a85b-c78697dacea1"
}]]

-- The same body in Lua.
local REEXPORT = {
  microsoftOauthRoute = "",
  google = {
    googleOauthRoute = "https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount?access_type=offline...",
    clientId = "549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com",
    appName = "Outreach App",
  },
  mailboxId = "39XXMZ1SQMMWWPN2GCRB0Q78KZAR",
  email = "john@doe.com",
}

local function without_nulls(object)
  for name, value in pairs(object) do
    if value == cjson.null then object[name] = nil end
  end
  return object
end

local function configured(text)
  return '"' .. text:gsub('[\\"]', "\\%0"):gsub("\n", "\\n") .. '"'
end

-- Runs a sample with the curl program, against the mock instead of the vendor's host, and without the comment in its
-- body. The key is in curl's configuration, not on its command line.
local function replay(server, sample)
  local origin = server.base_url:match("^(https?://[^/]+)/")
  local url = sample:match("%-%-location '(.-)'"):gsub("^https://customers%.coldmailreseller%.com", origin)
  local lines = {"location", "url = " .. configured(url)}
  for header in sample:gmatch("%-%-header '(.-)'") do
    lines[#lines + 1] = "header = " .. configured((header:gsub("<api%-key>", server.key)))
  end
  local body = sample:match("%-%-data%-raw '(.-)'$")
  if body then lines[#lines + 1] = "data-raw = " .. configured((body:gsub(" // OR use mailbox email", ""))) end
  return cjson.decode(server:curl(lines))
end

-- Checks that a server has received two requests, which are the same.
local function compare(server)
  local requests = server:requests()
  assert.equal(2, #requests)
  local sample, ours = requests[1], requests[2]
  for _, field in ipairs{"method", "path", "raw_query", "query", "operation", "status"} do
    assert.same(sample[field], ours[field], field)
  end
  for _, header in ipairs{"cmr-x-api-key", "content-type"} do
    assert.equal(sample.headers[header], ours.headers[header], header)
  end
  return sample, ours
end

for _, kind in ipairs{"http", "tls"} do
  describe("over " .. kind, function()
    local server, client

    before_each(function()
      server = mock.shared(kind)
      client = client_of(server)
    end)

    -- Runs a program that makes no client: cmr takes its options from the environment.
    local function module_call(code)
      local ended = program.run('local cmr = require "cmr"\n' .. code, {
        env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, CMR_CA_FILE = server.ca_file},
      })
      assert.same({status = 0, out = "", err = ""}, ended)
    end

    describe("cmr.platforms", function()
      local function check_request()
        local sample, ours = compare(server)
        assert.equal("GET", ours.method)
        assert.equal(server.key, ours.headers["cmr-x-api-key"])
        assert.is_nil(sample.headers["content-type"])
        assert.equal("", ours.body)
        assert.is_nil(ours.headers["content-length"])
      end

      it("sends what the sample sends", function()
        assert.equal(200, replay(server, PLATFORMS_SAMPLE).status)
        assert(client:platforms("BVZGM5TE9BMP3PP0VWGW943RGV1B"))
        check_request()
      end)

      it("sends the same request with the id as a named argument", function()
        assert.equal(200, replay(server, PLATFORMS_SAMPLE).status)
        assert(client:platforms{userId = "BVZGM5TE9BMP3PP0VWGW943RGV1B"})
        check_request()
      end)

      it("sends the same request as a function of the module", function()
        assert.equal(200, replay(server, PLATFORMS_SAMPLE).status)
        module_call('assert(cmr.platforms("BVZGM5TE9BMP3PP0VWGW943RGV1B"))')
        check_request()
      end)

      it("returns the documented envelope", function()
        local documented = cjson.decode(PLATFORMS_ANSWER)
        assert.same(documented, client:platforms("BVZGM5TE9BMP3PP0VWGW943RGV1B"))
        server:fault{body = PLATFORMS_ANSWER}
        assert.same(documented, client:platforms("BVZGM5TE9BMP3PP0VWGW943RGV1B"))
      end)
    end)

    describe("cmr.reexport", function()
      local function check_request()
        local sample, ours = compare(server)
        assert.equal("POST", ours.method)
        assert.equal(server.key, ours.headers["cmr-x-api-key"])
        assert.equal("application/json", ours.headers["content-type"])
        assert.equal("", ours.raw_query)
        assert.same(cjson.decode(sample.body), cjson.decode(ours.body))
        assert.same(REEXPORT, cjson.decode(ours.body))
        assert.matches('"microsoftOauthRoute":""', ours.body, 1, true)
      end

      it("sends what the sample sends", function()
        assert.equal(200, replay(server, REEXPORT_SAMPLE).status)
        assert(client:reexport(REEXPORT))
        check_request()
      end)

      it("sends the same request as a function of the module", function()
        assert.equal(200, replay(server, REEXPORT_SAMPLE).status)
        module_call(([[
          local cjson = require "cjson"
          assert(cmr.reexport(cjson.decode(%q)))
        ]]):format(cjson.encode(REEXPORT)))
        check_request()
      end)

      it("does not change the caller's table", function()
        local given = cjson.decode(cjson.encode(REEXPORT))
        local google = given.google
        assert(client:reexport(given))
        assert.same(REEXPORT, given)
        assert.equal(google, given.google)
      end)

      it("returns the documented envelope, without the null data", function()
        local documented = without_nulls(cjson.decode(REEXPORT_ANSWER))
        local answer = assert(client:reexport(REEXPORT))
        assert.matches("^ACT_%x+%-%x+%-%x+%-%x+%-%x+$", answer.actionId)
        answer.actionId = documented.actionId
        assert.same(documented, answer)

        server:fault{body = REEXPORT_ANSWER}
        assert.same(documented, client:reexport(REEXPORT))
      end)

      it("is refused the fourth time in a week, with quota_exceeded", function()
        for _ = 1, 3 do assert(client:reexport(REEXPORT)) end
        local answer, why, err = client:reexport(REEXPORT)
        assert.is_nil(answer)
        assert.matches("week", why)
        assert.equal("quota_exceeded", err.kind)
        assert.equal(4, #server:requests())
      end)
    end)
  end)
end
