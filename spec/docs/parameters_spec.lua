-- What the vendor's documents say about each parameter, and where cmr must repeat it. The list is separate from the
-- operations' rows. So the spec fails when a row or a document loses a parameter, or a fact about it.

local documents = require "spec.support.documents"
local operations = require "cmr.operations"

-- The fields of several operations. SOURCE is the source of each field.
local PAGES = [[
  page query integer assumed help :: from 1
  limit query integer assumed max=100 help :: 20 by default
]]
local USER = "  userId query string required positional SOURCE\n"
local BODY_USER = "  userId body string required positional SOURCE\n"
local ASSUMED_USER = "  userId query string assumed help :: as in the other operations that act for one user\n"
local GOOGLE = [[
  google body object SOURCE :: for mailboxes at Google
  google.googleOauthRoute body string SOURCE :: the OAuth consent page
  google.clientId body string SOURCE
  google.appName body string SOURCE
]]
local MICROSOFT = "  microsoftOauthRoute body string SOURCE :: for mailboxes at Microsoft\n"
local NEW_DOMAINS = [[
  domains body array docs
  domains[] body object docs
  domains[].domain body string required docs :: The domain's name
  domains[].years body integer required docs
  domains[].forwardTo body string docs :: URL
]]
local NEW_MAILBOXES = [[
  mailboxes body map docs :: for each domain name
  mailboxes.* body array docs
  mailboxes.*[] body object docs
  mailboxes.*[].username body string required docs :: before the @
  mailboxes.*[].firstName body string required docs
  mailboxes.*[].lastName body string required docs
  mailboxes.*[].profilePicture body string docs :: The URL
  mailboxes.*[].onWarmup body boolean help :: false by default
]]
local BILLING = "  billingCycle body string =MONTHLY docs :: the only value\n"
local CONFIRM = "  confirm body boolean required docs :: true charges the wallet and starts the order at once "
  .. ":: false only stores the order\n"
local RENEWS = "  autoRenew body boolean SOURCE :: true renews the mailboxes automatically\n"
local PICTURES = [[
  files body map docs :: username@domain
  files.* body file docs :: image
]]
local PROVIDER = "  serviceProvider body string =GOOGLE|MICROSOFT docs :: GOOGLE by default\n"
local PROFILE = [[
  email body string REQUIRED docs
  company body string REQUIRED docs
  firstName body string REQUIRED docs
  lastName body string REQUIRED docs
  country body string REQUIRED docs :: ISO 3166-1 alpha-2
  city body string REQUIRED docs
  addressLineOne body string REQUIRED docs
  addressLineTwo body string docs
  addressLineThree body string docs
  languagePreference body string REQUIRED docs :: such as en
  postalCode body string REQUIRED docs
  state body string REQUIRED docs :: The samples have the state's name, and the help centre has its code
  phoneCc body string REQUIRED docs :: without +
  phone body string REQUIRED docs
]]
local RECORD = [[
  PREhost body string required help :: @ is the domain itself
  PREvalue body string required help
  PRErecordType body string required ~A|AAAA|CNAME|MX|TXT|NS help :: there is no full list of the types
  PREpriority body any help :: MX
  PREexcludedDMARCtags body array help :: only for TXT at a host that begins with _dmarc
  PREexcludedDMARCtags[] body string required assumed help
]]
local PREWARMED = [[
  open query
  serviceProvider query string =GOOGLE|MICROSOFT help
  contains query string help :: in their name
]] .. PAGES
local ORDERED_PREWARMED = [[
  order body array required help
  order[] body object help
  order[].domain body string required help
  order[].forwardTo body string help :: URL
  serviceProvider body string required =GOOGLE|MICROSOFT help
]] .. GOOGLE:gsub("SOURCE", "help") .. MICROSOFT:gsub("SOURCE", "help") .. RENEWS:gsub("SOURCE", "help")

local function from(source, ...) return (table.concat{...}:gsub("SOURCE", source)) end

