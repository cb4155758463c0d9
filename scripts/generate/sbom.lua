-- Prints the parts of a release as CycloneDX JSON. Run it as `lua5.4 scripts/generate/sbom.lua ROCKSPEC ARCHIVE SHA256
-- SECONDS` in the top folder. The Lua modules that cmr needs come from the rockspec. SECONDS is the time of the
-- release, in seconds since 1970.

package.path = "./?.lua;" .. package.path

local ordered_json = require "scripts.generate.ordered_json"

local object, array, number = ordered_json.object, ordered_json.array, ordered_json.number

local ROCKS = {
  ["lua-cjson"] = { "MIT", "required", "JSON of requests and answers" },
  argparse = { "MIT", "optional", "the command" },
}
-- scripts/build/flags.sh checks the versions of curl and sqlite.
local LIBRARIES = {
  { "curl", "curl", ">= 7.80", "the requests" },
  { "openssl", "Apache-2.0", ">= 1.1.1", "signatures of webhooks" },
  { "sqlite", "blessing", ">= 3.20", "the ledger" },
}

---Makes the entry for a library or a module that cmr needs.
local function component(kind, name, licence, scope, versions, purpose)
  local purl = ("pkg:%s/%s"):format(kind, name)
  local properties = {
    object { { "name", "cmr:versions" }, { "value", versions } },
    object { { "name", "cmr:purpose" }, { "value", purpose } },
  }
  return object {
    { "type", "library" },
    { "bom-ref", purl },
    { "name", name },
    { "scope", scope },
    { "licenses", array { object { { "license", object { { "id", licence } } } } } },
    { "purl", purl },
    { "properties", array(properties) },
  }
end

local rockspec_path, archive, sha256, seconds = arg[1], arg[2], arg[3], tonumber(arg[4])
dofile(rockspec_path) -- the rockspec sets global variables
local rockspec = _G
local version = rockspec.version:match "^(.*)%-%d+$"
local purl = ("pkg:luarocks/cmr@%s"):format(rockspec.version)

local components = {}
for _, dependency in ipairs(rockspec.dependencies) do
  local name, versions = dependency:match "^(%S+)%s+(.+)$"
  if name == "lua" then
    components[#components + 1] = component("generic", "lua", "MIT", "required", versions, "runs cmr, as does LuaJIT")
  else
    local licence, scope, purpose = (table.unpack or unpack)(ROCKS[name])
    components[#components + 1] = component("luarocks", name, licence, scope, versions, purpose)
  end
end
for _, library in ipairs(LIBRARIES) do
  local name, licence, versions, purpose = (table.unpack or unpack)(library)
  components[#components + 1] = component("generic", name, licence, "required", versions, purpose)
end

local references = {}
for index, each in ipairs(components) do
  references[index] = ordered_json.member(each, "bom-ref")
end
local main = object {
  { "type", "library" },
  { "bom-ref", purl },
  { "name", "cmr" },
  { "version", version },
  { "description", rockspec.description.summary },
  { "hashes", array { object { { "alg", "SHA-256" }, { "content", sha256 } } } },
  { "licenses", array { object { { "license", object { { "id", rockspec.description.license } } } } } },
  { "purl", purl },
  { "properties", array { object { { "name", "cmr:archive" }, { "value", archive } } } },
}
io.write(
  ordered_json.write(
    object {
      { "bomFormat", "CycloneDX" },
      { "specVersion", "1.5" },
      { "version", number(1) },
      { "metadata", object { { "timestamp", os.date("!%Y-%m-%dT%H:%M:%SZ", seconds) }, { "component", main } } },
      { "components", array(components) },
      { "dependencies", array { object { { "ref", purl }, { "dependsOn", array(references) } } } },
    },
    "json"
  ),
  "\n"
)
