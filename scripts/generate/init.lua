-- Writes the generated documents: lua5.4 scripts/generate/init.lua, in the top folder and with a build's env.
-- spec/package/generated_spec.lua fails when one of them is not up to date.

package.path = "./?.lua;" .. package.path

for _, document in ipairs(require "scripts.generate.documents") do
  local file = assert(io.open(document.path, "wb"))
  assert(file:write(document.text))
  assert(file:close())
  print(document.path)
end
