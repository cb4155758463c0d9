-- With endpoints, every operation works: its request reaches the mock, which finds no mistake in its form.
local client_of = require("spec.support.client").new
local cmr = require "cmr"
local mock = require "spec.support.mock"
local program = require "spec.support.program"

-- Fields that the mock needs, and that no document names.
local UNDOCUMENTED = {order_status = {orderId = "an-order"}, validate_mailbox = {mailboxId = "a-mailbox"},
  toggle_subscription_auto_renew = {subscriptionId = "a-subscription"}, set_nameservers = {nameservers = {"a", "b"}}}

local function path_of(row)
  return "/supplied/" .. row.name
end

local value_of

local function members_of(row, name)
  local object = {}
  for _, param in ipairs(row.params) do
    local parent, member = param.name:match "^(.*)%.([^.]+)$"
    if parent == name and not member:find "[*%[]" then object[member] = value_of(row, param) end
  end
  return object
end

-- Returns a value for a parameter, with values for all its inner parameters.
function value_of(row, param)
  local name, kind = param.name, param.type
  local content = {}
  for _, other in ipairs(row.params) do content[other.name] = other end
  if kind == "array" then return cmr.array{content[name .. "[]"] and value_of(row, content[name .. "[]"]) or "x"} end
  if kind == "map" then return {["jane@acme.com"] = value_of(row, content[name .. ".*"])} end
  if kind == "object" then return members_of(row, name) end
  if kind == "file" then return mock.picture end
  if param.values then return param.values[1] end
  if kind == "boolean" then return false end
  if kind == "integer" or kind == "number" then return 1 end
  if name == "userId" then return mock.USER end
  return name .. "-value"
end

-- Returns the arguments of a call: every documented field and those of UNDOCUMENTED. Of alternatives, takes the first.
local function fields_of(row)
  local fields, chosen = {}, false
  for name, value in pairs(UNDOCUMENTED[row.name] or {}) do fields[name] = value end
  for _, param in ipairs(row.params) do
    if not param.name:find "[.%[]" and not (param.either and chosen) then
      fields[param.name] = value_of(row, param)
      chosen = chosen or param.either ~= nil
    end
  end
  return fields
end

describe("every operation with a supplied path", function()
  local server

  setup(function()
    mock.picture = program.file_with("png")
    os.rename(mock.picture, mock.picture .. ".png")
    mock.picture = mock.picture .. ".png"
  end)

  before_each(function() server = mock.shared("http") end)

  teardown(function() os.remove(mock.picture) end)

  local function supply(method, suffix)
    local endpoints = {}
    for _, row in ipairs(cmr.operations) do
      local user = ""
      for _, param in ipairs(row.params) do
        if param.name == "userId" then user = suffix end
      end
      endpoints[row.name] = ("%s %s%s"):format(method, path_of(row), user)
    end
    server:control("POST", "endpoints", endpoints)
    return endpoints
  end

  -- The mock's refusals of a request's form. It may refuse the request for another reason: an item does not exist.
  local FORM_FAULTS = {"is not a known field", "must be of type", "must be one of", "must not be empty", "Malformed",
    "Content%-Type", "Please provide", "not implemented", "Method Not Allowed", "^Not Found$", "is there twice"}

  local function check(row, request, message)
    assert.equal(row.name, request.operation, row.name)
    for _, fault in ipairs(FORM_FAULTS) do assert.not_matches(fault, message or "", row.name) end
    assert.is_true(request.status ~= 400, row.name .. ": " .. tostring(message))
  end

  for _, suffix in ipairs{"", " userId in query", " userId in body"} do
    it("sends a well-formed request" .. (suffix ~= "" and "," .. suffix or ""), function()
      local client = client_of(server, {retries = 0, endpoints = supply("POST", suffix)})
      local sent, messages = {}, {}
      for index, row in ipairs(cmr.operations) do
        sent[index] = fields_of(row)
        messages[index] = select(2, client[row.name](client, sent[index])) or ""
      end
      local requests = server:requests()
      assert.equal(#cmr.operations, #requests)
      for index, row in ipairs(cmr.operations) do
        local request = requests[index]
        check(row, request, messages[index])
        local place = suffix:match "(%l+)$"
        for _, param in ipairs(row.params) do
          if param.name == "userId" then place = place or param["in"] end
        end
        if sent[index].userId then
          assert.equal(place, request.query.userId and "query" or "body", row.name)
          assert.equal(place, request.body:find(mock.USER, 1, true) and "body" or "query", row.name)
        end
      end
      assert.equal(63, #cmr.operations)
    end)
  end

  it("is served by a mock that is started with the paths", function()
    local path = program.file_with '{"wallet": "GET /my/wallet"}'
    local own = mock.start{rate = 0, env = {CMR_ENDPOINTS = path}}
    local client = client_of(own, {retries = 0, endpoints = {wallet = "GET /my/wallet"}})
    local answer = assert(client:wallet{currency = "USD"})
    assert.equal("Recorded by the mock", answer.message)
    own:reset()
    assert(client:wallet())
    assert.equal("wallet", own:requests()[1].operation)
    own:stop()
    os.remove(path)
  end)
end)
