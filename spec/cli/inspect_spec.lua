-- How the command shows a request: --dry-run prints a curl command, -v prints a line for each attempt and each retry.
local inspect = require "cmr.cli.inspect"

describe("the curl command of --dry-run", function()
  -- Returns the command, with the members of `more` in place of those of a plain GET.
  local function curl(more, profile, key_file)
    local request = {method = "GET", url = "https://x.test/users", headers = {"Accept: a/b"}}
    for name, value in pairs(more) do request[name] = value end
    return inspect.curl(request, profile, key_file)
  end

  local function command(...)
    return "curl --silent --show-error --request " .. table.concat({...}, " \\\n  ") .. "\n"
  end

  local URL, HEADER = "--url https://x.test/users", "--header 'Accept: a/b'"

  it("has what the request has, and nothing else", function()
    assert.equal(command("GET", URL, HEADER, "--compressed"), curl{})
    assert.equal(command("DELETE", URL, HEADER, "--compressed"), curl{method = "DELETE"})
    assert.equal(command("GET", URL, HEADER, "--data-raw '{}'", "--compressed"), curl{body = "{}"})
    assert.equal(command("POST", URL, HEADER, "--data-raw 'a b'", "--compressed"), curl{method = "POST", body = "a b"})
    assert.equal(command("POST", URL, HEADER, "--data-raw ''", "--compressed"), curl{method = "POST"})
    assert.equal(command("GET", URL, HEADER, "--cacert '/a b'", "--resolve h:1:::1", "--compressed"),
      curl{ca_file = "/a b", resolve = "h:1:::1"})
    assert.equal(command("GET", URL, HEADER, "--noproxy '*'", "--compressed"), curl{proxy = ""})
    assert.equal(command("GET", URL, HEADER, "--proxy http://p", "--compressed"), curl{proxy = "http://p"})
    for _, url in ipairs{"https://x.test/[", "https://x.test/]", "https://x.test/{", "https://x.test/}"} do
      assert.equal(command("GET --globoff", ("--url '%s'"):format(url), HEADER, "--compressed"), curl{url = url})
    end
  end)

  it("has the parts of a form, and then no other body", function()
    local form = {{name = "a", value = "b;c"}, {name = "f", path = 'x"\\y', type = "image/png"}}
    assert.equal(command("POST", URL, HEADER, "--form-string 'a=b;c'", [[--form 'f=@"x\"\\y";type=image/png']],
      "--compressed"), curl{method = "POST", form = form})
  end)

  it("reads the key from the environment, a file or a profile", function()
    local sent = command("GET", URL, HEADER, "--header @-", "--compressed")
    assert.equal([[printf 'x-key: %s' "$CMR_API_KEY" | ]] .. sent, curl{key_header = "x-key"})
    assert.equal([[printf 'x-key: %s' "$(head -n 1 'a b')" | ]] .. sent, curl({key_header = "x-key"}, nil, "a b"))
    assert.equal([[(eval "$(cmr env --profile 'a b')"; printf 'x-key: %s' "$CMR_API_KEY") | ]] .. sent,
      curl({key_header = "x-key"}, "a b"))
    assert.equal(command("GET", URL, HEADER, "--compressed"), curl({}, "profile", "file"))
  end)
end)

describe("the log of -v", function()
  local written, on_response, on_retry

  before_each(function()
    written = {}
    local stderr = {write = function(_, ...) written[#written + 1] = table.concat({...}) end}
    on_response, on_retry = inspect.hooks{stderr = stderr}
  end)

  -- Returns the line for an answer.
  local function answered(info)
    info.operation, info.attempt, info.elapsed = info.operation or "all_mailboxes", 2, 1.5
    on_response(info)
    return table.remove(written)
  end

  it("has a line for each answer: status, protocol, connection, request id and times", function()
    assert.equal("* all-mailboxes, attempt 2: HTTP 200, HTTP/1.1, new connection, 1.500 s\n",
      answered{status = 200, http_version = "1.1"})
    assert.equal("* all-mailboxes, attempt 2: HTTP 500, HTTP/2, TLSv1.3, connection used again, request id r a, "
      .. "1.500 s (resolved 0.001, connected 0.250, secured 1.000, first byte 1.250)\n",
      answered{status = 500, http_version = "2", tls = "TLSv1.3", reused = true, request_id = "r\27a",
        timing = {resolved = 0.001, connected = 0.25, secured = 1, first_byte = 1.25, other = 9}})
    assert.equal("* all-mailboxes, attempt 2: HTTP 200, HTTP/2, new connection, 1.500 s (connected 0.250)\n",
      answered{status = 200, http_version = "2", timing = {connected = 0.25}})
    assert.equal("* all-mailboxes, attempt 2: HTTP 200, HTTP/2, new connection, 1.500 s\n",
      answered{status = 200, http_version = "2", timing = {}})
  end)

  it("has a line for an attempt without an answer", function()
    assert.equal("* all-mailboxes, attempt 2: no answer: timeout, 1.500 s\n", answered{err = {kind = "timeout"}})
    assert.equal("* all-mailboxes, attempt 2: no answer, 1.500 s\n", answered{})
  end)

  it("has a line for each retry", function()
    on_retry{operation = "all_mailboxes", attempt = 1, delay = 1.2, err = {message = "all_mailboxes: HTTP 503"}}
    assert.same({"* all-mailboxes, attempt 1: all-mailboxes: HTTP 503; the next one in 1.2 s\n"}, written)
  end)

  it("has the path of cmr api as the user wrote it", function()
    assert.equal("* GET /a_b, attempt 2: no answer, 1.500 s\n", answered{operation = "GET /a_b"})
    on_retry{operation = "GET /a_b", attempt = 1, delay = 2, err = {message = "GET /a_b: HTTP 503"}}
    assert.same({"* GET /a_b, attempt 1: GET /a_b: HTTP 503; the next one in 2.0 s\n"}, written)
  end)
end)
