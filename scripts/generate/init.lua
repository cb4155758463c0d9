-- Writes the documents that follow from the operations table: lua5.4 scripts/generate/init.lua, from the top of the checkout
-- and with a build's env. What each is made from and how is in the files beside; spec/package/generated_spec.lua compares.

package.path = "./?.lua;" .. package.path

for _, document in ipairs(require "scripts.generate.documents") do
  local file = assert(io.open(document.path, "wb"))
  assert(file:write(document.text))
  assert(file:close())
  print(document.path)
end
