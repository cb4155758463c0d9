-- Option tables: known names, allowed values, and the messages about mistakes.

local validate = require "cmr.util.validate"

local SPEC = {
  timeout = validate.number(0.001, 1e5, "seconds"),
  age = validate.number(0),
  retries = validate.integer(0, 100),
  on_retry = "function",
  store = validate.methods("claim", "done"),
  mode = validate.one_of("warn", "enforce", false),
  loop = validate.either(validate.one_of("block", "luv"), validate.methods "wait"),
  host = "string",
}

local function message_of(opts)
  local ok, message = validate.check(SPEC, opts)
  assert.is_nil(ok)
  return message
end

describe("a table of options", function()
  it("may have every known name with an allowed value", function()
    local nothing = function() end
    for _, opts in ipairs{
      {}, {timeout = 0.001}, {timeout = 1e5}, {age = 0}, {age = 1e300}, {retries = 0}, {retries = 100},
      {on_retry = nothing}, {store = {claim = nothing, done = nothing}}, {mode = "warn"}, {mode = false},
      {loop = "luv"}, {loop = {wait = nothing}}, {host = ""},
    } do
      assert.is_true(validate.check(SPEC, opts))
    end
  end)

  it("names the expected value, and the type of the wrong one", function()
    for message, opts in pairs{
      ["bad option 'timeout' (seconds, from 0.001 to 100000 expected, got string)"] = {timeout = "5"},
      ["bad option 'timeout' (seconds, from 0.001 to 100000 expected, got 0)"] = {timeout = 0},
      ["bad option 'age' (a number 0 or more expected, got -1)"] = {age = -1},
      ["bad option 'retries' (a whole number from 0 to 100 expected, got 1.5)"] = {retries = 1.5},
      ["bad option 'retries' (a whole number from 0 to 100 expected, got 101)"] = {retries = 101},
      ["bad option 'on_retry' (a function expected, got boolean)"] = {on_retry = true},
      ["bad option 'store' (a table with claim and done expected, got table)"] = {store = {claim = print}},
      ["bad option 'mode' ('warn', 'enforce' or false expected, got boolean)"] = {mode = true},
      ["bad option 'loop' ('block' or 'luv' or a table with wait expected, got string)"] = {loop = "uv"},
      ["bad option 'host' (a string expected, got table)"] = {host = {}},
    } do
      assert.equal(message, message_of(opts))
    end
  end)

  it("refuses a value that is not a number, whatever the bounds", function()
    for _, name in ipairs{"timeout", "age", "retries"} do
      assert.matches("^bad option", message_of{[name] = 0 / 0})
    end
  end)

  it("suggests a similar name", function()
    assert.equal("unknown option 'timeot' (did you mean 'timeout'?)", message_of{timeot = 1})
    assert.equal("unknown option 'zzzzzzzzz'", message_of{zzzzzzzzz = 1})
    assert.equal("unknown option '1'", message_of{"x"})
  end)

  it("lists the known names when there are three at most", function()
    local spec = {limit = "number", poll = "number", timeout = "number"}
    local _, message = validate.check(spec, {zzzzzzzzz = 1})
    assert.equal("unknown option 'zzzzzzzzz' (limit, poll or timeout expected)", message)
    spec.wait = "number"
    _, message = validate.check(spec, {zzzzzzzzz = 1})
    assert.equal("unknown option 'zzzzzzzzz'", message)
  end)

  it("may have anything as a value of any kind", function()
    for _, value in ipairs{0, "", {}, true} do assert.is_true(validate.check({x = validate.ANY}, {x = value})) end
    assert.is_true(validate.check({x = validate.ANY}, {x = false}))
  end)

  it("shows no given text, because it may be a key", function()
    assert.not_matches("hunter2", message_of{timeout = "hunter2"})
    assert.not_matches("hunter2", message_of{mode = "hunter2"})
  end)

  it("shows no number, because it may be a key, unless it is out of range", function()
    local _, message = validate.check({password = "string"}, {password = 123456})
    assert.equal("bad option 'password' (a string expected, got number)", message)
    _, message = validate.check({timeout = validate.number(1, 2, "seconds")}, {timeout = 3})
    assert.equal("bad option 'timeout' (seconds, from 1 to 2 expected, got 3)", message)
    _, message = validate.check({rate = validate.either(validate.number(1, 2), validate.one_of(false))}, {rate = 3})
    assert.equal("bad option 'rate' (a number from 1 to 2 or false expected, got 3)", message)
  end)

  it("reports the same in fields", function()
    local _, _, problem = validate.check(SPEC, {retries = "x"})
    assert.same({code = "bad_option", option = "retries", expected = "a whole number from 0 to 100", got = "string"},
      problem)
    _, _, problem = validate.check(SPEC, {timeot = 1})
    assert.same({code = "unknown_option", option = "timeot", suggestion = "timeout"}, problem)
  end)

  it("becomes a copy, completed with the defaults", function()
    local opts = {retries = 3}
    local copy = validate.options("f", SPEC, {timeout = 7}, opts)
    opts.retries = 4
    assert.same({3, 7}, {copy.retries, copy.timeout})
    assert.equal(7, validate.options("f", SPEC, {timeout = 7}).timeout)
  end)

  it("raises at the caller's line", function()
    local _, raised = pcall(function() validate.options("f", SPEC, nil, {age = "x"}) end)
    assert.matches("validate_spec.lua:%d+: cmr.f: bad option 'age'", raised)
    _, raised = pcall(function() validate.options("f", SPEC, nil, 5) end)
    assert.matches("validate_spec.lua:%d+: cmr.f: a table of options expected, got number", raised)
  end)
end)
