-- The generated documents are checked in, and must be up to date. Many specs compare them with the table of operations
-- or with the sources. Other specs compare them and the vendor's samples with literal texts, because the table may be
-- wrong too.

local cmr = require "cmr"
local core = require "cmr.core"
local examples = require "cmr.samples"
local operations = require "cmr.operations"
local json = require "scripts.generate.ordered_json"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local unpack = table.unpack or unpack

local function list_of(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function first_difference(one, other)
  local line = 0
  local lines = other:gmatch("([^\n]*)\n")
  for wanted in one:gmatch("([^\n]*)\n") do
    line = line + 1
    local found = lines()
    if found ~= wanted then return ("line %d is\n%s\ninstead of\n%s"):format(line, tostring(found), wanted) end
  end
  return "it is longer"
end

describe("each generated document", function()
  for _, document in ipairs(require "scripts.generate.documents") do
    it("is up to date: " .. document.path, function()
      local found = read(document.path)
      if found == document.text then return end
      error(("%s is stale, `make docs` makes it anew: %s"):format(document.path,
        first_difference(document.text, found)), 0)
    end)
  end

  it("has the contents of a new row", function()
    local row = {
      name = "made_up", group = "Made up", method = "POST", path = "/made/up", title = "Make up", summary = "Makes up.",
      source = "help", flags = {charges = true}, positional = {"userId"}, params = {
        {name = "userId", ["in"] = "query", type = "string", required = true, positional = true, source = "help",
          summary = "Who."},
        {name = "colour", ["in"] = "body", type = "string", values = {"RED", "BLUE"}, source = "docs",
          summary = "Which."},
      },
    }
    local types = require("scripts.generate.types").document({row}, {}, "")
    assert.matches('\n---@field colour? "RED"|"BLUE" Which.\n', types, 1, true)
    assert.matches("\nfunction cmr.made_up(userId, fields) end\n", types, 1, true)
    assert.matches("\nfunction Client:made_up(userId, fields) end\n", types, 1, true)
    local reference = require("scripts.generate.reference").page({row}, {}, "")
    assert.matches("\n### cmr.made_up\n\nMakes up.\n\nCharges money.\n", reference, 1, true)
    assert.matches("\n| `colour` | string |  | body | Which. `RED` or `BLUE`. |\n", reference, 1, true)
    local openapi = require("scripts.generate.openapi").document({row}, {}, {version = "1", server = "https://x"})
    local operation = core.json_decode(openapi).paths["/made/up"].post
    assert.equal("made_up", operation.operationId)
    local colour = operation.requestBody.content["application/json"].schema.properties.colour
    assert.same({"RED", "BLUE"}, colour.enum)
    assert.same({"help", "docs"}, {operation["x-source"], colour["x-source"]})
  end)
end)

describe("the documented examples", function()
  local target = assert(core.target{api_key = "any"})

  it("belong to operations", function()
    for name in pairs(examples) do assert.is_table(operations[name], name) end
  end)

  it("name their source, and have only known fields", function()
    local known = {request = true, also = true, answer = true, partial = true, refusals = true, status = true,
      map = true, meanings = true, described = true, source = true, request_source = true}
    local sources = {seed = true, docs = true, help = true}
    for name, example in pairs(examples) do
      for field in pairs(example) do assert.is_true(known[field], name .. "." .. field) end
      assert.is_true(sources[example.source], name)
      assert.is_true(example.request_source == nil or sources[example.request_source], name)
    end
  end)

  it("are envelopes", function()
    for name, example in pairs(examples) do
      for _, text in ipairs{example.answer, unpack(example.refusals or {})} do
        local envelope = assert(core.json_decode(text))
        assert.is_number(envelope.status, name)
        assert.is_string(envelope.message, name)
        assert.equal(text == example.answer, envelope.status < 300, name)
      end
    end
  end)

  it("are requests that the operations send unchanged", function()
    for name, example in pairs(examples) do
      for _, text in ipairs{example.request, example.also} do
        local fields = assert(core.json_decode(text))
        for _, param in ipairs(operations[name].params) do
          local missing = param.required and not param.name:find("[%[.]") and fields[param.name] == nil
          if missing then fields[param.name] = "x" end
        end
        assert(core[name](target, fields))
      end
    end
  end)

  it("are the vendor's samples, word for word", function()
    local function same(text, ...)
      assert.equal(table.concat{...}, (text:gsub("\n%s*", "")))
    end
    same(examples.delete_user.answer, '{"status":200,"message":"User successfully deleted"}')
    same(examples.set_domain_auto_renew.request,
      '{"userId":"8J7H...","domains":["hefty-minion.net"],"autoRenew":true}')
    same(examples.create_order.answer, '{"status":200,"message":"Order created and queued for processing","data":{',
      '"orderId":"ord_R8K2LQPZA9XM","unavailableDomains":[]},"actionId":"ACT_7a078272-0fa7-4db4-a85b-c78697dacea1"}')
    same(examples.reexport.answer, '{"status":200,"message":"OAuth wil be performed performed shortly","data":null,',
      '"actionId":"ACT_7a078272-0fa7-4db4-a85b-c78697dacea1"}')
    same(examples.create_placement_test.answer,
      '{"status":200,"message":"Success","data":{"orderId":"7K2M9P4Q1R8S5T3U6V0W2X4Y8Z1A"}}')
  end)
end)

-- Returns the kinds and outcomes of errors in the sources, as sets.
local function error_names()
  local names = {kind = {}, outcome = {}}
  local function add(set, text)
    for name in text:gmatch '"([%l_]+)"' do set[name] = true end
  end
  local source = read "csrc/error.c"
  for _, start in ipairs{"kind_of_curl%(", "kind_of_status%("} do add(names.kind, source:match(start .. ".-\n}\n")) end
  for _, file in ipairs{"csrc/error.c", "csrc/response.c"} do
    for text in read(file):gmatch 'kind = ("[%l_]+")' do add(names.kind, text) end
    for text in read(file):gmatch "%.outcome = ([^,}]*)" do add(names.outcome, text) end
  end
  for text in read "lua/cmr/sender.lua":gmatch 'failure%(record, ("[%l_]+")' do add(names.kind, text) end
  for text in read "lua/cmr/await.lua":gmatch 'fail%(self, ("[%l_]+")' do add(names.kind, text) end
  return names
end

describe("the annotations for editors", function()
  local text = read "types/cmr.lua"

  it("are Lua code without effects", function()
    local chunk = assert(loadfile "types/cmr.lua")
    assert.equal(0, select("#", chunk()))
    assert.matches("^%-%-%-@meta", text)
  end)

  it("are required by no module", function()
    local pipe = io.popen "grep -rE 'require.*cmr[.]types' lua bin csrc examples"
    assert.equal("", (pipe:read("*a")))
    pipe:close()
  end)

  it("have each operation as a function and as a method", function()
    for _, row in ipairs(operations) do
      assert.matches("\nfunction cmr." .. row.name .. "(", text, 1, true)
      assert.matches("\nfunction Client:" .. row.name .. "(", text, 1, true)
    end
  end)

  it("have every other function of the module and of a client", function()
    for name, value in pairs(cmr) do
      local line = type(value) == "function" and "\nfunction cmr." .. name .. "(" or "\n---@field " .. name .. " "
      assert.matches(line, text, 1, true)
    end
    local not_methods = {new = true, try_new = true, info = true, target = true} -- these are not public
    for name, value in pairs(getmetatable(cmr.new{api_key = "any"})) do
      if type(value) == "function" and name:sub(1, 2) ~= "__" and not not_methods[name] then
        assert.matches("\nfunction Client:" .. name .. "(", text, 1, true)
      end
    end
  end)

  it("declare each class that they name, once", function()
    local declared, named = {}, {}
    for line in text:gmatch("[^\n]+") do
      local class = line:match("^%-%-%-@class ([%w_.]+)") or line:match("^%-%-%-@alias ([%w_.]+)")
      if class then
        assert.is_nil(declared[class], class)
        declared[class] = true
      end
      if line:find("^%-%-%-[@|]") then
        local names = class and line:gsub("^%-%-%-@%l+ [%w_.]+", "") or line -- without the declared name
        for name in names:gmatch("cmr%.%u%w*") do named[name] = true end
        for name in names:gmatch("cmr%.[%l_]+%.[%w_.]*[%w_]") do named[name] = true end
      end
    end
    for name in pairs(named) do
      local there = require("cmr.util.tables").at({cmr = cmr}, name) -- some names are functions of the library
      assert.is_true(declared[name] or there ~= nil, name)
    end
    for name in pairs(declared) do assert.is_true(named[name] or name == "cmr", name .. " is used by nothing") end
  end)

  it("give the parameters the names that the functions have", function()
    local names = {}
    for line in text:gmatch("[^\n]*") do
      local name = line:match("^%-%-%-@param ([%w_.]+)")
      if name then names[#names + 1] = name end
      local arguments = line:match("^function .-%((.-)%) end$")
      if arguments then
        assert.equal(arguments, table.concat(names, ", "), line)
        names = {}
      end
    end
  end)

  it("show documented requests and answers exactly", function()
    local function has(...) assert.matches("\n" .. table.concat({...}, "\n") .. "\n", text, 1, true) end
    has("---@class cmr.platforms.answer: cmr.Answer",
      "---@field data table<string, cmr.platforms.answer.data>",
      "",
      "---@class cmr.platforms.answer.data",
      "---@field connected boolean true if at least one credential is stored; it may no longer work.",
      "---@field credentials cmr.platforms.answer.data.credentials[]",
      "",
      "---@class cmr.platforms.answer.data.credentials",
      "---@field credentialId string",
      "---@field email string",
      "---@field connectedAt string",
      "---@field metadata cmr.platforms.answer.data.credentials.metadata")
    has("---@overload fun(fields: cmr.platforms.fields): cmr.platforms.answer?, string?, cmr.Error?",
      "---@param userId string The user.",
      "---@return cmr.platforms.answer? answer",
      "---@return string? message",
      "---@return cmr.Error? err",
      "function cmr.platforms(userId) end")
    has("---@param fields cmr.reexport.fields",
      "---@return cmr.Answer? answer",
      "---@return string? message",
      "---@return cmr.Error? err",
      "function cmr.reexport(fields) end")
    has("---@field mailboxes? table<string, cmr.create_order.others.mailboxes[]> "
      .. "The mailboxes to create: a list for each domain name.")
    has("---@field domains string[]|cmr.All The domains; cmr.all means every renewable domain of the user.")
    has("---@field mailboxData cmr.update_mailboxes.others.mailboxData|cmr.update_mailboxes.others.mailboxData[] "
      .. "A mailbox, or a list of mailboxes.")
  end)

  it("have the fields of an error", function()
    local fields = {}
    for name in text:match("%-%-%-@class cmr.Error\n(.-)\n\n"):gmatch("@field ([%w_]+)") do fields[name] = true end
    assert.same({"attempts", "body", "budget_exhausted", "code", "curl_code", "events", "expected", "field", "got",
      "kind", "message", "operation", "outcome", "programmer_error", "reason", "request_id", "retry_after", "status",
      "suggestion"}, list_of(fields))
  end)

  it("have all options, with their defaults", function()
    local declared, above = {}, ""
    for line in text:match("%-%-%-@class cmr.Options\n(.-)\n\n"):gmatch("[^\n]+") do
      local name, told = line:match("@field (%w[%w_]*)%? (.*)$")
      if name then
        declared[name], above = above .. told, ""
        local _, why = pcall(cmr.new, {api_key = "any", [name] = {{}}})
        assert.not_matches("unknown option", tostring(why), 1, true)
      else
        above = above .. line .. "\n"
      end
    end
    for _, name in ipairs(require "cmr.loop".NAMES) do assert.matches('"' .. name .. '"', declared.loop, 1, true) end
    local checked
    for index = 1, 20 do
      local name, value = debug.getupvalue(require("cmr.client_options").split, index)
      if name == "SPEC" then checked = value end
    end
    assert.same(list_of(checked), list_of(declared))
    for name, value in pairs(require "cmr.client_options".DEFAULTS) do
      assert.matches("Default: " .. value .. ".", declared[name], 1, true)
    end
  end)

  it("have all kinds and outcomes", function()
    local known = error_names()
    for class, names in pairs{Kind = known.kind, Outcome = known.outcome} do
      local declared = {}
      for name in text:match("@alias cmr." .. class .. "\n(.-)\n\n"):gmatch('| "([%l_]+)"') do declared[name] = true end
      assert.same(list_of(names), list_of(declared))
    end
  end)
end)

describe("the page of the library", function()
  local text = read "docs/library.md"

  it("has each option, its default and each kind of error", function()
    for name, value in pairs(require "cmr.client_options".DEFAULTS) do
      local default = tostring(value):gsub("%p", "%%%0")
      assert.matches(("\n| `%s` | `[^\n]*` | %s | [^\n]*|\n"):format(name, default), text)
    end
    for name in pairs(error_names().kind) do
      assert.matches("\n| `" .. name .. "` | ", text, 1, true)
    end
  end)

  it("has each function of the library", function()
    for name, value in pairs(cmr) do
      if type(value) == "function" and not operations[name] then
        local at = text:find("\n### cmr." .. name .. "(", 1, true) or text:find("`" .. name .. "`", 1, true)
        assert.is_number(at, name)
      end
    end
    for name in pairs(cmr.webhook) do
      if type(cmr.webhook[name]) == "function" then
        assert.matches("\n### cmr.webhook." .. name .. "(", text, 1, true)
      end
    end
    local Client = getmetatable(cmr.new{api_key = "any"})
    for name in text:gmatch "\n### client:([%l_]+)%(" do assert.is_function(Client[name]) end
  end)

  it("has no marker left", function()
    assert.not_matches("<!-- generated", text, 1, true)
    assert.matches("^<!%-%- Generated by `make docs`", text)
  end)
end)

describe("the reference", function()
  local text = read "docs/reference.md"

  local function section(name)
    local from = assert(text:find("\n### cmr." .. name .. "\n", 1, true), name)
    return text:sub(from, (text:find("\n##", from + 1, true) or 0) - 1)
  end

  it("has a heading for every link of the contents", function()
    local headings = {}
    for heading in text:gmatch("\n##+ ([^\n]+)") do
      local anchor = "#" .. heading:lower():gsub("[^%w _-]", ""):gsub(" ", "-")
      assert.is_nil(headings[anchor], heading)
      headings[anchor] = true
    end
    local links = 0
    for anchor in text:match("\n## Contents\n(.-)\n## "):gmatch("%((#[^)]+)%)") do
      links = links + 1
      assert.is_true(headings[anchor], anchor)
    end
    assert.is_true(links > #operations)
  end)

  it("lists the parameters of each operation", function()
    for _, row in ipairs(operations) do
      local told = section(row.name)
      for _, param in ipairs(row.params) do assert.matches("| `" .. param.name .. "` |", told, 1, true) end
      assert.equal(row.assumed ~= nil, told:find("\nAssumed: ", 1, true) ~= nil, row.name)
      assert.equal(row.open_location ~= nil, told:find("\ncmr puts %l+ ?%l* fields into the ") ~= nil, row.name)
    end
  end)

  it("says which operations charge or destroy", function()
    assert.matches("\nCharges money. ", section "create_order", 1, true)
    assert.matches("\nDestroys something. ", section "cancel_subscription", 1, true)
    assert.matches("the API acts on everything; cmr refuses such a call.", section "renew_domains", 1, true)
    assert.not_matches("Charges", section "set_domain_auto_renew", 1, true)
  end)

  it("says how to supply an undocumented path", function()
    assert.matches('`GET`; its path is undocumented: `cmr.new{endpoints = {wallet = "GET /..."}}` supplies it',
      section "wallet", 1, true)
    assert.matches('`/sandbox/pre-warmup/reset`; its method is undocumented: `cmr.new{endpoints = {'
      .. 'sandbox_reset_prewarmed = "METHOD /sandbox/pre-warmup/reset"}}` supplies it',
      section "sandbox_reset_prewarmed", 1, true)
  end)

  it("shows Lua calls that run", function()
    local shown = 0
    for code in text:gmatch("```lua\n(.-)\n```") do
      shown = shown + 1
      local load_text = loadstring or load
      local calls = {}
      local fake = setmetatable({}, {__index = function(_, name)
        return function(...)
          calls[#calls + 1] = name
          local row = operations[name]
          local endpoints = {[name] = (row.method or "POST") .. " " .. (row.path or "/supplied")}
          assert(core[name](core.target{api_key = "any", endpoints = endpoints}, ...))
        end
      end})
      local chunk = assert(load_text("local cmr = ...\n" .. code))
      chunk(fake)
      assert.is_true(#calls > 0)
    end
    assert.equal(#operations, shown)
    assert.matches('cmr.platforms("BVZGM5TE9BMP3PP0VWGW943RGV1B")', section "platforms", 1, true)
    assert.matches('cmr.set_warmup_status("JKFLDKDHSKTGITJAGFD", "PAUSED")', section "set_warmup_status", 1, true)
    assert.matches('cmr.remove_mailbox{userId = "USR94KD7S2LQ8X5M1Z0", mailboxId = "JKFLDKDHSKTGITJAGFD"}',
      section "remove_mailbox", 1, true)
  end)
end)

describe("the OpenAPI document", function()
  local openapi = core.json_decode(read "docs/maintainers/openapi.json")

  local function schema_of(row)
    local operation = openapi.paths[row.path][row.method:lower()]
    local body = operation.requestBody
    return body and body.content["application/json"].schema, operation
  end

  -- Calls `visit` with every table in a value.
  local function each_table(value, visit)
    visit(value)
    for _, part in pairs(value) do
      if type(part) == "table" then each_table(part, visit) end
    end
  end

  it("has its title and the API's addresses", function()
    assert.equal("3.1.0", openapi.openapi)
    assert.equal(cmr._VERSION, openapi.info.version)
    assert.matches("^http://127%.0%.0%.1", openapi.servers[1].url) -- a client that chooses no server calls this machine
    assert.same({url = "https://customers.coldmailreseller.com/api/v1/integration", description = "Production"},
      openapi.servers[2])
    assert.same({{key = {}}}, openapi.security)
    local scheme = openapi.components.securitySchemes.key
    assert.same({"apiKey", "header", "cmr-x-api-key"}, {scheme.type, scheme["in"], scheme.name})
  end)

  it("has each operation once: at its documented path, or in the list of undocumented ones", function()
    local found, missing = {}, {}
    for path, methods in pairs(openapi.paths) do
      for method, operation in pairs(methods) do
        assert.is_nil(found[operation.operationId])
        found[operation.operationId] = method:upper() .. " " .. path
      end
    end
    for _, operation in ipairs(openapi["x-undocumented"]) do missing[operation.operationId] = true end
    for _, row in ipairs(operations) do
      local documented = row.method and row.path
      assert.equal(documented and row.method .. " " .. row.path or nil, found[row.name])
      assert.equal(not documented or nil, missing[row.name], row.name)
      found[row.name], missing[row.name] = nil, nil
    end
    assert.same({{}, {}}, {found, missing})
  end)

  it("has all methods of a path together", function()
    assert.same({"delete", "get", "post", "put"}, list_of(openapi.paths["/users"]))
    assert.same({"delete", "get", "post", "put"}, list_of(openapi.paths["/dns"]))
  end)

  it("allows further fields exactly where the documents leave names open", function()
    for _, row in ipairs(operations) do
      if row.method and row.path then
        local schema, operation = schema_of(row)
        local open = 0
        each_table(operation.requestBody or {}, function(part)
          if part.properties and part ~= schema then assert.is_false(part.additionalProperties, row.name) end
          if part.additionalProperties == true then open = open + 1 end
        end)
        assert.equal(row.open_location == "body" and 1 or 0, open, row.name)
        if schema then assert.equal(row.open_location == "body", schema.additionalProperties, row.name) end
        local others = 0
        for _, parameter in ipairs(operation.parameters or {}) do
          if parameter.schema.additionalProperties == true then others = others + 1 end
        end
        assert.equal(row.open_location == "query" and 1 or 0, others, row.name)
      end
    end
  end)

  it("says which fields are required, and which exclude each other", function()
    local order = schema_of(operations.order_mailboxes)
    assert.same({"confirm"}, order.required)
    assert.same({{required = {"subscriptionId"}}, {required = {"domainId"}}}, order.oneOf)
    local mailbox = order.properties.mailboxes.additionalProperties.items
    assert.same({"username", "firstName", "lastName"}, mailbox.required)
    assert.equal("boolean", mailbox.properties.onWarmup.type)
    local reexport = schema_of(operations.reexport)
    assert.same({{required = {"mailboxId"}}, {required = {"email"}}}, reexport.anyOf)
    assert.is_nil(reexport.required)
    local domains = schema_of(operations.check_workspace).properties.domains
    assert.same({"GOOGLE", "MICROSOFT"}, domains.items.properties.serviceProvider.enum)
    local _, platforms = schema_of(operations.platforms)
    assert.same({{name = "userId", ["in"] = "query", description = "The user.", required = true,
      schema = {type = "string"}, example = "BVZGM5TE9BMP3PP0VWGW943RGV1B", ["x-source"] = "seed"}},
      platforms.parameters)
  end)

  it("accepts one item for a list where the API does", function()
    local data = schema_of(operations.update_mailboxes).properties.mailboxData
    assert.same({"object", "array"}, {data.anyOf[1].type, data.anyOf[2].type})
  end)

  it("shows the documented answers, with their status", function()
    local _, platforms = schema_of(operations.platforms)
    local shown = platforms.responses["200"].content["application/json"]
    assert.same(core.json_decode(examples.platforms.answer), shown.examples.documented.value)
    local data = shown.schema.allOf[2].properties.data
    assert.equal("string", data.additionalProperties.properties.credentials.items.properties.credentialId.type)
    for _, methods in pairs(openapi.paths) do
      for _, operation in pairs(methods) do
        local name = operation.operationId
        assert.equal(name == "order_prewarmed", operation.responses["201"] ~= nil, name)
        assert.equal(name ~= "order_prewarmed", operation.responses["200"] ~= nil, name)
        assert.equal(name == "create_placement_test", operation.responses["402"] ~= nil, name)
        for _, status in ipairs{"401", "404", "422", "429"} do assert.is_table(operation.responses[status], name) end
      end
    end
  end)

  it("refers only to parts that exist", function()
    each_table(openapi, function(part)
      local kind, name = (part["$ref"] or ""):match("^#/components/(%w+)/(%w+)$")
      if part["$ref"] then assert.is_table(openapi.components[kind][name], part["$ref"]) end
    end)
  end)
end)

describe("the writer of JSON", function()
  it("keeps order, digits, null and empty values", function()
    local text = '{"b": 0.30, "a": [], "c": {}, "d": null, "e": [true, false, -1e5, "x y"]}'
    assert.equal(text, json.write(json.read(text), "json"))
  end)

  it("breaks only values that are too long for a line", function()
    local value = json.read '{"first":{"a":1,"b":2},"second":["x","y"]}'
    assert.equal('{\n  "first": {"a": 1, "b": 2},\n  "second": ["x", "y"]\n}', json.write(value, "json", 30))
  end)

  it("writes Lua", function()
    local value = json.read '{"a":1,"b-c":[],"d":null,"e":["x"]}'
    assert.equal('{a = 1, ["b-c"] = cmr.array{}, d = cmr.null, e = {"x"}}', json.write(value, "lua"))
  end)

  it("escapes characters, and refuses values that it would misread", function()
    assert.equal([["say \"a\\b\"\n"]], json.write('say "a\\b"\n', "json"))
    for _, text in ipairs{'"a\\nb"', '{"a" 1}', "[1 2]", "[1] 2", "x", "{"} do
      assert.has_error(function() json.read(text) end)
    end
  end)
end)
