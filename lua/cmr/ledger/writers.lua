---The processes that write into a ledger. A process's writer number is the id of its first request. The process holds a
---lock on this number until the process ends. The lock shows whether a "sending" request is still under way, or whether
---its process has died.

local writers = {}

---Gives this process its writer number, and locks the number. The number is the id of the process's first request.
---@param db any
---@param id integer the id of the process's first request
---@return integer? ok
---@return string? message
---@return string? reason The reason from cmr.sqlite.
function writers.take(db, id)
  local ok, message, reason = db:hold(id)
  if ok then
    ok, message, reason = db:run("UPDATE request SET writer = ? WHERE id = ?", id, id)
  end
  return ok, message, reason
end

---Returns whether the process that sent a request has ended without recording the outcome of the request.
---@param ledger cmr.Ledger
---@param db any
---@param request table
---@return boolean
function writers.has_left(ledger, db, request)
  return request.state == "sending" and request.writer ~= ledger.writer and db:is_held(request.writer) == false
end

---Returns the numbers of the writers that have a request under way, as a text such as ",7,12,".
---@param ledger cmr.Ledger
---@param db any
---@return string? list
---@return string? message
---@return string? reason
function writers.living(ledger, db)
  local rows, message, reason = db:rows "SELECT DISTINCT writer FROM request WHERE state = 'sending'"
  if not rows then return nil, message, reason end
  local list = ","
  for _, row in ipairs(rows) do
    if row.writer == ledger.writer or db:is_held(row.writer) ~= false then list = ("%s%d,"):format(list, row.writer) end
  end
  return list
end

return writers
