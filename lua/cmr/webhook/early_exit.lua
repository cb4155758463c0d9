---Notices a handler that ends its request: ngx.exit, ngx.redirect and ngx.exec do not return, and no pcall catches
---them. nginx only.

local early_exit = {}

local MIN_FAILURE_STATUS = 300

local KEY = {} -- in ngx.ctx: what to call when the request ends. Subrequests and other requests have their own.

local is_watching = false

-- Calls back once. Outside a request, and in phases without ngx.ctx, there is nothing to call.
local function notify(is_success, reason)
  local has_ctx, settle = pcall(function()
    return ngx.ctx[KEY]
  end)
  if not has_ctx or not settle then return end
  ngx.ctx[KEY] = nil
  settle(is_success, reason)
end

-- Returns the status that the sender gets. ngx.OK ends the handler and leaves the status as it was set.
local function status_of(code)
  if code == ngx.OK then return ngx.status == 0 and ngx.HTTP_OK or ngx.status end
  return tonumber(code) or ngx.ERROR
end

---Replaces nginx's functions. The new ones first notify the request of the running handler, and then do the same. They
---do not notice code that has ngx.exit in a local variable from before. Does nothing outside nginx.
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

---Calls a function, and `settle` if it ends its request before it returns.
---@param settle fun(is_success: boolean, reason: string)
---@param call fun(...): ...
---@return boolean returned as of pcall
---@return any result or the error
---@return any message
function early_exit.call(settle, call, ...)
  if not is_watching then return pcall(call, ...) end
  ngx.ctx[KEY] = settle
  local returned, result, message = pcall(call, ...)
  ngx.ctx[KEY] = nil
  return returned, result, message
end

return early_exit
