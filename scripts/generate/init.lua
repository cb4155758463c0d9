-- Writes the generated documents. Run it as `lua5.4 scripts/generate/init.lua` in the top folder, with the environment
-- of a build. spec/package/generated_spec.lua fails when one of the documents is not up to date.

package.path = "./?.lua;" .. package.path

for _, document in ipairs(require "scripts.generate.documents") do
  local file = assert(io.open(document.path, "wb"))
  assert(file:write(document.text))
  assert(file:close())
  print(document.path)
end
