-- The value of --redis.
local redis_address = require "cmr.cli.redis_address"

describe("the address of a Redis", function()
  it("is a host, perhaps with a port; an IPv6 address with a port is in brackets", function()
    for text, expected in pairs{
      ["host"] = {"host", 6379},
      ["host:"] = {"host", 6379},
      ["host:1"] = {"host", 1},
      ["127.0.0.1:65535"] = {"127.0.0.1", 65535},
      ["::1"] = {"::1", 6379},
      ["fe80::1:2"] = {"fe80::1:2", 6379},
      ["[::1]"] = {"::1", 6379},
      ["[::1]:7000"] = {"::1", 7000},
    } do assert.same(expected, {redis_address.parse(text)}, text) end
  end)

  it("is refused when it is none", function()
    for _, text in ipairs{"", "host:0", "host:65536", "host:x", "a:b:c!", "[::1", "[::1]x", "x:[::1]", "100%d:0"} do
      local ok, mistake = pcall(redis_address.parse, text)
      assert.is_false(ok, text)
      assert.equal(("option '--redis': '%s' is no HOST[:PORT]"):format(text), mistake.usage)
    end
  end)
end)
