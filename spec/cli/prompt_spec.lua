-- The question before a call that charges or destroys. Tables stand for the terminal.
local prompt = require "cmr.cli.prompt"

describe("the question before a call", function()
  local written, closed, flushed, reader, writer, opened

  local function file(name)
    return {
      read = function() return reader end,
      write = function(_, ...) written[#written + 1] = table.concat{...} end,
      flush = function() flushed = table.concat(written) end,
      close = function() closed[#closed + 1] = name end,
    }
  end

  -- Makes a system with these terminals.
  local function system(stderr, stdin)
    return {
      stderr = "stderr", stdin = "stdin",
      terminal = function(stream)
        if stream == "stderr" then return stderr end
        return stdin
      end,
      open = function(path, mode)
        opened[#opened + 1] = path .. " " .. mode
        if mode == "r" then return reader ~= false and file "reader" or nil end
        return writer and file "writer" or nil
      end,
    }
  end

  before_each(function()
    written, closed, opened, flushed, reader, writer = {}, {}, {}, nil, "y", true
  end)

  local function ask(terminals, lines, parsed, consequence)
    local ok, failure = pcall(prompt.confirm, "renew\27 charges", lines or {"a"}, parsed or {}, terminals, consequence)
    if ok then return "goes on" end
    assert.equal(2, failure.status)
    return failure.failure
  end

  it("is asked on the terminal, with its lines, and only y and yes go on", function()
    for answer, told in pairs{
      y = "goes on", Y = "goes on", yes = "goes on", YES = "goes on",
      n = "not confirmed; nothing was sent", [""] = "not confirmed; nothing was sent",
      yy = "not confirmed; nothing was sent", [" y"] = "not confirmed; nothing was sent",
    } do
      written, closed, reader = {}, {}, answer
      assert.equal(told, ask(system(80, 80), {"a", ("x"):rep(1000), ("x"):rep(1001), "\27"}))
      local text = table.concat(written)
      assert.matches("^renew.? charges%.\n  a\n  " .. ("x"):rep(1000) .. "\n", text)
      assert.is_nil(text:find(("x"):rep(1001), 1, true))
      assert.is_nil(text:find("\27", 1, true))
      assert.equal("\nGo on? [y/N] ", text:sub(-14))
      assert.equal(text, flushed)
      assert.same({"reader", "writer"}, closed)
    end
    reader = nil -- Ctrl-D
    assert.equal("not confirmed; nothing was removed", ask(system(80, 80), {}, {}, "nothing was removed"))
  end)

  it("takes the lines of a function only when it is asked", function()
    local calls = 0
    local function lines()
      calls = calls + 1
      return {"from the function"}
    end
    assert.equal("goes on", ask(system(80, 80), lines, {yes = true}))
    ask(system(nil, nil), lines)
    assert.equal(0, calls)
    assert.same({}, opened)
    assert.equal("goes on", ask(system(80, 80), lines))
    assert.equal(1, calls)
    assert.matches("\n  from the function\n", table.concat(written), 1, true)
  end)

  it("needs a terminal for the answer", function()
    local refusal = "renew\27 charges: say --yes to go on without being asked%s; %s"
    local usual = refusal:format(", or --dry-run to see the request", "nothing was sent")
    assert.equal(usual, ask(system(nil, nil)))
    assert.equal(refusal:format("", "nothing was removed"), ask(system(nil, nil), {}, {}, "nothing was removed"))
    for _, terminals in ipairs{system(80, nil), system(nil, 80), system(0, nil)} do
      assert.equal("goes on", ask(terminals))
    end
    reader = false
    assert.equal(usual, ask(system(80, 80)))
    reader, writer, closed = "y", false, {}
    assert.equal(usual, ask(system(80, 80)))
    assert.same({"reader"}, closed)
  end)
end)
