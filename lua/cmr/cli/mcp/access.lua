---Decides which operations an assistant may use, and what annotations they have. Pure.

local access = {}

---The classes of operations that --allow can name. Reads are always allowed.
access.CLASSES = { "write", "charge", "destroy" }

local CONSEQUENCES = { write = "changes data", charge = "charges money", destroy = "destroys" }

---Returns whether an operation only reads.
---@return boolean
function access.is_read(operation)
  return operation.method == "GET" or operation.flags.safe == true
end

-- Returns all classes, such as charge and destroy, that must be allowed for an operation.
local function needed(operation)
  if access.is_read(operation) then return {} end
  local classes = {}
  if operation.flags.charges then classes[#classes + 1] = "charge" end
  if operation.flags.danger then classes[#classes + 1] = "destroy" end
  if not classes[1] then classes[1] = "write" end
  return classes
end

---Returns the reason why an operation is not allowed, or nil if it is allowed.
---@param allowed table<string, boolean> the allowed classes
---@return string? reason
function access.refusal(allowed, operation)
  for _, class in ipairs(needed(operation)) do
    if not allowed[class] then
      local format = "%s %s, which this server does not allow: the user can start it with 'cmr mcp --allow %s'"
      return format:format(operation.name, CONSEQUENCES[class], class)
    end
  end
end

local REPLACES = { PUT = true, PATCH = true, DELETE = true }

---Returns the annotations of an operation's tool.
---@return table
function access.annotations(operation)
  local flags, is_read = operation.flags, access.is_read(operation)
  local counts = flags.charges or flags.quota or flags.flips
  return {
    title = operation.title,
    readOnlyHint = is_read,
    destructiveHint = not is_read and flags.danger == true,
    idempotentHint = is_read or (REPLACES[operation.method] and not counts) or false,
    openWorldHint = true,
  }
end

return access
