---Notices when a handler ends its request with ngx.exit, ngx.redirect or ngx.exec. These functions do not return, and
---pcall does not catch them. For nginx only.

local early_exit = {}

local MIN_FAILURE_STATUS = 300

local KEY = {} -- ngx.ctx[KEY]: the function `settle` for the handler that runs in this request or subrequest

local is_watching = false

-- Calls `settle` for the running handler, at most once. Does nothing if no handler runs, if the phase has no ngx.ctx,
-- or if there is no request.
local function notify(is_success, reason)
  local has_ctx, settle = pcall(function()
    return ngx.ctx[KEY]
  end)
  if not has_ctx or not settle then return end
  ngx.ctx[KEY] = nil
  settle(is_success, reason)
end

-- Returns the HTTP status that the sender gets after ngx.exit(code). ngx.OK does not change the status.
local function status_of(code)
  if code == ngx.OK then return ngx.status == 0 and ngx.HTTP_OK or ngx.status end
  return tonumber(code) or ngx.ERROR
end

---Replaces ngx.exit, ngx.redirect and ngx.exec. Each new function calls `settle` for the running handler, and then
---calls the old function. Code that stored ngx.exit in a local variable before the replacement still calls the old
---function. Does nothing outside nginx.
function early_exit.watch()
  if is_watching or not package.loaded.ngx then return end
  is_watching = true
  local exit = ngx.exit
  function ngx.exit(code, ...)
    local status = status_of(code)
    local is_success = status >= ngx.HTTP_OK and status < MIN_FAILURE_STATUS
    notify(is_success, ("it ended the request with status %d"):format(status))
    return exit(code, ...)
  end
  for _, name in ipairs { "redirect", "exec" } do
    local original = ngx[name]
    ngx[name] = function(...)
      notify(false, "it left the request with ngx." .. name)
      return original(...)
    end
  end
end

---Calls a function. If the function ends the request instead of returning, calls `settle`.
---@param settle fun(is_success: boolean, reason: string)
---@param call fun(...): ...
---@return boolean returned Like the first result of pcall.
---@return any result The first result of `call`, or the error.
---@return any message
function early_exit.call(settle, call, ...)
  if not is_watching then return pcall(call, ...) end
  ngx.ctx[KEY] = settle
  local returned, result, message = pcall(call, ...)
  ngx.ctx[KEY] = nil
  return returned, result, message
end

return early_exit
