-- Calls through a proxy: what the proxy says is not the server's answer, and no message shows its password.
local cmr = require "cmr"
local faultserver = require "spec.support.faultserver"
local words = require "spec.fault.wording"

describe("a proxy", function()
  local server

  setup(function()
    server = faultserver.start()
  end)
  teardown(function()
    server:stop()
  end)

  local function call(proxy)
    local client = cmr.new{base_url = "https://api.example.org/v1", api_key = "k", proxy = proxy, retries = 0,
      rate = false}
    local _, message, err = client:reexport{mailboxId = "M"}
    client:close()
    return message, err
  end

  local function answering(...)
    local at = server:play{{words.request, words.send(table.concat({...}, "\r\n") .. "\r\n\r\n")}}
    return ("http://user:pa55word@127.0.0.1:%d"):format(at.port)
  end

  it("that refuses has not passed anything on, and its headers are not the answer's", function()
    local message, err = call(answering("HTTP/1.1 407 Who are you", "X-Proxy: yes", "Retry-After: 99"))
    assert.matches("^reexport: .*407", message)
    assert.same({"network", "not_sent"}, {err.kind, err.outcome})
    assert.is_nil(err.status)
    assert.is_nil(err.retry_after)
    assert.is_nil((cmr.info(err).headers or {})["x-proxy"])
  end)

  it("that agrees and then is gone is a fault of the network", function()
    local _, err = call(answering("HTTP/1.1 200 Go ahead", "X-Proxy: yes"))
    assert.same({"not_sent"}, {err.outcome})
    assert.is_nil(err.status)
    assert.is_nil((cmr.info(err).headers or {})["x-proxy"])
  end)

  for _, rest in ipairs{"http://%s@[::", "http://%s@host:99999", "wrong://%s@host:1"} do
    local address = rest:format "user:pa55word"
    it("is not quoted with its password: " .. address:gsub("pa55word", "..."), function()
      local told, message, err = pcall(call, address)
      assert.is_nil((tostring(message) .. tostring(err and err.body)):find("pa55", 1, true), message)
      if told then assert.equal("not_sent", err.outcome) end
    end)
  end
end)
