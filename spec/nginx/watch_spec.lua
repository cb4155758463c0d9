-- The metrics and spans of docs/guides/watch-it-run.md in a real nginx, against a mock.
local cjson = require "cjson"
local mock = require "spec.support.mock"
local nginx = require "spec.support.nginx"

local PAGE = "docs/guides/watch-it-run.md"
local PATH = "/platforms?user=" .. mock.USER
local TRACE, PARENT = ("4bf9"):rep(8), "00f067aa0ba902b7"

-- Returns the configurations of the page: {http, server}.
local function configurations()
  local found = {}
  for block in nginx.read(PAGE):gmatch "```nginx\n(.-)\n```" do
    local http = block:match("http (%b{})"):sub(2, -2)
    local server = http:match "%sserver (%b{})"
    found[#found + 1] = {http = http:gsub("%sserver %b{}", ""), server = server:sub(2, -2):gsub("listen 8080;", "")}
  end
  return found
end

describe("the guide to metrics and traces #nginx", function()
  local upstream, server
  local metrics, spans = configurations()[1], configurations()[2]

  before_each(function() upstream = mock.shared("tls") end)
  after_each(function() if server then server:stop() end end)

  it("counts attempts, retries and seconds of all workers", function()
    server = nginx.start{mock = upstream, workers = 2, http = metrics.http, server = metrics.server}
    upstream:fault{status = 429}
    for _ = 1, 3 do server:text(PATH) end
    upstream:fault{status = 404}
    server:text(PATH, 404)
    server:text("/platforms", 502)                          -- without a user, nothing is sent
    local text = server:text "/metrics"
    local values, order = {}, {}
    for line in text:gmatch "[^\n]+" do
      local name, value = line:match "^(%S+) ([%d.e-]+)$"
      if name then values[name], order[#order + 1] = tonumber(value), name end
    end
    local function is(expected, name) assert.equal(expected, values[name], name .. "\n" .. text) end
    is(3, 'cmr_attempts_total{operation="platforms",result="ok"}')
    is(1, 'cmr_attempts_total{operation="platforms",result="rate_limited"}')
    is(1, 'cmr_attempts_total{operation="platforms",result="not_found"}')
    is(1, 'cmr_retries_total{operation="platforms",kind="rate_limited"}')
    is(5, 'cmr_attempt_seconds_count{operation="platforms"}')
    is(5, 'cmr_attempt_seconds_bucket{operation="platforms",le="+Inf"}')
    assert.is_true(values['cmr_attempt_seconds_sum{operation="platforms"}'] > 0)
    local buckets, last = {}, 0
    for _, name in ipairs(order) do
      local limit = name:match 'le="(.-)"'
      if limit then
        buckets[#buckets + 1] = limit
        assert.is_true(values[name] >= last)
        last = values[name]
      end
    end
    assert.same({"0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf"}, buckets)
    for _, line in ipairs{"# TYPE cmr_attempts_total counter", "# TYPE cmr_attempt_seconds histogram"} do
      assert.equal(1, select(2, text:gsub(line .. "\n", "")))
    end
    assert.is_nil(server:log():find("%[error%]"))
  end)

  -- nginx itself receives the spans.
  local COLLECTOR = [[
    location = /v1/traces { content_by_lua_block {
      ngx.req.read_body()
      ngx.shared.spans:rpush("collected", ngx.req.get_body_data())
    } }
    location = /collected { content_by_lua_block { ngx.say(ngx.shared.spans:lpop "collected" or "") } }
  ]]

  local function collected(count)
    local found = {}
    nginx.eventually("spans", function()
      local body = server:text "/collected"
      if #body < 2 then return #found >= count end
      local scope = cjson.decode(body).resourceSpans[1]
      assert.equal("service.name", scope.resource.attributes[1].key)
      for _, span in ipairs(scope.scopeSpans[1].spans) do found[#found + 1] = span end
    end, 10)
    return found
  end

  local function attributes(span)
    local by_key = {}
    for _, entry in ipairs(span.attributes) do by_key[entry.key] = entry.value.stringValue or entry.value.intValue end
    return by_key
  end

  it("makes a span of each attempt, in the trace of the request, and sends it to the collector", function()
    local http = spans.http:gsub('"127.0.0.1", 4318', '"unix:" .. ngx.config.prefix() .. "collector"')
    server = nginx.start{mock = upstream, http = http .. "server { listen unix:collector; " .. COLLECTOR .. " }",
      server = spans.server .. COLLECTOR}
    upstream:fault{status = 503, headers = {["X-Request-Id"] = "req_1", ["Retry-After"] = "1"}}
    local answer = server:get(PATH, {headers = {traceparent = ("00-%s-%s-01"):format(TRACE, PARENT)}})
    assert.equal(200, answer.status)
    local found = collected(2)
    assert.equal(2, #found)
    local requests = upstream:requests()
    for index, span in ipairs(found) do
      assert.same({TRACE, PARENT, "platforms", 3}, {span.traceId, span.parentSpanId, span.name, span.kind})
      assert.matches("^%x+$", span.spanId)
      assert.equal(16, #span.spanId)
      assert.equal(("00-%s-%s-01"):format(TRACE, span.spanId), requests[index].headers.traceparent)
      assert.matches("^%d+$", span.startTimeUnixNano)
      assert.equal(19, #span.startTimeUnixNano)
      assert.is_true(span.endTimeUnixNano >= span.startTimeUnixNano)
      assert.matches("^https://.*platform%-credentials%?userId=" .. mock.USER .. "$", attributes(span)["url.full"])
    end
    assert.not_equal(found[1].spanId, found[2].spanId)
    local first, second = attributes(found[1]), attributes(found[2])
    assert.same({"503", "req_1", "server_error"},
      {first["http.response.status_code"], first["cmr.request_id"], first["error.type"]})
    assert.equal(2, found[1].status.code)
    assert.same({"200", "1"}, {second["http.response.status_code"], second["http.request.resend_count"]})
    assert.is_nil(second["error.type"])
    assert.is_nil(server:log():find(upstream.key, 1, true))
  end)

  it("begins a trace if the request has none", function()
    server = nginx.start{mock = upstream, http = spans.http, server = spans.server, log = "warn"}
    server:text(PATH)
    server:text(PATH)
    local traces = {}
    for index, request in ipairs(upstream:requests()) do
      traces[index] = request.headers.traceparent:match "^00%-(%x+)%-%x+%-01$"
      assert.equal(32, #traces[index])
    end
    assert.equal(2, #traces)
    assert.not_equal(traces[1], traces[2])
  end)
end)
