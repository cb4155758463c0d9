---The files of the mock's web page. They are in the folder page/ beside this module.

local shell = require "cmr.util.shell"

local page = {}

local TYPES = {
  ["index.html"] = "text/html; charset=utf-8",
  ["page.js"] = "text/javascript; charset=utf-8",
  ["page.css"] = "text/css; charset=utf-8",
  ["icon.svg"] = "image/svg+xml",
}

-- With this policy, the browser loads and runs only the page's own files. No script can make HTML from text.
local POLICY = table.concat({
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
}, "; ")

local REFUSAL = [[
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>cmr mock</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="page.css">
<main>
<h1>cmr mock</h1>
<p>This page needs the mock's token. Open the address that <code>cmr mock</code> printed as
<code>CMR_MOCK_PAGE</code>.</p>
</main>
]]

local function answer(status, name, body)
  local headers = {
    ["Content-Type"] = TYPES[name],
    ["Content-Security-Policy"] = POLICY,
    ["X-Content-Type-Options"] = "nosniff",
    ["X-Frame-Options"] = "DENY",
    ["Referrer-Policy"] = "no-referrer",
    ["Cross-Origin-Opener-Policy"] = "same-origin",
    ["Cross-Origin-Resource-Policy"] = "same-origin",
    ["Cache-Control"] = "no-store",
  }
  return { status = status, headers = headers, body = body }
end

---Returns a file of the page as an answer, or nil when the page has no file with this name.
---@param name string
---@return table? answer {status, headers, body}
function page.file(name)
  if not TYPES[name] then return nil end
  local directory = debug.getinfo(1, "S").source:match "^@(.*)%.lua$"
  return answer(200, name, assert(shell.read(directory .. "/" .. name)))
end

---Returns the answer to a request without the token: a page that says where to find the token.
---@return table answer {status, headers, body}
function page.refuse()
  return answer(403, "index.html", REFUSAL)
end

return page
