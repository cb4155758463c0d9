-- The operations table as Lua sees it: complete, consistent, and true to the API.

local core = require "cmr.core"
local operations = require "cmr.operations"

local TYPES = {string = true, integer = true, number = true, boolean = true, object = true, array = true, map = true,
  file = true, any = true}
local SOURCES = {seed = true, docs = true, help = true}
local METHODS = {GET = true, POST = true, PUT = true, PATCH = true, DELETE = true}
local FLAGS = {list = true, async = true, charges = true, danger = true, all_when_empty = true, quota = true,
  safe = true, deprecated = true, form = true, flips = true}

local OPERATION = {name = true, group = true, method = true, path = true, title = true, summary = true, source = true,
  assumed = true, flags = true, positional = true, params = true, open_location = true, items = true, page = true,
  limit = true, success_field = true, success_events = true, failure_events = true, notes = true,
  statuses = true, refusal_fields = true, item_seconds = true, items_in = true}
local PARAM = {name = true, ["in"] = true, type = true, required = true, positional = true, assumed = true,
  either = true, all_required = true, accepts_item = true, values = true, known = true, maximum = true,
  source = true, summary = true}

-- Returns the sorted names of a table's members.
local function keys(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function by_name(params)
  local names = {}
  for _, param in ipairs(params) do names[param.name] = param end
  return names
end

-- "google.clientId" -> "google", "domains[].domain" -> "domains[]", "domains[]" -> "domains", "map.*" -> "map"
local function parent_of(name)
  return name:match("^(.*)%[%]$") or name:match("^(.*)%.[^.]+$")
end

describe("each operation", function()
  it("is there by number and by name, once", function()
    local seen = {}
    assert.is_true(#operations >= 5)
    for _, row in ipairs(operations) do
      assert.is_nil(seen[row.name], row.name)
      seen[row.name] = true
      assert.equal(row, operations[row.name])
    end
    for name, row in pairs(operations) do
      if type(name) == "string" then assert.equal(name, row.name) end
    end
  end)

  it("has a function, and a name that fits Lua and the shell", function()
    for _, row in ipairs(operations) do
      assert.is_function(core[row.name])
      assert.matches("^%l[%l_]*%l$", row.name)
    end
  end)

  it("says all there is to say", function()
    for _, row in ipairs(operations) do
      for field in pairs(row) do assert.is_true(OPERATION[field], row.name .. "." .. field) end
      for _, field in ipairs{"name", "group", "title", "summary", "source"} do
        assert.is_string(row[field], row.name)
        assert.is_true(#row[field] > 0, row.name)
      end
      assert.is_nil(row.summary:find("[\r\n]"), row.name)
      assert.is_true(SOURCES[row.source], row.name)
      for _, note in ipairs(row.notes) do
        assert.is_true(SOURCES[note.source], row.name)
        assert.matches("^%S[^\r\n]*%.$", note.text, row.name)
      end
      for _, status in ipairs(row.statuses) do
        assert.is_true(SOURCES[status.source] and status.code >= 400 and status.code < 600, row.name)
        assert.matches("^%l[^\r\n]*[^.]$", status.reason, row.name)
      end
      if row.items_in then
        assert.is_true(row.item_seconds > 0, row.name)
        assert.equal("array", by_name(row.params)[row.items_in].type)
      end
      assert.is_true(row.assumed == nil or #row.assumed > 0, row.name)
      for flag, value in pairs(row.flags) do
        assert.is_true(FLAGS[flag], row.name)
        assert.is_true(value, row.name)
      end
    end
  end)

  it("has a method and a path, unless they are not documented", function()
    for _, row in ipairs(operations) do
      assert.is_true(row.method == nil or METHODS[row.method], row.name)
      if row.path then assert.matches("^/[%w/_-]*%w$", row.path) end
      assert.is_true(not row.flags.form or row.open_location == nil, row.name) -- a form takes no undocumented fields
      -- an operation without a method or a path is a form, or takes undocumented fields
      if not row.method or not row.path then assert.is_true(row.flags.form or row.open_location ~= nil, row.name) end
    end
  end)

  it("sends no body with a GET", function()
    for _, row in ipairs(operations) do
      for _, param in ipairs(row.params) do
        assert.is_true(row.method ~= "GET" or param["in"] == "query", row.name .. "." .. param.name)
      end
    end
  end)

  it("that returns a list names the parameters that choose its pages", function()
    for _, row in ipairs(operations) do
      local params = by_name(row.params)
      assert.is_true(row.open_location == nil or row.open_location == "query" or row.open_location == "body", row.name)
      assert.equal(row.flags.list, row.page ~= nil or nil, row.name)
      assert.equal(row.page == nil, row.limit == nil, row.name)
      for _, field in ipairs{"page", "limit"} do
        if row[field] then
          assert.equal("query", params[row[field]]["in"], row.name)
          assert.equal("integer", params[row[field]].type, row.name)
        end
      end
      if row.items then
        assert.is_true(row.flags.list, row.name)
        assert.matches("^data%.%a+$", row.items)
      end
    end
  end)

  it("that means everything without its list marks that list", function()
    for _, row in ipairs(operations) do
      local lists = 0
      for _, param in ipairs(row.params) do
        if param.all_required then
          lists = lists + 1
          assert.equal("array", param.type, row.name)
          assert.is_nil(param.required, row.name)
        end
      end
      assert.equal(row.flags.all_when_empty and 1 or 0, lists, row.name)
    end
  end)

  it("takes two ids of one shape by name when it destroys", function()
    for _, row in ipairs(operations) do
      local strings = 0
      for _, param in ipairs(row.params) do
        if param.required and param.type == "string" and not parent_of(param.name) then strings = strings + 1 end
      end
      if row.flags.danger and strings > 1 then assert.same({}, row.positional, row.name) end
    end
  end)
end)

describe("each parameter", function()
  local function each(check)
    for _, row in ipairs(operations) do
      for _, param in ipairs(row.params) do check(row, param, row.name .. "." .. param.name) end
    end
  end

  it("says all there is to say, once", function()
    for _, row in ipairs(operations) do
      local seen = {}
      for _, param in ipairs(row.params) do
        assert.is_nil(seen[param.name], row.name)
        seen[param.name] = true
      end
    end
    each(function(_, param, name)
      for field in pairs(param) do assert.is_true(PARAM[field], name .. ": " .. field) end
      assert.is_true(param["in"] == "query" or param["in"] == "body", name)
      assert.is_true(TYPES[param.type], name)
      assert.is_true(SOURCES[param.source], name)
      assert.is_string(param.summary, name)
      assert.is_true(#param.summary > 0, name)
      for _, flag in ipairs{"required", "positional", "assumed", "all_required", "accepts_item"} do
        assert.is_true(param[flag] == nil or param[flag] == true, name)
      end
      assert.is_true(param.either == nil or param.either == "any" or param.either == "one", name)
    end)
  end)

  it("that is nested comes after its parent", function()
    local whole = {[".*"] = "map", ["[]"] = "array"}
    for _, row in ipairs(operations) do
      local seen = {}
      for _, param in ipairs(row.params) do
        local parent = parent_of(param.name)
        if parent then
          local name = row.name .. "." .. param.name
          assert.is_table(seen[parent], name)
          assert.equal(whole[param.name:sub(#parent + 1)] or "object", seen[parent].type, name)
          assert.equal(seen[parent]["in"], param["in"], name)
          assert.is_nil(param.positional, name)
        else
          assert.matches("^%a%w*$", param.name)
        end
        seen[param.name] = param
      end
    end
  end)

  it("that is an array or a map says what it contains", function()
    for _, row in ipairs(operations) do
      local params = by_name(row.params)
      for name, param in pairs(params) do
        if param.type == "array" then assert.is_table(params[name .. "[]"], row.name .. "." .. name) end
        if param.type == "map" then assert.is_table(params[name .. ".*"], row.name .. "." .. name) end
        if param.accepts_item then assert.equal("array", param.type, row.name .. "." .. name) end
      end
    end
  end)

  it("that is positional is a scalar, and the list has it in the same order", function()
    for _, row in ipairs(operations) do
      local positional = {}
      for _, param in ipairs(row.params) do
        if param.positional then
          positional[#positional + 1] = param.name
          assert.is_true(param.type ~= "object" and param.type ~= "array" and param.type ~= "map", row.name)
        end
      end
      assert.same(positional, row.positional, row.name)
    end
  end)

  it("that is one of several is not required by itself, and not alone", function()
    for _, row in ipairs(operations) do
      local count = {any = 0, one = 0}
      for _, param in ipairs(row.params) do
        if param.either then
          count[param.either] = count[param.either] + 1
          assert.is_nil(param.required, row.name .. "." .. param.name)
        end
      end
      assert.is_true(count.any ~= 1 and count.one ~= 1, row.name)
      assert.is_true(count.any == 0 or count.one == 0, row.name)
    end
  end)

  it("that has a closed set names its values", function()
    each(function(_, param, name)
      if param.values then
        assert.equal("string", param.type, name)
        assert.is_true(#param.values > 0, name)
        for _, value in ipairs(param.values) do assert.matches("^[%w_-]+$", value) end
      end
      assert.is_true(param.known == nil or param.type == "string" and param.values == nil, name)
    end)
  end)
end)

describe("the table", function()
  -- Each line: name, method, path, positional parameters, flags. "?" is undocumented, and "-" is none.
  local ROWS = [[
    users GET /users/list - list
    user GET /users userId -
    create_user POST /users - -
    update_user PUT /users userId -
    delete_user DELETE /users userId danger
    countries GET /geo/countries - -
    states GET /geo/states countryCode -
    domains GET /domains/by-user userId list
    suggest_domains POST ? - safe
    check_domain POST ? - safe
    check_workspace POST /domains/has-workspace - safe
    add_domain_forwarding POST ? - async
    add_email_forwarding POST ? - async
    add_google_client_id POST /domains/add-client-id userId async
    remove_domains DELETE ? - danger
    domain_renewal_prices POST /domains/renewal-price userId safe
    renew_domains POST /domains/renew userId all_when_empty,async,charges
    set_domain_auto_renew PATCH /domains/toggle-auto-renew userId all_when_empty
    dns_records GET /dns userId,domain -
    add_dns_records POST /dns userId -
    update_dns_record PUT /dns userId -
    delete_dns_record DELETE /dns - danger
    set_nameservers PUT /dns/nameservers userId,domain -
    order GET ? - -
    order_status GET /orders/status - -
    create_order POST /orders/json userId async,charges
    order_mailboxes POST /orders/create-mailbox-order/json userId async,charges
    process_order POST ? - async,charges
    create_order_form POST ? - async,charges,form
    add_subscription_mailboxes POST ? - async,charges,deprecated,form
    mailboxes GET /mailboxes/single userId list
    all_mailboxes GET /mailboxes - list
    mailbox GET /mailboxes/mailbox mailboxId -
    mailbox_admin GET /mailboxes/admin-mailbox-details userId,mailboxId -
    update_mailboxes PATCH /mailboxes/update-mailbox-details userId async
    remove_mailbox DELETE /mailboxes/remove - async,danger
    validate_mailbox POST /mailboxes/validate-mailbox userId safe
    start_warmup POST /mailboxes/warmup mailboxId async,charges
    toggle_warmup POST /mailboxes/warmup/toggle mailboxId async,flips
    set_warmup_status PATCH /mailboxes/warmup/status mailboxId,status async
    stop_warmup DELETE /mailboxes/warmup mailboxId async,danger
    set_warmup_settings PATCH /mailboxes/warmup/settings mailboxId -
    subscriptions GET /subscriptions - list
    renew_subscriptions POST /subscriptions/renew-subscriptions - async,charges
    toggle_subscription_auto_renew POST /subscriptions/toggle-autorenewal - flips
    cancel_subscription POST /subscriptions/cancel - async,danger
    recreate_subscriptions POST /component/subscriptions/recreate - async,danger
    platforms GET /exports/platform-credentials userId -
    add_platform POST /exports/platform-credential userId -
    update_platform PUT /exports/platform-credential - -
    remove_platform DELETE /exports/platform-credential - danger
    platform_workspaces GET /exports/platform-workspaces credentialId -
    export_mailboxes POST /exports/platform-exports userId async
    reexport POST /mailboxes/oauth - async,quota
    prewarmed GET /pre-warmup - list
    order_prewarmed POST /pre-warmup/order userId async,charges
    sandbox_prewarmed GET /sandbox/pre-warmup - list
    sandbox_order_prewarmed POST /sandbox/pre-warmup/order userId async
    sandbox_reset_prewarmed ? /sandbox/pre-warmup/reset - danger
    wallet GET ? - -
    send_error POST ? - -
    create_placement_test POST /placement userId async,charges
    placement_reports GET /placement/reports userId list
  ]]

  it("has these rows and no others", function()
    local expected, rows = {}, {}
    for line in ROWS:gmatch("%S[^\n]*") do
      local name, fields = line:match("^(%S+) (.*)$")
      expected[name] = fields
    end
    for _, row in ipairs(operations) do
      rows[row.name] = table.concat({row.method or "?", row.path or "?",
        row.positional[1] and table.concat(row.positional, ",") or "-",
        next(row.flags) and table.concat(keys(row.flags), ",") or "-"}, " ")
    end
    assert.same(expected, rows)
  end)
end)

describe("the export group", function()
  -- As the vendor documents it.
  local documented = {
    {name = "platforms", method = "GET", path = "/exports/platform-credentials", title = "Get Connected Platforms",
      source = "seed", positional = {"userId"}, flags = {}, query = {"userId"}, body = {}, required = {"userId"}},
    {name = "add_platform", method = "POST", path = "/exports/platform-credential", title = "Add Platform Credentials",
      source = "docs", positional = {"userId"}, flags = {}, query = {"userId"},
      body = {"app", "credentials", "credentials.email", "credentials.password", "metadata", "metadata.appBaseUrl",
        "metadata.appName", "metadata.clientId", "metadata.workspace", "orgId"},
      required = {"app", "credentials", "credentials.email", "credentials.password", "userId"}},
    {name = "remove_platform", method = "DELETE", path = "/exports/platform-credential",
      title = "Remove Platform Credential", source = "docs", positional = {}, flags = {"danger"},
      query = {"credentialId", "userId"}, body = {}, required = {"credentialId", "userId"}},
    {name = "export_mailboxes", method = "POST", path = "/exports/platform-exports", title = "Export Mailboxes",
      source = "docs", positional = {"userId"}, flags = {"async"}, query = {"userId"},
      body = {"componentMailboxIds", "componentMailboxIds[]", "credentialId", "mailboxIds", "mailboxIds[]"},
      required = {"componentMailboxIds[]", "credentialId", "mailboxIds[]"}},
    {name = "reexport", method = "POST", path = "/mailboxes/oauth", title = "Re-export a mailbox (Oauth)",
      source = "seed", positional = {}, flags = {"async", "quota"}, query = {"userId"},
      body = {"email", "google", "google.appName", "google.clientId", "google.googleOauthRoute", "mailboxId",
        "microsoftOauthRoute"},
      required = {}},
  }

  for _, expected in ipairs(documented) do
    it("has " .. expected.name .. " as documented", function()
      local row = operations[expected.name]
      assert.equal("Export", row.group)
      for _, field in ipairs{"name", "method", "path", "title", "source"} do
        assert.equal(expected[field], row[field])
      end
      assert.same(expected.positional, row.positional)
      assert.same(expected.flags, keys(row.flags))
      local names = {query = {}, body = {}, required = {}}
      for _, param in ipairs(row.params) do
        names[param["in"]][param.name] = true
        if param.required then names.required[param.name] = true end
      end
      for _, list in ipairs{"query", "body", "required"} do assert.same(expected[list], keys(names[list])) end
    end)
  end

  it("takes a mailbox by id or address, or a list under one of two names", function()
    local reexport = by_name(operations.reexport.params)
    local export = by_name(operations.export_mailboxes.params)
    assert.equal("any", reexport.mailboxId.either)
    assert.equal("any", reexport.email.either)
    assert.equal("one", export.mailboxIds.either)
    assert.equal("one", export.componentMailboxIds.either)
  end)

  it("marks what the documentation leaves open", function()
    assert.is_true(by_name(operations.export_mailboxes.params).userId.assumed)
    assert.matches("quota", operations.reexport.assumed)
    assert.matches("GET", operations.export_mailboxes.assumed)
    assert.is_nil(operations.platforms.assumed)
  end)
end)
