---The tools `await` and `history`, which read the ledger.

local block = require "cmr.loop.block"
local core = require "cmr.core"
local entry = require "cmr.ledger.entry"
local history = require "cmr.ledger.history"
local pretty_json = require "cmr.cli.pretty_json"
local text = require "cmr.util.text"
local waiting = require "cmr.cli.waiting"

local ledger_tools = {}

local DEFAULT_WAIT_SECONDS, MAX_WAIT_SECONDS = 50, 600 -- many clients give a tool 60 seconds
local DEFAULT_LIMIT, MAX_LIMIT = 20, 200
local MIN_SECONDS = 0.001 -- a wait this short only reads the stored events

local OPEN = { sending = true, accepted = true } -- the states of requests that have not ended yet

local NO_LEDGER = "this server has no ledger%s"
local NO_RECEIVER = "no event can arrive: nothing stores webhooks in the ledger. The user can start 'cmr listen'"

-- Returns the ledger, or nil and the reason why there is none.
local function ledger_of(server)
  if server.ledger then return server.ledger end
  return nil, NO_LEDGER:format(server.ledger_message and ": " .. server.ledger_message or "")
end

local function encode(items)
  local empty = {
    empty = function(key)
      return key == nil and "[]" or nil
    end,
    compact = true,
  }
  return pretty_json.encode(items, empty)
end

