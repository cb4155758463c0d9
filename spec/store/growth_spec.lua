-- The cost of adding a text to a list does not depend on the number of its texts.
local nginx = require "spec.support.nginx"
local stores = require "spec.support.store"

local MEASURE = [[
  local function cost_of_hundred(first)
    local begun = os.clock()
    for index = first, first + 99 do assert(store:append("grown", tostring(index), 60)) end
    return os.clock() - begun
  end
  local first, last = math.huge, math.huge
  for round = 0, 2 do first = math.min(first, cost_of_hundred(round * 100 + 1)) end
  for round = 3, 26 do cost_of_hundred(round * 100 + 1) end
  for round = 27, 29 do last = math.min(last, cost_of_hundred(round * 100 + 1)) end
  return last / first, #store:list "grown"
]]

local function check(ratio, count)
  assert.equal(3000, count)
  assert.is_true(ratio < 3, ratio)
end

describe("the three thousandth text of a list costs as much as the first", function()
  for _, name in ipairs{"memory", "sqlite"} do
    it("in a store " .. stores[name].label, function()
      local store, stop = stores[name].start()
      local measure = assert((loadstring or load)("local store = ... " .. MEASURE))
      local ratio, count = measure(store)
      stop()
      check(ratio, count)
    end)
  end

  it("in a store of nginx's workers #nginx", function()
    local server = nginx.start{
      http = "lua_shared_dict cmr 8m;",
      server = [[location = /grown { content_by_lua_block {
        local function measure(store) ]] .. MEASURE .. [[ end
        ngx.say(table.concat({measure(require("cmr.store").default())}, " "))
      } }]],
      unclean = {"lua_shared_dict"},
    }
    local ratio, count = server:text("/grown"):match "(%S+) (%S+)"
    server:stop()
    check(tonumber(ratio), tonumber(count))
  end)
end)
