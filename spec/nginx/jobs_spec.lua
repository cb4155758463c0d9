-- Many calls at once in nginx. Their light threads belong to the request that made the calls.
local http = require "spec.support.http"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"

local LOCATIONS = [[
  location = /call { content_by_lua_block { ngx.print((require("spec.support.inside").call())) } }
  location = /form { content_by_lua_block { ngx.print(require("spec.support.inside").form(ngx.var.arg_path)) } }
  location = /in_flight { content_by_lua_block { ngx.print(require("cmr.core").engine():count()) } }
  location = /map { content_by_lua_block { ngx.print(require("spec.support.inside").map()) } }
  location = /first { content_by_lua_block { ngx.print(require("spec.support.inside").first()) } }
  location = /first_paced {
    content_by_lua_block { ngx.print(require("spec.support.inside").first{rate = 1, retries = 0}) }
  }
  location = /first_retried { content_by_lua_block { ngx.print(require("spec.support.inside").first{retries = 5}) } }
  location = /first_access {
    access_by_lua_block { ngx.ctx.text = require("spec.support.inside").first() }
    content_by_lua_block { ngx.print(ngx.ctx.text) }
  }
  location = /first_exits { content_by_lua_block { require("spec.support.inside").first() ngx.exit(500) } }
  location = /first_collected { content_by_lua_block {
    local word = require("spec.support.inside").first()
    collectgarbage()
    collectgarbage()
    ngx.sleep(0.2)
    ngx.print(word, " ", require("cmr.core").engine():count())
  } }
  location = /first_in_thread { content_by_lua_block {
    local _, word = ngx.thread.wait(ngx.thread.spawn(require("spec.support.inside").first))
    ngx.sleep(0.2)
    ngx.print(word, " ", require("cmr.core").engine():count())
  } }
  location = /shared_loop { content_by_lua_block {
    local inside, words = require "spec.support.inside", {}
    local next_one = inside.shared():map("platforms", {"1", "2", "3"}, {concurrency = 1})
    ngx.thread.wait(ngx.thread.spawn(function() words[1] = inside.word(select(2, next_one())) end))
    ngx.sleep(0.2)
    for _, res, why, err in next_one do words[#words + 1] = inside.word(res, why, err) end
    ngx.print(table.concat(words, " "))
  } }
  location = /left_to_another { content_by_lua_block {
    local inside, next_one = require "spec.support.inside"
    ngx.thread.wait(ngx.thread.spawn(function()
      next_one = inside.shared():map("platforms", {"1", "2", "3"}, {concurrency = 1})
      next_one()
    end))
    ngx.sleep(0.2)
    ngx.print(tostring(select(2, pcall(next_one))))
  } }
  location = /several_wait { content_by_lua_block {
    local inside = require "spec.support.inside"
    local job, threads = inside.shared():start("platforms", inside.USER), {}
    for index = 1, 3 do threads[index] = ngx.thread.spawn(function() return inside.word(job:wait()) end) end
    for index = 1, 3 do ngx.say((select(2, ngx.thread.wait(threads[index])))) end
    ngx.print(inside.word(job:wait()))
  } }
  location = /cancelled { content_by_lua_block {
    local inside = require "spec.support.inside"
    local job = inside.shared():start("platforms", inside.USER)
    ngx.thread.spawn(function() ngx.sleep(0.5) job:cancel() end)
    ngx.print(inside.word(job:wait()))
  } }
  location = /not_waited { content_by_lua_block {
    local inside = require "spec.support.inside"
    inside.shared():start("platforms", inside.USER)
    ngx.print "answered"
  } }
  location = /timer { content_by_lua_block {
    local done, text = require("ngx.semaphore").new()
    ngx.timer.at(0, function()
      text = require("spec.support.inside").map()
      done:post(1)
    end)
    done:wait(20)
    ngx.print(text)
  } }
  location = /block { content_by_lua_block { ngx.print(require("spec.support.inside").map{loop = "block"}) } }
  location = /block_access {
    access_by_lua_block { ngx.ctx.text = require("spec.support.inside").map{loop = "block"} }
    content_by_lua_block { ngx.print(ngx.ctx.text) }
  }
  location = /block_header_filter {
    content_by_lua_block { ngx.print "" }
    header_filter_by_lua_block { ngx.header["X-Text"] = require("spec.support.inside").map{loop = "block"} }
  }
  location = /block_log {
    content_by_lua_block { ngx.print "" }
    log_by_lua_block { ngx.log(ngx.WARN, "in log: ", require("spec.support.inside").map{loop = "block"}) }
  }
]]

describe("nginx #nginx", function()
  local upstream, server

  before_each(function()
    upstream = mock.shared("tls")
    server = nginx.start{
      mock = upstream, server = LOCATIONS,
      http = [[init_by_lua_block {
        ngx.log(ngx.WARN, "in init: ", require("spec.support.inside").map{loop = "block"}, ".")
      }]],
    }
    upstream:reset()
  end)

  after_each(function() server:stop() end)

  local function send(path, count)
    local requests = {}
    for index = 1, count do requests[index] = server:send(path) end
    return requests
  end

  local function comes_to_rest()
    nginx.eventually("nothing is in flight", function() return server:text("/in_flight") == "0" end)
  end

  local MAPPED = "1 ok, 2 ok, 3 ok, 4 ok, 5 ok, 6 ok, 7 ok, 8 ok"

  it("sends a form with a file", function()
    local path = os.tmpname() .. ".jpg"
    local file = assert(io.open(path, "wb"))
    file:write(("x"):rep(500000))
    file:close()
    upstream:control("POST", "endpoints", {create_order_form = "POST /supplied/form"})
    assert.equal("ok", http.send(server.port, "/form?path=" .. path):answer().body)
    os.remove(path)
    local requests = upstream:requests()
    assert.equal(500000, requests[#requests].parts[2].size)
    assert.equal("image/jpeg", requests[#requests].parts[2].type)
  end)

  it("maps in several requests at once", function()
    upstream:fault{delay = 0.1, times = 1000, body = {status = 200}}
    for _, request in ipairs(http.collect(send("/map", 10))) do assert.equal(MAPPED, request.body) end
    assert.equal(80, #upstream:requests())
    comes_to_rest()
  end)

  it("maps in a timer", function()
    upstream:fault{times = 1000, body = {status = 200}}
    assert.equal(MAPPED, server:text("/timer"))
  end)

  it("maps where no call can wait, if it may block", function()
    assert.matches("in init: " .. ("%d [%w_/]+, "):rep(7) .. "%d [%w_/]+%.", server:log())
    upstream:fault{times = 1000, body = {status = 200}}
    assert.equal(MAPPED, server:text("/block"))
    assert.equal(MAPPED, server:text("/block_access"))
    assert.equal(MAPPED, server:get("/block_header_filter").headers["x-text"])
    server:text("/block_log")
    nginx.eventually("the log phase", function() return server:log():find("in log: " .. MAPPED, 1, true) end)
  end)

  describe("cancels the calls in flight of a loop that was left early", function()
    -- The first call is answered at once, the others late.
    local function answer_first(late)
      late.times, late.body = 1000, late.body or {status = 200}
      upstream:fault{times = 1, body = {status = 200}}
      upstream:fault(late)
    end

    local function ends_at_once(path, expected, status)
      local answer = server:get(path)
      assert.same({status or 200, expected}, {answer.status, expected and answer.body})
      assert.is_true(answer.took < 1, answer.took)
    end

    for path, where in pairs{
      ["/first"] = "when the request's code ends", ["/first_access"] = "in access_by_lua",
      ["/first_in_thread"] = "when the light thread with the loop ends",
      ["/first_collected"] = "when it is collected, while the request goes on",
    } do
      it(where, function()
        answer_first{delay = 8}
        ends_at_once(path, path:find "first_[ic]" and "ok 0" or "ok")
        comes_to_rest()
      end)
    end

    it("but not when the request's code calls ngx.exit; the answer leaves then", function()
      answer_first{delay = 8}
      ends_at_once("/first_exits", nil, 500)
    end)

    it("and calls that wait for a slot or for a retry", function()
      answer_first{delay = 8}
      ends_at_once("/first_paced", "ok")
      comes_to_rest()
      upstream:reset()
      answer_first{status = 429, headers = {["Retry-After"] = "8"}}
      ends_at_once("/first_retried", "ok")
      local count = #upstream:requests()
      assert.is_true(count <= 17, count)
    end)

    it("but not while another light thread goes on with the loop", function()
      upstream:fault{times = 1000, delay = 0.1, body = {status = 200}}
      assert.equal("ok ok ok", server:text("/shared_loop"))
    end)

    it("and says so if the loop continues later", function()
      upstream:fault{times = 1000, body = {status = 200}}
      assert.matches("map: the coroutine that ran this loop has ended, so its calls were cancelled",
        server:text("/left_to_another"))
    end)
  end)

  it("lets several threads wait for one job", function()
    upstream:fault{delay = 0.2}
    assert.equal("ok\nok\nok\nok", server:text("/several_wait"))
    assert.equal(1, #upstream:requests())
  end)

  it("cancels a job in flight", function()
    upstream:fault{delay = 5}
    local answer = server:get("/cancelled")
    assert.equal("cancelled/unknown", answer.body)
    assert.is_true(answer.took < 2, answer.took)
    comes_to_rest()
  end)

  it("finishes a job for which no code waits", function()
    upstream:fault{delay = 0.3}
    assert.equal("answered", server:text("/not_waited"))
    assert.equal(200, upstream:requests()[1].status)
    comes_to_rest()
  end)
end)