-- For each operation, one line for each parameter:
--   NAME LOCATION TYPE FACT... SOURCE :: TEXT :: TEXT
-- A FACT is one of these:
--   required, positional, assumed
--   all     cmr.all means everything
--   item    one item may stand for the list
--   one     the request needs exactly one of the parameters with this fact
--   any     the request needs at least one of the parameters with this fact
--   max=N   the largest value
--   =A|B    the only values
--   ~A|B    the documented values; there may be others
-- The parameter's description contains each TEXT. A line "open LOCATION" says where the operation takes fields with
-- undocumented names.
local PARAMETERS = {
  users = "open query\n" .. PAGES,
  user = from("help", USER),
  create_user = (PROFILE:gsub("REQUIRED", "required")),
  update_user = from("docs", USER) .. PROFILE:gsub(" REQUIRED", ""),
  delete_user = from("docs", USER),
  countries = "",
  states = "countryCode query string required positional help :: ISO 3166-1 alpha-2",
  domains = "open query\n" .. from("help", USER) .. PAGES,
  suggest_domains = "open body\n" .. ASSUMED_USER,
  check_domain = "open body\n" .. ASSUMED_USER,
  check_workspace = [[
    userId query string assumed help
    domainName body string one help
    serviceProvider body string =GOOGLE|MICROSOFT help :: only for a single domain
    domains body array one help
    domains[] body object help
    domains[].domainName body string required help
    domains[].serviceProvider body string =GOOGLE|MICROSOFT help
  ]],
  add_domain_forwarding = "open body\n" .. ASSUMED_USER,
  add_email_forwarding = "open body\n" .. ASSUMED_USER,
  add_google_client_id = from("help", BODY_USER) .. [[
    domains body array required help
    domains[] body string required assumed help
    clientId body string required help
    appName body string assumed help
  ]],
  remove_domains = "open body\n" .. ASSUMED_USER,
  domain_renewal_prices = from("docs", BODY_USER) .. [[
    domains body array docs :: does not say what happens without them
    domains[] body string required docs :: name
    years body integer docs :: 1 by default
  ]],
  renew_domains = from("docs", BODY_USER) .. [[
    domains body array all docs :: every renewable domain of the user
    domains[] body string required docs :: name
    years body integer assumed docs :: 1 by default
  ]],
  set_domain_auto_renew = from("docs", BODY_USER) .. [[
    domains body array all docs :: every domain of the user
    domains[] body string required docs :: name
    autoRenew body boolean required docs :: true renews the domains automatically
  ]],
  dns_records = from("help", USER) .. "domain query string required positional help :: name",
  add_dns_records = from("help", USER) .. [[
    domain body string required help :: name
    records body array required help
    records[] body object help
  ]] .. RECORD:gsub("PRE", "records[]."),
  update_dns_record = from("help", USER) .. [[
    recordId body string required help :: from dns_records
    domain body string required help :: name
  ]] .. RECORD:gsub("PRE", ""),
  delete_dns_record = [[
    open query
    userId query string required help
    recordId query string required help :: from dns_records
  ]],
  set_nameservers = "open body\n" .. from("help", USER) .. "domain query string required positional help :: name",
  order = "open query\n" .. ASSUMED_USER,
  order_status = "open query\norderId query string assumed help :: The order",
  create_order = from("help", USER)
    .. from("docs", NEW_DOMAINS, NEW_MAILBOXES, BILLING, CONFIRM, PROVIDER, MICROSOFT, GOOGLE)
    .. "autoRenew body boolean docs :: true renews the mailboxes automatically, but not the domain",
  order_mailboxes = from("help", USER) .. [[
    subscriptionId body string one docs :: An active subscription :: are added to it
    domainId body string one docs :: with a cancelled subscription :: gets a new subscription
  ]] .. from("docs", NEW_MAILBOXES, BILLING, CONFIRM)
    .. "autoRenew body boolean docs :: renews the new subscription automatically :: only with domainId",
  process_order = "open body\n" .. ASSUMED_USER,
  create_order_form = ASSUMED_USER .. from("docs", NEW_DOMAINS)
    .. "domains[].maskForwarding body boolean docs :: hides the address that visitors are sent to\n"
    .. from("docs", NEW_MAILBOXES, PICTURES, BILLING, CONFIRM, PROVIDER, MICROSOFT, GOOGLE, RENEWS),
  add_subscription_mailboxes = ASSUMED_USER .. "subscriptionId body string required docs :: mailboxes at Google\n"
    .. from("docs", NEW_MAILBOXES, PICTURES, CONFIRM, GOOGLE, RENEWS),
  mailboxes = "open query\n" .. from("help", USER) .. PAGES,
  all_mailboxes = "open query\nuserId query string assumed help :: One example of the vendor shows this parameter\n"
    .. PAGES,
  mailbox = "mailboxId query string required positional help",
  mailbox_admin = from("help", USER) .. "mailboxId query string required positional help",
  update_mailboxes = from("help", USER) .. [[
    mailboxData body array required item help :: A mailbox, or a list of mailboxes
    mailboxData[] body object help
    mailboxData[].mailboxId body string required help
    mailboxData[].userName body string help
    mailboxData[].firstName body string help
    mailboxData[].lastName body string help
    mailboxData[].profilePicture body string help :: The URL
    mailboxData[].removeProfilePicture body boolean help :: true removes the picture
  ]],
  remove_mailbox = "userId query string required docs\nmailboxId body string required docs",
  validate_mailbox = "open body\n" .. from("help", USER),
  start_warmup = "open body\nmailboxId query string required positional help",
  toggle_warmup = "mailboxId query string required positional help",
  set_warmup_status = [[
    mailboxId query string required positional help
    status body string required positional ~ACTIVE|PAUSED help
  ]],
  stop_warmup = "mailboxId query string required positional help",
  set_warmup_settings = [[
    mailboxId query string required positional help
    warmupLimit body number help :: Sample: 40
    minimumWarmupLimit body number help :: Sample: 5
    warmupReplyRate body number help :: Sample: 0.30
    warmupOpenRate body number help :: Sample: 0.80
    warmupSpamProtectionRate body number help :: Sample: 0.20
    warmupOnWeekdays body boolean help :: Sample: true
    increasePerDay body number help :: Sample: 2
    warmupDisableSlow body boolean help :: Sample: false
    minimumDelayBetweenWarmupEmails body number help :: Sample: 60
    maximumDelayBetweenWarmupEmails body number help :: Sample: 300
  ]],
  subscriptions = [[
    limit query integer max=100 docs :: 50 by default
    page query integer docs :: from 1
    status query string ~ACTIVE|RENEWING|PAST_DUE|CANCELLED|EXPIRED docs
    componentSubscriptionId query string docs
    domain query string docs
  ]],
  renew_subscriptions = "subscriptionIds body array required docs\nsubscriptionIds[] body string required docs",
  toggle_subscription_auto_renew = "open body",
  cancel_subscription = "subscriptionId body string one docs\ndomain body string one docs",
  recreate_subscriptions = [[
    subscriptionIds body array one docs
    subscriptionIds[] body string required docs
    domainNames body array one docs
    domainNames[] body string required docs :: name
  ]],
  platforms = "userId query string required positional seed",
  add_platform = from("docs", USER) .. [[
    app body string required ~EMAILBISON|SMARTLEAD docs :: SMARTLEAD is from the help centre
    credentials body object required docs
    credentials.email body string required docs
    credentials.password body string required docs
    metadata body object docs :: EmailBison needs
    metadata.appBaseUrl body string docs :: URL
    metadata.clientId body string docs
    metadata.appName body string docs
    metadata.workspace body string docs
    orgId body string assumed help :: Instantly only
  ]],
  update_platform = [[
    open body
    userId query string assumed help
    credentialId query string required assumed help :: from platforms
    orgId body string help :: Instantly only
  ]],
  remove_platform = [[
    userId query string required docs
    credentialId query string required docs :: from platforms
  ]],
  platform_workspaces = [[
    credentialId query string required positional assumed help
    userId query string assumed help
  ]],
  export_mailboxes = [[
    userId query string positional assumed help
    credentialId body string required docs :: from platforms
    componentMailboxIds body array one docs :: the API pages use this name
    componentMailboxIds[] body string required docs
    mailboxIds body array one help :: the help centre uses this name
    mailboxIds[] body string required help
  ]],
  reexport = "userId query string assumed help :: The API page does not list this parameter\n"
    .. from("seed", MICROSOFT, GOOGLE)
    .. "mailboxId body string any seed :: by id\nemail body string any seed :: by address",
  prewarmed = PREWARMED,
  order_prewarmed = from("help", USER) .. ORDERED_PREWARMED,
  sandbox_prewarmed = PREWARMED,
  sandbox_order_prewarmed = "userId query string positional assumed docs\n" .. ORDERED_PREWARMED
    .. "scenario body string =success|full_failure|partial_failure docs :: success by default",
  sandbox_reset_prewarmed = "open body",
  wallet = "open query",
  send_error = "open body",
  create_placement_test = from("help", USER) .. [[
    mailboxIds body array required help :: ACTIVE, with SMTP credentials
    mailboxIds[] body string required help
    spamassassin body boolean help :: true adds a SpamAssassin score
    blacklist body boolean help :: true checks blacklists
    aiInsight body boolean help :: extra charge
  ]],
  placement_reports = from("help", USER) .. [[
    orderId query string help
    mailboxId query string help
    page query integer help :: from 1
    limit query integer max=100 help
  ]],
}

