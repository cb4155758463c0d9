-- Where the ledger is if the caller names no file.
local core = require "cmr.core"
local location = require "cmr.ledger.location"

describe("the ledger's default file", function()
  local getenv, env = os.getenv, nil

  before_each(function()
    env = {}
    os.getenv = function(name) return env[name] end -- luacheck: ignore 122
  end)

  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
  end)

  it("is CMR_LEDGER, or in XDG_STATE_HOME, or in the user's home", function()
    for _, case in ipairs{
      {"/l.db", CMR_LEDGER = "/l.db", XDG_STATE_HOME = "/state", HOME = "/home/u"},
      {"relative.db", CMR_LEDGER = "relative.db", HOME = "/home/u"},
      {"/state/cmr/ledger.db", CMR_LEDGER = "", XDG_STATE_HOME = "/state", HOME = "/home/u"},
      {"/state/cmr/ledger.db", XDG_STATE_HOME = "/state", HOME = "/home/u"},
      {"/state/cmr/ledger.db", XDG_STATE_HOME = "/state"},
      {"/home/u/.local/state/cmr/ledger.db", XDG_STATE_HOME = "not/absolute", HOME = "/home/u"},
      {"/home/u/.local/state/cmr/ledger.db", XDG_STATE_HOME = "", HOME = "/home/u"},
      {"/home/u/.local/state/cmr/ledger.db", HOME = "/home/u"},
    } do
      env = case
      assert.same({case[1]}, {location.default()})
    end
  end)

  it("has an absolute path", function()
    env = {CMR_LEDGER = "/x/../l.db"}
    assert.matches("^/", (assert(location.absolute())))
    env = {CMR_LEDGER = "l.db"}
    assert.matches("^/.*/l%.db$", (assert(location.absolute())))
    assert.equal("/y/l.db", location.absolute "/y/l.db")
  end)

  it("is unknown without a home", function()
    for _, none in ipairs{{}, {HOME = ""}, {CMR_LEDGER = "", XDG_STATE_HOME = "x", HOME = ""}} do
      env = none
      assert.same({nil, "neither HOME nor XDG_STATE_HOME is set"}, {location.default()})
      assert.same({nil, "the ledger has no default path: neither HOME nor XDG_STATE_HOME is set"},
        {location.absolute()})
    end
    assert.equal("/y/l.db", location.absolute "/y/l.db")
  end)

  it("is refused if it has no absolute path", function()
    local absolute_path = core.absolute_path
    core.absolute_path = function() return nil, "there is no directory" end
    local results = {location.absolute "l.db"}
    core.absolute_path = absolute_path
    assert.same({nil, "the ledger l.db cannot be opened: there is no directory"}, results)
  end)
end)
