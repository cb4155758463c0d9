-- Which columns a table has: the useful first, or those of --columns.
local command = require "spec.support.command"
local mock = require "spec.support.mock"
local pty = require "spec.support.pty"

local server, env

setup(function() server = mock.shared "http" end)
teardown(command.clean)

before_each(function()
  server:reset{rate = 0}
  env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url, NO_COLOR = "1"}
end)

local function cmr(...)
  return command.run({...}, {env = env})
end

describe("the option --columns", function()
  local columns = require "cmr.cli.columns"

  it("chooses columns by their names, in its order", function()
    local all = {"id", "email", "n"}
    assert.same({all}, {columns.choose(all, nil)})
    assert.same({{"n", "id"}, {3, 1}}, {columns.choose(all, " n ,, id ")})
    assert.same({{"n", "id"}, {{3, "a"}, {nil, "b"}}}, {columns.pick(all, {{"a", "x", 3}, {"b", "y"}}, "n,id")})
    assert.same({all, {{1}}}, {columns.pick(all, {{1}}, nil)})
  end)

  it("shows a table unless another form is chosen", function()
    local function prepared(parsed)
      columns.prepare(parsed)
      return parsed.output
    end
    assert.equal("table", prepared{columns = "a"})
    assert.equal("csv", prepared{columns = "a", output = "csv"})
    assert.equal("table", prepared{columns = "a", output = "table", field = "data"})
    assert.is_nil(prepared{})
    for _, parsed in ipairs{{columns = "a", field = "data"}, {columns = "a", output = "json"}} do
      assert.is_false((pcall(prepared, parsed)))
    end
  end)
end)

describe("a table #pty", function()
  -- Returns the headings that fit.
  local function headings(line, columns)
    return (pty.run(line, {env = env, columns = columns}).out:match("^[^\r\n]*"):gsub("%s%s+", "|"))
  end

  it("has the useful columns first, whatever the width", function()
    local users = {"users", "--output", "table"}
    assert.equal("ID|EMAIL|COMPANY", headings(users, 60))
    assert.equal("ID|EMAIL|COMPANY|FIRST NAME|LAST NAME", headings(users, 80))
    local wide = headings(users, 200)
    assert.equal(1, wide:find("ID|EMAIL|COMPANY|FIRST NAME|LAST NAME|CITY|COUNTRY|STATE|ADDRESS LIN", 1, true), wide)
    local subscriptions = {"subscriptions", "--output", "table"}
    assert.equal("SUBSCRIPTION ID|DOMAIN|SUBSCRIPTION STATUS", headings(subscriptions, 60))
    assert.matches("^SUBSCRIPTION ID|DOMAIN|SUBSCRIPTION[^|]*|PERIOD END|AUTO RENEW$", headings(subscriptions, 80))
    assert.matches("|USER ID$", headings(subscriptions, 200))
  end)

  it("never cuts the names of cmr operations", function()
    for _, columns in ipairs{60, 80, 200} do
      local shown = pty.run({"operations"}, {env = env, columns = columns}).out
      for _, operation in ipairs(require "cmr.operations") do
        assert.is_truthy(shown:find(("\n%s "):format(operation.name:gsub("_", "-")), 1, true), operation.name)
      end
    end
  end)

  it("has the columns that --columns names, in that order", function()
    assert.equal("CITY|ID", headings({"users", "--columns", "city,id"}, 60))
    assert.equal("PERIOD END|DOMAIN", headings({"subscriptions", "--columns", "periodEnd, domain", "--all"}, 60))
  end)
end)

describe("--columns #cli", function()
  it("is for CSV as well, of one page or of all", function()
    for _, all in ipairs{"--no-ledger", "--all"} do
      assert.matches("^email,id\r\njohndoe@company.com,BVZGM5TE9BMP3PP0VWGW943RGV1B\r\n",
        cmr("users", "--columns", "email,id", "--output", "csv", all).out)
    end
    assert.matches("^NAME +METHOD\n", command.run{"operations", "--columns", "name,method"}.out)
    assert.equal("COMPANY  TechCorp Inc.\n", cmr("user", mock.USER, "--columns", "company").out)
  end)

  it("names a column that does not exist, and the forms that the option is for", function()
    local function message(...)
      local ended = cmr(...)
      return ("%d %s"):format(ended.status, ended.err:match "^cmr: ([^\n]*)")
    end
    assert.equal("1 no column 'emal' (did you mean 'email'?)", message("users", "--columns", "emal"))
    assert.equal("1 no column 'emal' (did you mean 'email'?)",
      message("users", "--columns", "emal", "--all", "--output", "csv"))
    assert.matches("^1 no column 'zzzzz'; there are id, email, company, ", message("users", "--columns", "zzzzz"))
    local use = "2 option '--columns' is for --output table and csv"
    assert.equal(use, message("users", "--columns", "id", "--output", "json"))
    assert.equal(use, message("users", "--columns", "id", "--field", "data"))
    assert.equal("2 option '--columns' wants names with commas between them", message("users", "--columns", ","))
  end)
end)
