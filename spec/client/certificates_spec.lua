-- ca_file replaces the certificates that libcurl trusts by itself, both those of a file and those of a folder.
local command = require "spec.support.command"
local compile = require "spec.support.compile"
local mock = require "spec.support.mock"
local program = require "spec.support.program"

local CALL = [[
local client = require("cmr").new{retries = 0}
local res, _, err = client:platforms("%s")
print(res and "trusted" or err.kind .. " " .. err.outcome)
]]

describe("the certificates of a server", function()
  local server, library, folder

  setup(function()
    server, library = mock.shared("tls"), compile "spec/support/system_certificates.c"
    folder = command.sh("mktemp -d"):match "%S+"
    command.sh(([[
      cd %s && mkdir system empty && cp %s server.pem
      openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=other -out other.pem 2>/dev/null
      cp server.pem "system/$(openssl x509 -hash -noout -in server.pem).0"
    ]]):format(folder, command.quote(server.ca_file)))
  end)

  teardown(function()
    command.sh("rm -rf " .. folder)
    os.remove(library)
  end)

  before_each(function() mock.shared("tls") end)

  -- Returns what a call prints on a system that trusts the certificates of this file and of this folder.
  local function outcome(system_file, system_folder, ca_file)
    local ended = program.run(CALL:format(mock.USER), {
      env = {CMR_API_KEY = server.key, CMR_BASE_URL = server.base_url,
        CMR_CA_FILE = ca_file and folder .. "/" .. ca_file,
        SYSTEM_CERTIFICATES_FILE = folder .. "/" .. system_file,
        SYSTEM_CERTIFICATES_FOLDER = folder .. "/" .. system_folder},
      through = ('env LD_PRELOAD="$LD_PRELOAD:%s"'):format(library),
    })
    return ended.out .. ended.err
  end

  it("are checked against the system's file and folder without ca_file", function()
    assert.equal("trusted\n", outcome("server.pem", "empty"))
    assert.equal("trusted\n", outcome("other.pem", "system"))
    assert.equal("tls not_sent\n", outcome("other.pem", "empty"))
  end)

  it("are checked only against ca_file when it is given", function()
    assert.equal("trusted\n", outcome("other.pem", "empty", "server.pem"))
    assert.equal("tls not_sent\n", outcome("server.pem", "empty", "other.pem"))
    assert.equal("tls not_sent\n", outcome("other.pem", "system", "other.pem"))
    assert.equal("tls not_sent\n", outcome("server.pem", "system", "other.pem"))
  end)
end)