-- Reads at most `limit` requests with `next_item`. Returns their copies for JSON; or nil and a message.
local function take(next_item, limit)
  local items = {}
  while #items < limit do
    local item, message = next_item()
    if item == false then return nil, message end
    if not item then break end
    items[#items + 1] = history.encodable(item)
  end
  return items
end

---Lists the requests that were sent with the server's key, newest first.
---@param server table
---@param args table the arguments of the tool `history`
---@return string? json
---@return string? notes Facts about the list, or the reason why there is no list.
function ledger_tools.history(server, args)
  local ledger, message = ledger_of(server)
  if not ledger then return nil, message end
  local filter = history.filter {
    operation = args.operation,
    user = args.user,
    id = args.id,
    run = args.run,
    since = args.sinceDays and math.max(0, core.time() - args.sinceDays * text.DAY),
    unknown = args.unknown or nil,
  }
  filter.account = entry.account(server.client:target())
  local count
  count, message = ledger:count(filter)
  if not count then return nil, message end
  filter.before = args.before
  local items
  items, message = take(history.each(ledger, filter), args.limit or DEFAULT_LIMIT)
  if not items then return nil, message end
  local last = items[#items]
  local notes = ("%d of %d requests."):format(#items, count)
  if last and #items == (args.limit or DEFAULT_LIMIT) then
    notes = ('%s {"before": %d} lists older ones.'):format(notes, last.ledger_id)
  end
  return encode(items), notes
end

---Returns one request of the ledger.
---@param server table
---@param id integer
---@return string? json
---@return string? message
function ledger_tools.request(server, id)
  local ledger, message = ledger_of(server)
  if not ledger then return nil, message end
  local found
  found, message = ledger:get(id)
  if not found then return nil, message end
  local item
  item, message = history.reader(ledger)(found)
  return item and encode(history.encodable(item)), message
end

-- Waits until one accepted request has ended, at most `seconds`. Returns its events, and the message of an error.
local function wait_for(server, session, request, item, seconds)
  local polls = item.account == server.account and item.plan.order ~= nil
  if not polls and not server.ledger:is_receiving() then return nil, NO_RECEIVER end
  session:progress(request, ("waiting for the end of request %d, %s"):format(item.id, item.operation))
  local opts = { timeout = math.max(MIN_SECONDS, seconds) }
  if not polls then opts.poll = false end
  function opts.cancelled()
    return request.is_cancelled
  end
  local client = server.client:with { loop = block }
  local events, message, err = client:await({ plan = item.plan, ledger_id = item.id }, opts)
  return events or err.events, message
end

-- Waits for the accepted requests one after the other. Returns a table: ledger_id -> {events, message}.
local function wait_for_all(server, session, request, items, seconds)
  local ends_at, results = core.now() + seconds, {}
  for _, item in ipairs(items) do
    local events, message
    if item.plan then
      events, message = wait_for(server, session, request, item, ends_at - core.now())
    elseif item.state == "accepted" then
      message = waiting.without_events(item.operation)
    end
    results[item.id] = { events = events, message = message }
  end
  return results
end

---Waits until accepted requests have ended.
---@param server table
---@param session cmr.cli.mcp.Session
---@param request table the client's request
---@param args table the arguments of the tool `await`
---@return string? json
---@return string? notes
---@return boolean? is_failed whether a request, or one of its items, failed or may have failed
function ledger_tools.await(server, session, request, args)
  local ledger, message = ledger_of(server)
  if not ledger then return nil, message end
  local items
  items, message = history.awaited(ledger, args.id)
  if not items then return nil, message end
  if not items[1] then return nil, ("no request in the ledger has the id '%s'"):format(args.id) end
  local results = wait_for_all(server, session, request, items, args.timeoutSeconds or DEFAULT_WAIT_SECONDS)
  local read, shown, notes, is_failed = history.reader(ledger), {}, {}, false
  for index, awaited in ipairs(items) do
    local row, item
    row, message = ledger:get(awaited.id)
    if not row then return nil, message end
    item, message = read(row)
    if not item then return nil, message end
    local result = results[row.id]
    shown[index] = history.encodable(item)
    shown[index].events = result.events and result.events[1] and result.events or nil
    is_failed = is_failed or not OPEN[row.state] and row.state ~= "done"
    if row.state == "accepted" then notes[#notes + 1] = ("Request %d is not done yet."):format(row.id) end
    if result.message then notes[#notes + 1] = result.message end
  end
  return encode(shown), notes[1] and table.concat(notes, "\n"), is_failed
end

---The definitions of the tools. The server checks the arguments against the types, minima and maxima.
ledger_tools.definitions = {
  {
    name = "await",
    description = "Waits until an accepted request is done or has failed, and returns it with the events that came. "
      .. "Sends nothing but reads of an order's status. If time is up, call it again.",
    inputSchema = {
      type = "object",
      properties = {
        id = { type = "string", description = "The id of an order or an action, or the name of a bulk run (RUN_...)." },
        timeoutSeconds = {
          type = "integer",
          minimum = 1,
          maximum = MAX_WAIT_SECONDS,
          description = ("How long to wait, by default %d."):format(DEFAULT_WAIT_SECONDS),
        },
      },
      required = { "id" },
      additionalProperties = false,
    },
    annotations = { title = "Wait for a request's end", readOnlyHint = true, openWorldHint = true },
  },
  {
    name = "history",
    description = "Lists what was sent with this API key from this machine, newest first, and how it ended: sending, "
      .. "accepted, done, partial, failed, deferred or unknown (it may have been done). Sends nothing.",
    inputSchema = {
      type = "object",
      properties = {
        operation = { type = "string", description = "Only this operation, such as create_order." },
        user = { type = "string", description = "Only requests for this user." },
        id = { type = "string", description = "Only requests with this id in them or in their answer." },
        run = { type = "string", description = "Only the rows of this bulk run." },
        sinceDays = { type = "number", minimum = 0, description = "Only requests at most this many days old." },
        unknown = { type = "boolean", description = "true: only requests that may have been done." },
        before = { type = "integer", minimum = 1, description = "Only requests before this ledger_id." },
        limit = {
          type = "integer",
          minimum = 1,
          maximum = MAX_LIMIT,
          description = ("How many, by default %d."):format(DEFAULT_LIMIT),
        },
      },
      additionalProperties = false,
    },
    annotations = { title = "What was sent", readOnlyHint = true, openWorldHint = false },
  },
}

return ledger_tools
