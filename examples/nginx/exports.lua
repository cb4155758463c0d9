-- The exports that customers asked for, and how they ended. No export is sent twice. Each export of a mailbox has a
-- number. The page's form names the next number, and a number can be taken only once. So the second click of a double
-- click, a reload, or a form in a second tab sends nothing.
--
-- The exports are in lua_shared_dict app_exports. All workers share it, and it survives a reload of nginx, but not a
-- restart. Keep the exports in your database instead, with (mailbox, number) as a unique key.
local cjson = require "cjson"

local exports = {}

local SENDING_SECONDS = 60 -- longer than any call takes: after this time, "sending" counts as "unknown"
local LOOKUP_SECONDS = 3600 -- time for the export, and about 5 minutes until the vendor's last delivery of the event
local KEEP_SECONDS = 90 * 24 * 3600

local dict = ngx.shared.app_exports
local lookup_seconds

--- Called once, in init_by_lua.
-- @param options lookup_seconds: the seconds after which an export without an outcome is lost
function exports.start(options)
  lookup_seconds = options.lookup_seconds or LOOKUP_SECONDS
end

local function done_key(mailbox, number)
  return ("done:%s:%d"):format(mailbox, number)
end

-- Stores an export. If there is no room, removes no other export, but returns false and a message.
local function store(export)
  return dict:safe_set("export:" .. export.mailbox, cjson.encode(export), KEEP_SECONDS)
end

--- Returns a mailbox's latest export, or nil. Its state is one of:
--   sending   the request is on its way
--   accepted  the API will do it; an event reports the end
--   unknown   no answer came, so it may have been done; an event may still come
--   lost      no event came, so someone must look in EmailBison
--   done, refused
function exports.latest(mailbox)
  local text = dict:get("export:" .. mailbox)
  if not text then return nil end
  local export = cjson.decode(text)
  local age = ngx.time() - export.at
  -- The event has an entry of its own, because it may come before the answer, at another worker.
  local done_at = export.state ~= "refused" and dict:get(done_key(mailbox, export.number))
  if done_at then
    export.state, export.at = "done", done_at
    return export
  end
  if export.state == "sending" and age > SENDING_SECONDS then export.state = "unknown" end
  if (export.state == "accepted" or export.state == "unknown") and age > lookup_seconds then export.state = "lost" end
  return export
end

local MAY_FOLLOW = { done = true, refused = true, lost = true }

--- Returns the number of a mailbox's next export, or nil while the outcome of the latest export may still arrive.
function exports.next_number(latest)
  if not latest then return 1 end
  return MAY_FOLLOW[latest.state] and latest.number + 1 or nil
end

--- Takes a number. The caller then sends the request, and calls exports.finish.
-- @param export mailbox, number, user, action
-- @param has_looked whether the customer looked in EmailBison; required after a "lost" export
-- @return true; or nil and "taken", or nil and a message
function exports.take(export, has_looked)
  local latest = exports.latest(export.mailbox)
  local is_lost = latest and latest.state == "lost"
  if export.number ~= exports.next_number(latest) or is_lost and not has_looked then return nil, "taken" end
  local claim = ("taken:%s:%d"):format(export.mailbox, export.number)
  local ok, message = dict:safe_add(claim, true, KEEP_SECONDS) -- atomic: only one of two workers gets the number
  if not ok then return nil, message == "exists" and "taken" or message end
  export.state, export.at = "sending", ngx.time()
  ok, message = store(export)
  if not ok then dict:delete(claim) end
  return ok or nil, message
end

--- Stores how the request ended: "accepted", "refused" or "unknown". If there is no room, the export
-- stays "sending", and counts as "unknown" after SENDING_SECONDS.
function exports.finish(export, state, reason, action_id)
  export.state, export.reason, export.action_id = state, reason, action_id
  local ok, message = store(export)
  if not ok then ngx.log(ngx.ERR, "the end of an export is not stored: ", message) end
end

--- Handles the event mailbox.exported. After a success, the receiver does not call this again for the same event.
function exports.handle(event)
  local mailbox, action_id = event.data.mailboxId, event.data.actionId
  local export = type(mailbox) == "string" and exports.latest(mailbox)
  if not export or export.state == "done" or export.state == "refused" then return end
  if action_id and export.action_id and action_id ~= export.action_id then return end -- the event of another request
  return dict:safe_set(done_key(mailbox, export.number), ngx.time(), KEEP_SECONDS) -- false: the vendor delivers again
end

return exports
