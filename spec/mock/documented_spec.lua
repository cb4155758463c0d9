-- The mock's own answers have the same members as the documented ones, of the same types. Where the documents show a
-- whole answer, the message is the same too.
local cjson = require "cjson"
local examples = require "cmr.samples"
local operations = require "cmr.operations"
local api_of = require "spec.support.mock_api"

local USER, MAILBOX = api_of.USER, api_of.MAILBOX
local SUBSCRIPTION = "1BNTZJG2Q041JWGS3NY9E1BZ9APA"
local OWN = {userId = USER}

-- The requests of some operations: {query, body}. For the others, the spec sends the documented request.
local ASKED = {
  delete_user = {{userId = "EMPTY"}},
  domain_renewal_prices = {nil, {userId = USER, domains = {"near.com"}}},
  set_domain_auto_renew = {nil, {userId = USER, domains = {"near.com"}, autoRenew = true}},
  dns_records = {{userId = USER, domain = "near.com"}},
  create_order = {OWN, {domains = {{domain = "new.com", years = 1}}, confirm = true}},
  update_mailboxes = {OWN, {mailboxData = {mailboxId = MAILBOX, firstName = "X"}}},
  remove_mailbox = {OWN, {mailboxId = MAILBOX}},
  toggle_warmup = {{mailboxId = MAILBOX}},
  stop_warmup = {{mailboxId = MAILBOX}},
  subscriptions = {},
  renew_subscriptions = {nil, {subscriptionIds = {SUBSCRIPTION}}},
  cancel_subscription = {nil, {subscriptionId = SUBSCRIPTION}},
  platforms = {OWN},
  add_platform = {OWN, {app = "EMAILBISON", credentials = {email = "a@b.c", password = "p"}}},
  remove_platform = {{userId = USER, credentialId = "A1B2C3D4E5F6G7H8"}},
  prewarmed = {},
  create_placement_test = {OWN, {mailboxIds = {MAILBOX}}},
}

-- Replaces values by the names of their types, and a list by its first item.
local function shape(value)
  if type(value) ~= "table" then return type(value) end
  if value[1] ~= nil then return {"list of", shape(value[1])} end
  local shapes = {}
  for name, member in pairs(value) do shapes[name] = shape(member) end
  return shapes
end

describe("the documented answer of", function()
  local api

  before_each(function()
    api = api_of.new()
    api:seed("users", {userId = "EMPTY"})
    api:seed("domains", {domainName = "near.com", userId = USER, expiresIn = 30 * 24 * 3600})
    api:yes("POST /dns", OWN, {domain = "near.com", records = {{host = "a", value = "b", recordType = "A"}}})
    api:yes("POST /mailboxes/warmup", {mailboxId = MAILBOX})
    api:advance(180)
  end)

  for _, row in ipairs(operations) do
    local example = examples[row.name] or {}
    -- Some documents show only a part of the answer. The spec uses this part only if there is no whole answer.
    local shown = example.answer or example.partial
    if shown then
      it(row.name, function()
        local asked = ASKED[row.name] or {nil, example.request}
        local _, reply = api:yes(row.method .. " " .. row.path, asked[1], asked[2])
        local wanted = cjson.decode(shown)
        if example.answer then
          -- Only the answer of platforms has an assumption: the documentation leaves open whether apps without
          -- credentials are listed.
          api_of.assumed(row.name == "platforms" and "an app without credentials is left out" or false, reply)
          assert.equal(wanted.message, reply.body.message)
        else
          wanted.status, wanted.message = 200, ""
        end
        assert.same(shape(wanted), shape(reply.body))
      end)
    end
  end

  it("each operation with a request above exists", function()
    for name in pairs(ASKED) do assert.is_table(examples[name], name) end
  end)
end)

describe("of all operations", function()
  it("each one with a path has an answer", function()
    local api = api_of.new()
    for _, row in ipairs(operations) do
      if row.path then
        local reply = api:ask((row.method or "POST") .. " " .. row.path, nil, row.method ~= "GET" and "{}" or nil)
        assert.is_true(reply.status < 500, row.name .. ": " .. reply.text)
        assert.is_true(reply.status ~= 404 or reply.body.message ~= "Not Found", row.name)
      end
    end
  end)
end)
