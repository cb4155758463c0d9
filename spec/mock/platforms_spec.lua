-- Platforms' credentials: updates, workspaces and nested fields. routes_spec.lua tests the other operations.
local api_of = require "spec.support.mock_api"

local USER = api_of.USER
local ADD, UPDATE = "POST /exports/platform-credential", "PUT /exports/platform-credential"
local WORKSPACES = "GET /exports/platform-workspaces"

describe("the mock's platforms", function()
  local api

  local function add(app)
    return api:yes(ADD, {userId = USER}, {app = app, credentials = {email = "a@b.c", password = "right"}}).credentialId
  end

  before_each(function()
    api = api_of.new()
    api:seed("users", {userId = "OTHER"})
  end)

  it("are updated and keep their ids", function()
    local id = add("INSTANTLY")
    local data, reply = api:yes(UPDATE, {userId = USER, credentialId = id}, {orgId = "org_1"})
    assert.same({credentialId = id}, data)
    api_of.assumed("data", reply)
    api:yes(UPDATE, {credentialId = id}, {orgId = "org_2"})
    local apps = api:yes("GET /exports/platform-credentials", {userId = USER})
    assert.equal(id, apps.INSTANTLY.credentials[1].credentialId)
    api:no(404, "credential", UPDATE, {userId = "OTHER", credentialId = id}, {orgId = "org_1"})
    api:no(404, "credential", UPDATE, {credentialId = "NONE"}, {orgId = "org_1"})
    api:no(400, "Please provide 'credentialId'", UPDATE, {userId = USER}, {orgId = "org_1"})
    api:no(400, "'orgId' must be of type string", UPDATE, {credentialId = id}, {orgId = 1})
  end)

  it("have workspaces only for Instantly", function()
    local data = api:yes(WORKSPACES, {credentialId = add("INSTANTLY"), userId = USER})
    assert.equal("org_1", data[1].orgId)
    api:no(422, "workspaces", WORKSPACES, {credentialId = add("SMARTLEAD")})
    api:no(404, "credential", WORKSPACES, {credentialId = "NONE"})
  end)

  it("check nested fields, and name the wrong one", function()
    local function refused(message, body)
      api:no(400, message, ADD, {userId = USER}, body)
    end
    refused("Please provide 'credentials.password'", {app = "X", credentials = {email = "a@b.c"}})
    refused("Please provide 'credentials.email'", {app = "X", credentials = {email = "", password = "p"}})
    refused("'credentials' must be of type object", {app = "X", credentials = {"a@b.c"}})
    refused("'metadata.workspace' must be of type string",
      {app = "X", credentials = {email = "a@b.c", password = "p"}, metadata = {workspace = true}})
    refused("Please provide 'app'", '{"app":null,"credentials":{"email":"a@b.c","password":"p"}}')
  end)
end)
