-- Which nginx can run Lua, and which configuration it needs. The programs here only print what `nginx -V` prints.
local find = require "cmr.launcher.find"
local shell = require "cmr.util.shell"

describe("the search for an nginx", function()
  local folder, getenv, program

  before_each(function()
    folder = shell.output "mktemp -d"
    program = folder .. "/nginx-of-spec"
    getenv = os.getenv
    os.getenv = function(name) return name == "CMR_NGINX" and program or getenv(name) end -- luacheck: ignore 122
  end)

  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
    os.execute("rm -rf " .. shell.quote(folder))
  end)

  local function prints(text)
    shell.write(program, "#!/bin/sh\n[ \"$1\" = -V ] && echo '" .. text .. "' >&2\n")
    os.execute("chmod +x " .. shell.quote(program))
    return find.nginx()
  end

  local BUILT_IN = "\nconfigure arguments: --add-module=../ngx_lua-0.10.26"

  it("reads from its version which configuration it needs", function()
    for version, takes in pairs{
      ["nginx/1.19.4"] = {false, false}, ["nginx/1.19.5"] = {true, false}, ["nginx/1.9.9"] = {false, false},
      ["nginx/1.25.0"] = {true, false}, ["nginx/1.25.1"] = {true, true}, ["nginx/1.26.0"] = {true, true},
      ["nginx/2.0.0"] = {true, true}, ["openresty/1.27.1.2"] = {true, true}, ["nginx/unknown"] = {false, false},
    } do
      local found = prints("nginx version: " .. version .. BUILT_IN)
      assert.same({version, takes}, {version, {found.takes_error_log, found.http2_directive}})
      assert.same({program, {}}, {found.path, found.modules})
    end
  end)

  it("accepts an nginx with Lua built in, under each name of the module, and no other", function()
    for arguments, is_found in pairs{
      ["--add-module=../ngx_lua-0.10.26"] = true, ["--add-module=/src/lua-nginx-module"] = true,
      ["--add-module=/src/echo-nginx-module"] = false, ["--with-http_ssl_module"] = false,
    } do
      local found, message = prints("nginx version: nginx/1.26.0\nconfigure arguments: " .. arguments)
      assert.equal(is_found, found ~= nil, arguments)
      assert.equal(not is_found and ("CMR_NGINX names '%s', which is no nginx with ngx_lua"):format(program) or nil,
        message)
    end
  end)

  it("loads the two modules, if both are in nginx's folder", function()
    local modules = folder .. "/modules"
    os.execute("mkdir " .. shell.quote(modules))
    local text = "nginx version: nginx/1.26.0\nconfigure arguments: "
    local both = {modules .. "/ndk_http_module.so", modules .. "/ngx_http_lua_module.so"}
    shell.write(both[1], "")
    assert.is_nil((prints(text .. "--modules-path=" .. modules .. " --x")))
    shell.write(both[2], "")
    assert.same(both, prints(text .. "--modules-path=" .. modules .. " --x").modules)
    assert.same(both, prints(text .. "--prefix=" .. folder .. " --x").modules)
  end)

  it("takes nginx, else openresty, unless a program is named", function()
    local output, installed = shell.output, nil
    finally(function() shell.output = output end)
    shell.output = function(line)
      local name = line:match "command %-v (%S+)"
      if name then return installed[name] and "/bin/" .. name or "" end
      return installed[line:match "^/bin/(%S+) %-V"]
    end
    local text = "nginx version: nginx/1.26.0" .. BUILT_IN
    for _, named in ipairs{false, ""} do
      program = named or nil
      for expected, programs in pairs{["/bin/nginx"] = {nginx = text, openresty = text}, ["/bin/openresty"] =
        {nginx = "without Lua", openresty = text}} do
        installed = programs
        local found, message = find.nginx()
        assert.same({expected, nil}, {found.path, message})
      end
      installed = {openresty = text}
      assert.equal("/bin/openresty", find.nginx().path)
      installed = {}
      local found, message = find.nginx()
      assert.is_nil(found)
      assert.matches("^needs nginx with ngx_lua .* CMR_NGINX may name the program%.$", message)
    end
  end)

  it("refuses a program that does not exist", function()
    local name = program
    assert.same({nil, ("CMR_NGINX names '%s', which is no nginx with ngx_lua"):format(name)}, {find.nginx()})
  end)
end)
