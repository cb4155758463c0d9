-- What the OpenAPI document gives a reader or a generated program: a server that is not production, bounds, statuses,
-- webhooks, and examples that the mock accepts. `make openapi-check` checks the document with other programs.
local core = require "cmr.core"
local events = require "cmr.webhook.events"
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local operations = require "cmr.operations"

local file = assert(io.open("docs/maintainers/openapi.json", "rb"))
local openapi = core.json_decode(file:read("*a"))
file:close()

-- Iterates over the document's operations: each one's row, and its part of the document.
local function each()
  local list = {}
  for _, row in ipairs(operations) do
    if row.path and row.method then list[#list + 1] = {row, openapi.paths[row.path][row.method:lower()]} end
  end
  local index = 0
  return function()
    index = index + 1
    if list[index] then return list[index][1], list[index][2] end
  end
end

describe("the OpenAPI document", function()
  it("names the mock before production, so that a generated program does not reach production by default", function()
    local first = openapi.servers[1]
    assert.equal("http://127.0.0.1:{port}/api/v1/integration", first.url)
    assert.equal("20000", first.variables.port.default)
    for index, server in ipairs(openapi.servers) do
      assert.equal(index == 1, server.url:find("coldmailreseller", 1, true) == nil)
    end
  end)

  it("tells readers which operations cannot run yet", function()
    local count = 0
    for _, row in ipairs(operations) do
      if not (row.path and row.method) then
        count = count + 1
        assert.matches(("\n- %s: %s"):format(row.name, row.title), openapi.info.description, 1, true)
      end
    end
    assert.equal(count, #openapi["x-undocumented"])
    for _, operation in ipairs(openapi["x-undocumented"]) do
      local row, content = operations[operation.operationId], (operation.requestBody or {}).content or {}
      local form = row.flags.form and content["multipart/form-data"]
      assert.equal(row.flags.form ~= nil, form ~= nil and form ~= false, row.name)
      for _, param in ipairs(form and row.params or {}) do
        if param["in"] == "body" and not param.name:find "[.%[]" then
          assert.is_table(form.schema.properties[param.name], param.name)
        end
      end
    end
  end)

  it("has the bounds of pages, limits and years", function()
    local bounds = {}
    local function visit(name, schema)
      if schema.type == "integer" then
        bounds[name] = bounds[name] or {}
        bounds[name][("%s..%s"):format(schema.minimum or "", schema.maximum or "")] = true
      end
      for member, part in pairs(schema.properties or {}) do visit(member, part) end
      for _, part in ipairs(schema.anyOf or {}) do visit(name, part) end
      if type(schema.items) == "table" then visit(name, schema.items) end
    end
    for _, operation in each() do
      for _, parameter in ipairs(operation.parameters or {}) do visit(parameter.name, parameter.schema) end
      if operation.requestBody then visit("body", operation.requestBody.content["application/json"].schema) end
    end
    assert.same({page = {["1.."] = true}, limit = {["1..100"] = true}, years = {["1.."] = true}}, bounds)
  end)

  it("says that 429 has a Retry-After, for the rate limit and for the quota", function()
    for row, operation in each() do
      local refusal = operation.responses["429"]
      if refusal["$ref"] then refusal = openapi.components.responses["429"] end
      assert.is_table(refusal.headers["Retry-After"], row.name)
      assert.equal(row.flags.quota or false, refusal.description:find("quota", 1, true) ~= nil, row.name)
    end
  end)

  it("shows the statuses of an operation's own page", function()
    local own = openapi.paths["/exports/platform-credentials"].get.responses
    assert.matches("own page", own["404"].description)
    assert.equal("seed", own["404"]["x-source"])
    assert.equal("#/components/responses/409", own["409"]["$ref"])
  end)

  it("has an example for each parameter and body", function()
    for row, operation in each() do
      for _, parameter in ipairs(operation.parameters or {}) do
        assert.is_not_nil(parameter.example, row.name .. " " .. parameter.name)
      end
      local content = operation.requestBody and operation.requestBody.content["application/json"]
      if content then assert.is_table(content.examples.example.value, row.name) end
    end
  end)

  describe("'s examples", function()
    local server

    setup(function() server = mock.start{rate = 0, examples = true} end)

    teardown(function() server:stop() end)

    local function encode(value)
      return (tostring(value):gsub("[^%w%-._~]", function(char) return ("%%%02X"):format(char:byte()) end))
    end

    local function send(row, operation, only_required)
      local query = {}
      local all = not only_required or row.open_location == "query" -- the vendor does not document which are required
      for _, parameter in ipairs(operation.parameters or {}) do
        local values = type(parameter.example) == "table" and parameter.example
          or (parameter.required or all) and {[parameter.name] = parameter.example} or {}
        for name, value in pairs(values) do query[#query + 1] = name .. "=" .. encode(value) end
      end
      local content = operation.requestBody and operation.requestBody.content["application/json"]
      local port, base = server.base_url:match "^http://127%.0%.0%.1:(%d+)(/.*)$"
      return http.send(port, ("%s%s?%s"):format(base, row.path, table.concat(query, "&")), {
        method = row.method,
        headers = {["cmr-x-api-key"] = server.key, ["Content-Type"] = content and "application/json"},
        body = content and core.json_encode(content.examples.example.value),
      }):answer()
    end

    for _, only_required in ipairs{true, false} do
      it("are accepted by the mock, with " .. (only_required and "the required parameters" or "all"), function()
        for row, operation in each() do
          server:reset{rate = 0}
          local answered = send(row, operation, only_required)
          assert.is_true(answered.status < 300, ("%s: %s"):format(row.name, answered.body))
        end
      end)
    end
  end)

  it("has a webhook for each event, with its headers and a sample that fits", function()
    local names = {}
    for _, event in ipairs(events) do
      names[event.name] = true
      local post = openapi.webhooks[event.name].post
      local headers = {}
      for _, parameter in ipairs(post.parameters) do
        assert.same({"header", true}, {parameter["in"], parameter.required})
        headers[parameter.name] = true
      end
      assert.same({["cmr-x-signature"] = true, ["cmr-x-timestamp"] = true}, headers)
      assert.same({}, post.security) -- a delivery carries no API key
      local content = post.requestBody.content["application/json"]
      assert.equal(event.name, content.schema.properties[event.key].const)
      local data, sample = content.schema.properties.data, content.examples.sample.value
      assert.equal(event.name, sample[event.key])
      assert.equal(event.key == "event" and not event.name:find "^subscription%.", sample.eventId ~= nil)
      for _, field in ipairs(event.fields) do
        local at, shown = data, sample.data
        for step in field.name:gmatch "[^.]+" do
          local name = step:match "^[^%[]+"
          at, shown = at.properties[name], shown[name]
          if step:find "%[%]$" then
            at, shown = at.items, shown[1]
          end
        end
        assert.equal(field.type, at.type, field.name)
        assert.is_not_nil(shown, field.name)
      end
    end
    for name in pairs(openapi.webhooks) do assert.is_true(names[name], name) end
  end)
end)
