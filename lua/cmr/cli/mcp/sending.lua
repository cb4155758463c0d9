---Sends one request for an assistant: looks into the ledger, asks the user, sends the request, and reports the outcome.

local access = require "cmr.cli.mcp.access"
local block = require "cmr.loop.block"
local bulk = require "cmr.bulk.plan"
local core = require "cmr.core"
local endings = require "cmr.ledger.endings"
local excerpt = require "cmr.cli.excerpt"
local identity = require "cmr.ledger.identity"
local pretty_json = require "cmr.cli.pretty_json"
local redact = require "cmr.util.redact"
local sender = require "cmr.sender"
local text = require "cmr.util.text"

local sending = {}

local MAX_SHOWN_BYTES = 8000 -- a question shows at most this much of the body

-- A request in one of these states may have been done.
local MAY_BE_DONE = { done = true, partial = true, accepted = true, sending = true, unknown = true }

-- Returns a request of the ledger in words, such as "ledger_id 3, 2026-03-31T17:30:00Z, state done, order ORD_1".
local function describe(ledger, found, account)
  local parts = { ("ledger_id %d"):format(found.id), text.utc(found.sent_at), "state " .. found.state }
  for _, pair in ipairs(ledger:ids(found.id) or {}) do
    if pair[1] == "order" or pair[1] == "action" then parts[#parts + 1] = ("%s %s"):format(pair[1], pair[2]) end
  end
  if found.account ~= account then parts[#parts + 1] = "with another key" end
  return table.concat(parts, ", ")
end

-- Looks in the ledger for an earlier request with the same arguments. Includes requests with other keys, because the
-- user may have got a new key. If the new request may be sent, returns its fields for Ledger:begin. Otherwise returns
-- nil and the reason.
local function check_repetition(server, operation, call, repeat_of)
  if not bulk.is_guarded(operation) then return {} end
  local digest = identity.digest(call:arguments(), operation)
  local found, message = server.ledger:same(server.account, operation.name, digest)
  if not found then return nil, ("the ledger cannot be read (%s); nothing was sent"):format(message) end
  local newest, earlier = 0, nil
  for _, request in ipairs(found) do
    newest = math.max(newest, request.id)
    local is_recent = request.sent_at > core.time() - bulk.REMEMBER_SECONDS
    if is_recent and MAY_BE_DONE[request.state] then earlier = request end
  end
  local context = { digest = digest, newest_known = newest }
  if not earlier then return context end
  if repeat_of == earlier.id then
    context.supersedes = earlier.state == "unknown" and earlier.id or nil
    return context
  end
  local format = "the same request was sent before: %s. Nothing was sent now. If the user wants it once more, "
    .. "call %s again with the same arguments and repeatOf = %d"
  return nil, format:format(describe(server.ledger, earlier, server.account), operation.name, earlier.id)
end

-- Returns the request in words for the user, with its secrets masked.
local function preview(call)
  local request = call:request()
  local lines = { request.method .. " " .. redact.url(request.url) }
  local body = request.body and redact.masked(core.json_decode(request.body))
  for _, line in ipairs(body and excerpt.lines("the body", pretty_json.encode(body), body, MAX_SHOWN_BYTES) or {}) do
    lines[#lines + 1] = line
  end
  for _, part in ipairs(request.form or {}) do
    lines[#lines + 1] = ("%s: %s"):format(part.name, part.value or part.path)
  end
  return table.concat(lines, "\n")
end

local CONFIRMATION = {
  type = "object",
  properties = {
    send = { type = "boolean", title = "Send this request", description = "The request above.", default = false },
  },
  required = { "send" },
}

-- Asks the user whether to send a request that charges money, destroys something or acts on all items. Returns true if
-- the user agrees, if the request needs no question, or if the client cannot ask.
local function is_confirmed(session, request, operation, args, call)
  local reason = require("cmr.cli.prompt").reason(operation, args)
  local can_ask = session.capabilities and session.capabilities.elicitation
  if not reason or type(can_ask) ~= "table" or (can_ask.url and not can_ask.form) then return true end
  session:progress(request, "waiting for the user's confirmation")
  local message = ("%s %s.\n%s"):format(operation.name, reason, preview(call))
  local result = session:ask(request, "elicitation/create", { message = message, requestedSchema = CONFIRMATION })
  return result ~= nil and result.action == "accept" and type(result.content) == "table" and result.content.send == true
end

-- Makes the cmr.Client for one call. Its hooks report the call's progress and retries to the session. They also note in
-- the job that the request was sent.
local function client_for(server, session, request, job)
  return server.client:with {
    loop = block,
    on_request = function()
      job.has_left = true
      session:progress(request, "sent, waiting for the answer")
    end,
    on_retry = function(retry)
      if job.cancelled then return false end
      local status = ("%s; the next attempt in %.1f s"):format(retry.err.message, retry.delay)
      session:progress(request, status)
      session:log("warning", status)
    end,
  }
end

-- Makes the job for sender.send. After a cancellation, sender.send sends nothing.
local function job_for(context)
  local job = { context = context }
  function job.may_send()
    return not job.cancelled
  end
  return job
end

-- Ends the work for a request that the client cancelled. A read ends at once, and so does a request that was not sent
-- yet. Any other request waits for its answer, so that the ledger gets the outcome. No retry follows.
local function stop(request, job, call, operation)
  job.cancelled = true
  request.must_end = job.has_left and not access.is_read(operation)
  if request.must_end or call:done() then return end
  call:cancel()
  block.notify(call)
end

-- Rewords the library's error message for an assistant, which cannot use cmr.all.
local function worded(message)
  return (message:gsub("cmr%.all", 'the text "all"'))
end

-- Returns a text with the names of the reads in the operation's group. These reads may show whether a request was done.
local function reads_of(operation)
  local names = {}
  for _, other in ipairs(require "cmr.operations") do
    if other.group == operation.group and access.is_read(other) and other.path then names[#names + 1] = other.name end
  end
  return names[1] and text.list(names, "or")
end

local function failure(operation, err)
  local info = sender.info(err)
  local lines, acts = { worded(err.message) }, not access.is_read(operation)
  if acts then lines[2] = require("cmr.cli.messages").outcome(err.outcome) end
  if acts and err.outcome == "unknown" then
    local reads = reads_of(operation)
    lines[#lines + 1] = ("Look for the result with %sthe tool history."):format(reads and reads .. " or " or "")
  end
  if err.retry_after then lines[#lines + 1] = ("retry after %s"):format(text.duration(err.retry_after)) end
  for _, name in ipairs(operation.refusal_fields or {}) do
    local body = type(err.body) == "table" and err.body or {}
    local value = body[name] or type(body.data) == "table" and body.data[name]
    if value then lines[#lines + 1] = ("%s: %s"):format(name, tostring(value)) end
  end
  if info and info.ledger_id then lines[#lines + 1] = ("ledger_id: %d"):format(info.ledger_id) end
  return table.concat(lines, "\n")
end

-- If the API refused some items although its answer is a success, says which items.
local function partial_note(info)
  if not info.partial then return nil end
  local lines = { #info.partial == 1 and "1 item was refused:" or ("%d items were refused:"):format(#info.partial) }
  for _, item in ipairs(require("cmr.settlement").describe_failures(info.partial)) do
    lines[#lines + 1] = ("  %s: %s"):format(item.name or "an item without a name", item.reason or "no reason is given")
  end
  return table.concat(lines, "\n")
end

-- If a list has more pages, says so.
local function page_note(operation, args, answer)
  if not operation.flags.list then return nil end
  local page, pages, total = require("cmr.pagination").position(answer)
  page = page or tonumber(args.page) or 1
  if not pages or page >= pages then return nil end
  local of = total and (", %.14g items in all"):format(total) or ""
  return ('This is page %.14g of %.14g%s. {"page": %.14g} is the next one.'):format(page, pages, of, page + 1)
end

-- Returns a note if the API refused every item, or will carry out the request later. Otherwise returns nil.
local function ending_note(operation, args, answer)
  local ending = endings.of_answer(operation, args, answer)
  if ending.state == "failed" then
    return require("cmr.cli.messages").outcome(ending.outcome) .. ". After a correction it may be sent again."
  end
  local id = answer.actionId or type(answer.data) == "table" and answer.data.orderId
  if ending.state ~= "accepted" or type(id) ~= "string" then return nil end
  return ('The API accepted it, and it is not done yet. The tool await with {"id":"%s"} waits.'):format(id)
end

-- Returns notes about a successful answer, or nil. Also returns whether the API refused some items.
local function notes_of(operation, args, answer)
  local info, notes = sender.info(answer), {}
  local acts = not access.is_read(operation)
  notes[1] = acts and partial_note(info) or nil
  notes[#notes + 1] = page_note(operation, args, answer)
  notes[#notes + 1] = acts and ending_note(operation, args, answer) or nil
  if info.ledger_id then notes[#notes + 1] = ("ledger_id: %d"):format(info.ledger_id) end
  if info.ledger_error then notes[#notes + 1] = "The ledger could not record the answer: " .. info.ledger_error end
  return notes[1] and table.concat(notes, "\n"), acts and info.partial ~= nil
end

local function encode(operation, answer)
  return pretty_json.encode(redact.masked(answer), {
    compact = true,
    empty = function(key)
      return operation.flags.list and key == "data" and "[]" or nil
    end,
  })
end

---Sends a request for an assistant.
---@param server table {client, ledger, allowed}
---@param session cmr.cli.mcp.Session
---@param request table the client's request
---@param operation cmr.Operation
---@param args table
---@param repeat_of integer? the ledger_id of the request that this request repeats on purpose
---@return string? json the answer, with its secrets masked
---@return string? notes what to know about the answer; without an answer, what failed
---@return boolean? is_partial whether the API refused some items
function sending.run(server, session, request, operation, args, repeat_of)
  local job = job_for(nil)
  local client = client_for(server, session, request, job)
  local ok, call, message = pcall(core[operation.name], client:target(), args)
  if not ok or not call then return nil, worded(tostring(message or call)) end
  if not access.is_read(operation) then
    job.context, message = check_repetition(server, operation, call, repeat_of)
    if not job.context then return nil, message end
    if not is_confirmed(session, request, operation, args, call) then
      return nil, "the user did not confirm it; nothing was sent"
    end
  end
  if request.is_cancelled then return nil, "cancelled; nothing was sent" end
  request.stop = function()
    stop(request, job, call, operation)
  end
  local answer, _, err = sender.send(client._state, call, block, operation, job)
  request.stop = nil
  if err and err.code == "repeated" then
    local _, reason = check_repetition(server, operation, call, repeat_of)
    return nil, reason or err.message
  end
  if not answer then return nil, failure(operation, err) end
  return encode(operation, answer), notes_of(operation, args, answer)
end

return sending