-- Returns {open = LOCATION, NAME = {facts = "query string required", TEXT...}, ...}.
local function expected_of(lines)
  local expected = {}
  for line in lines:gmatch("[^\n]+") do
    local facts, rest = (line .. " ::"):match("^%s*(.-)%s+::(.*)$")
    local name, others = facts:match("^(%S+)%s+(.-)$")
    if name == "open" then
      expected.open = others
    elseif name then
      local param = {facts = {}, texts = {}}
      for fact in others:gmatch("%S+") do param.facts[#param.facts + 1] = fact end
      for text in rest:gmatch("%s*(.-)%s*::") do param.texts[#param.texts + 1] = text end
      table.sort(param.facts)
      expected[name] = param
    end
  end
  return expected
end

local function facts_of(param)
  local facts = {param["in"], param.type, param.source}
  for flag, word in pairs{required = "required", positional = "positional", assumed = "assumed", all_required = "all",
    accepts_item = "item"} do
    if param[flag] then facts[#facts + 1] = word end
  end
  facts[#facts + 1] = param.either
  if param.maximum then facts[#facts + 1] = "max=" .. param.maximum end
  if param.values then facts[#facts + 1] = "=" .. table.concat(param.values, "|") end
  if param.known then facts[#facts + 1] = "~" .. table.concat(param.known, "|") end
  table.sort(facts)
  return facts
end

-- Returns the text that follows a parameter's name in every document.
local function described(param)
  local text = param.summary
  if param.known then
    text = ("%s Documented: %s and %s; cmr also sends other values."):format(text,
      table.concat(param.known, ", ", 1, #param.known - 1), param.known[#param.known])
  end
  return text .. (param.maximum and (" At most %d."):format(param.maximum) or "")
end

local function has(text, part, name)
  if not text:find(part, 1, true) then error(("%s lacks %q"):format(name, part), 0) end
end

local function each(check)
  for _, row in ipairs(operations) do
    for _, param in ipairs(row.params) do check(row, param, row.name .. "." .. param.name) end
  end
end

-- Returns the schema of a field of a body, and whether it is required.
local function schema_of(method, path)
  local _, media = next(method.requestBody.content)
  local schema, required = media.schema, false
  for step in path:gsub("%[%]", ".[]"):gmatch("[^.]+") do
    if schema.anyOf and not schema.properties and schema.anyOf[2] then schema = schema.anyOf[2] end
    required = false
    if step == "[]" then
      schema = schema.items
    elseif step == "*" then
      schema = schema.additionalProperties
    else
      for _, name in ipairs(schema.required or {}) do required = required or name == step end
      schema = schema.properties[step]
    end
    if not schema then return nil end
  end
  return schema, required
end

describe("each parameter", function()
  it("has the documented facts in its operation's row, and no others", function()
    for name in pairs(PARAMETERS) do assert.is_table(operations[name], name) end
    for _, row in ipairs(operations) do
      local expected = expected_of(assert(PARAMETERS[row.name], row.name))
      assert.equal(expected.open, row.open_location, row.name)
      expected.open = nil
      for _, param in ipairs(row.params) do
        local name = row.name .. "." .. param.name
        local entry = expected[param.name]
        assert.is_table(entry, name .. " is not documented")
        assert.same(entry.facts, facts_of(param), name)
        for _, text in ipairs(entry.texts) do has(param.summary, text, name) end
        expected[param.name] = nil
      end
      assert.is_nil(next(expected), ("%s lacks %s"):format(row.name, tostring(next(expected))))
    end
  end)

  it("is in the command's help", function()
    local pages = {}
    each(function(row, param, name)
      local text = pages[row.name]
      if not text then
        text = documents.places.help(row)
        pages[row.name] = text
      end
      local start = text:find((" %s (%s"):format(param.name, param.type), 1, true)
      assert.is_number(start, name .. " is missing")
      local kind, rest = text:sub(start):match("^ %S+ %((.-)%): (.*)$")
      assert.equal(1, rest:find(described(param), 1, true), name .. ": " .. rest:sub(1, 200))
      kind = kind .. ","
      assert.equal(1, kind:find(param.type .. ",", 1, true), name)
      local required = param.required and not param.name:find("]$") or param.all_required or false
      assert.equal(required, kind:find(", required", 1, true) ~= nil, name)
      assert.equal(param.either == "one", kind:find(", exactly one of these,", 1, true) ~= nil, name)
      assert.equal(param.either == "any", kind:find(", one of these,", 1, true) ~= nil, name)
      assert.equal(param.assumed or false, kind:find(", assumed,", 1, true) ~= nil, name)
      for _, value in ipairs(param.values or {}) do has(text, value, name) end
      if param.values and param.name:find("[", 1, true) then
        has(rest:sub(1, #described(param) + 60), table.concat(param.values, " or "), name)
      end
    end)
  end)

  it("is in the reference", function()
    each(function(row, param, name)
      local section = documents.reference:sub((documents.reference:find("\n### cmr." .. row.name .. "\n", 1, true)))
      local kind, needed, place, text = section:match(
        "\n| `" .. param.name:gsub("%p", "%%%0") .. "` | ([^|]*) | ([^|]*) | ([^|]*) | ([^|\n]*) |\n")
      assert.is_string(kind, name)
      has(kind, param.type, name)
      if param.accepts_item then has(kind, ", or array of ", name) end
      local required = param.required and not param.name:find("]$")
      local choice = {}
      for _, other in ipairs(row.params) do
        if other.either then choice[#choice + 1] = "`" .. other.name .. "`" end
      end
      choice = table.concat(choice, " and ")
      assert.equal(param.all_required and "yes; `cmr.all` for everything" or required and "yes"
        or param.either == "one" and "exactly one of " .. choice
        or param.either == "any" and "at least one of " .. choice or "", needed, name)
      assert.equal(param.name:find("[%[.]") and "" or param["in"], place, name)
      assert.equal(1, text:find(described(param), 1, true), name .. ": " .. text)
      for _, value in ipairs(param.values or {}) do has(text, value, name) end
      assert.equal(param.assumed or false, text:find(" Assumed.$") ~= nil, name)
    end)
  end)

  it("is in the types", function()
    local types = documents.types
    each(function(row, param, name)
      local last = param.name:match("([%a]+)$") -- items of lists and values of maps have no name in the types
      if not last then return end
      local inner = param.name:gsub("%[%]", ""):gsub("%.%*", ""):match("^(.*)%.[^.]+$")
      local found
      for _, class in ipairs{"fields", "others"} do
        local opening = ("\n---@class cmr.%s.%s%s"):format(row.name, class, inner and "." .. inner or "")
        local start = types:find(opening .. "\n", 1, true) or types:find(opening .. ":", 1, true)
        local fields = start and types:sub(start, (types:find("\n\n", start, true)))
        found = found or fields and fields:match("\n%-%-%-@field (" .. last .. "%?? [^\n]*)")
      end
      assert.is_string(found, name .. " is missing")
      local optional = not (param.required or param.all_required)
      assert.equal(optional, found:sub(#last + 1, #last + 1) == "?", name)
      has(found, " " .. described(param), name)
      for _, value in ipairs(param.values or param.known or {}) do has(found, '"' .. value .. '"', name) end
      if param.known then has(found, "|string ", name) end
      if param.all_required then has(found, "|cmr.All ", name) end
      if param.type == "integer" then has(found, " integer ", name) end
      assert.equal(param.assumed or false, found:find(" Assumed.$") ~= nil, name)
    end)
  end)

  it("is in the OpenAPI document", function()
    each(function(row, param, name)
      local method = assert(documents.methods[row.name], row.name)
      local schema, required, text
      if param["in"] == "query" then
        for _, parameter in ipairs(method.parameters) do
          if parameter.name == param.name then
            schema, required, text = parameter.schema, parameter.required or false, parameter.description
            assert.equal("query", parameter["in"], name)
            assert.equal(param.source, parameter["x-source"], name)
            assert.equal(param.assumed, parameter["x-assumed"], name)
          end
        end
      else
        schema, required = schema_of(method, param.name)
        text = schema and schema.description
        assert.equal(param.source, schema and schema["x-source"], name)
        assert.equal(param.assumed, schema and schema["x-assumed"], name)
      end
      assert.is_table(schema, name .. " is missing")
      assert.equal(param.required and not param.name:find("]$") or false, required, name)
      assert.equal(described(param), text, name)
      assert.same(param.values, schema.enum, name)
      if param.type == "integer" then assert.equal(1, schema.minimum, name) end
      assert.equal(param.maximum, schema.maximum, name)
    end)
  end)

  it("that is one of several required ones is marked so in the OpenAPI document", function()
    for _, row in ipairs(operations) do
      local choice = {}
      for _, param in ipairs(row.params) do
        if param.either then
          choice.kind = param.either == "one" and "oneOf" or "anyOf"
          choice[#choice + 1] = {required = {param.name}}
        end
      end
      local kind = choice.kind
      choice.kind = nil
      local body = documents.methods[row.name].requestBody
      local _, media = next(body and body.content or {})
      if kind then assert.same(choice, media.schema[kind], row.name) end
    end
  end)
end)
