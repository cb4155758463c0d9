---The prompts. A prompt is a task of the guides, written as steps that name the tools. Pure.

local protocol = require "cmr.cli.mcp.protocol"
local text = require "cmr.util.text"

local prompts = {}

local USER = { name = "user", description = "The userId.", required = true }

local CAUTION = [[

If a tool says that the same request was sent before, tell me what it names, and repeat it only if I ask for that.
If an outcome is unknown, look for the result first. Show me the prices and the request before you charge anything.]]

-- Each prompt: name, title, description, arguments, and the text with a placeholder such as {user} for each argument.
local LIST = {
  {
    name = "order_mailboxes",
    title = "Order mailboxes",
    description = "Orders a domain with mailboxes for a user, and waits for them.",
    arguments = {
      USER,
      { name = "domain", description = "The domain to order.", required = true },
      { name = "mailboxes", description = "The names of the mailboxes' owners.", required = true },
    },
    text = [[
Order the domain {domain} with mailboxes for {mailboxes}, for the user {user}.

1. check_workspace: the domain must have no workspace at the provider yet.
2. create_order with the domain, its mailboxes by domain name, and confirm true, which charges the order.
3. Report domains in unavailableDomains: they were not ordered.
4. await with the order's id. Its events, or the order's status, say how it ended.
5. mailboxes of the user shows the new mailboxes.]],
  },
  {
    name = "renew",
    title = "Renew domains and subscriptions",
    description = "Lists what ends soon and its prices, and renews what you choose.",
    arguments = { USER, { name = "domains", description = "The domains, if you know them." } },
    text = [[
Renew domains of the user {user}: {domains}.

1. domains lists the user's domains with their ends; read all pages. A domain can be renewed from 45 days before its end
   until 7 days after it.
2. domain_renewal_prices for the chosen domains: an item with an error is outside its window.
3. Show me the prices, and ask which domains to renew.
4. renew_domains with only these domains, then await with the id of the answer.
5. subscriptions renew separately: list those that end soon, and ask me about renew_subscriptions.]],
  },
  {
    name = "re_export",
    title = "Re-export mailboxes",
    description = "Exports mailboxes again to their sending platform.",
    arguments = {
      { name = "mailboxes", description = "The addresses or ids of the mailboxes.", required = true },
      { name = "clientId", description = "The client id of the Google OAuth application." },
    },
    text = [[
Re-export these mailboxes: {mailboxes}. The Google client id is {clientId}.

1. history with operation reexport and sinceDays 7: the API allows 3 re-exports per mailbox and week.
2. reexport for each mailbox, with google.clientId for mailboxes at Google and microsoftOauthRoute for Microsoft.
3. Collect the action ids, and await each of them.
For more than about 20 mailboxes, 'cmr bulk reexport --from FILE' in a shell is the better tool: tell me so.]],
  },
  {
    name = "what_happened",
    title = "Find out what was done",
    description = "Goes through the requests whose outcome is unknown, without sending anything.",
    arguments = {},
    text = [[
Find out what happened to the requests that may have been done.

1. history with unknown true.
2. For each one, read what it would have changed: domains, mailboxes, subscriptions or order_status.
3. Tell me for each whether it was done, was not done, or cannot be told. Send nothing that changes anything.]],
  },
}

---Returns the list of prompts.
function prompts.list()
  local list = {}
  for index, prompt in ipairs(LIST) do
    list[index] = { name = prompt.name, title = prompt.title, description = prompt.description }
    list[index].arguments = prompt.arguments[1] and prompt.arguments or nil
  end
  return list
end

local function find(name)
  for _, prompt in ipairs(LIST) do
    if prompt.name == name then return prompt end
  end
end

---Returns a prompt with its arguments filled in.
---@param params table the client's params
---@return table? result
---@return integer? code
---@return string? message
function prompts.get(params)
  local prompt = find(params.name)
  if not prompt then return nil, protocol.BAD_PARAMS, "unknown prompt" end
  local args = params.arguments == nil and {} or params.arguments
  if type(args) ~= "table" then return nil, protocol.BAD_PARAMS, "arguments has to be an object" end
  local missing, values = {}, {}
  for _, argument in ipairs(prompt.arguments) do
    local value = args[argument.name]
    if value ~= nil and type(value) ~= "string" then
      return nil, protocol.BAD_PARAMS, ("the argument '%s' has to be a text"):format(argument.name)
    end
    if argument.required and (value or "") == "" then missing[#missing + 1] = argument.name end
    values[argument.name] = value or "(ask me)"
  end
  if missing[1] then return nil, protocol.BAD_PARAMS, "missing arguments: " .. text.list(missing, "and") end
  local filled = prompt.text:gsub("{(%w+)}", values)
  local message = { role = "user", content = { type = "text", text = filled .. "\n" .. CAUTION } }
  return { description = prompt.description, messages = { message } }
end

return prompts
