---The mock's answers: a status and the documented envelope {status, message, data, actionId}. The mock returns a list
---in pages.

local json = require "cmr.mock.json"
local random = require "cmr.util.random"
local samples = require "cmr.samples"

local answer = {}

local PAGE_ITEMS = 20 -- the default; a request may ask for another number in `limit`

---Makes an answer.
---@param status integer
---@param message string
---@param data any Nil means null; false omits the member, as some documented answers do.
---@param members table? More members of the envelope, such as {actionId}.
---@return table answer {status, headers, envelope}
function answer.new(status, message, data, members)
  local envelope = { status = status, message = message }
  if data == nil then
    envelope.data = json.null
  elseif data ~= false then
    envelope.data = data
  end
  for name, value in pairs(members or {}) do
    envelope[name] = value
  end
  return { status = status, headers = {}, envelope = envelope }
end

---Names the undocumented parts of an answer in its header x-mock-assumed.
---@param reply table
---@param what string
---@return table reply
function answer.assume(reply, what)
  local before = reply.headers["x-mock-assumed"]
  reply.headers["x-mock-assumed"] = before and before .. "; " .. what or what
  return reply
end

local function action(wanted)
  return wanted and { actionId = "ACT_" .. random.uuid() } or nil
end

-- Makes the answer of an operation from its documented answer.
local function documented(sample, status, data, message)
  if data == nil then data = sample.data ~= nil and json.null end
  local reply = answer.new(status, message or sample.message, data, action(sample.actionId))
  return reply.envelope.message == sample.message and reply or answer.assume(reply, "message")
end

-- Makes the answer of an operation without a documented answer. The answer is like the documented answers of other
-- operations.
local function undocumented(operation, status, data, message, data_is_documented)
  local reply = answer.assume(answer.new(status, message, data, action(operation.flags.async)), "message")
  if not data_is_documented then answer.assume(reply, "data") end
  return operation.flags.async and answer.assume(reply, "actionId") or reply
end

---Makes the answer of a successful request: the operation's documented answer, with this data. If no answer is
---documented, the answer is like the documented answers of other operations.
---@param request table
---@param data any The answer's member `data`. Nil gives null, or no member if the documented answer has none.
---@param message string? Default: the documented message. Needed if no message is documented.
---@return table answer
function answer.success(request, data, message)
  local operation = request.operation
  local sample = samples[operation.name] or {}
  local status = sample.status or 200
  if sample.answer then return documented(json.decode(sample.answer), status, data, message) end
  return undocumented(operation, status, data, message, sample.partial)
end

---Refuses the request by raising the answer. The handlers do not catch the answer; answer.of catches and returns it.
---@param status integer
---@param message string
---@param assumed string|false|nil The assumed parts of the answer. Nil means "message"; false means none.
function answer.refuse(status, message, assumed)
  local reply = answer.new(status, message)
  if assumed ~= false then answer.assume(reply, assumed or "message") end
  error(reply, 0)
end

---Calls a function that may raise a refusal.
---@param handler function
---@param ... any its arguments
---@return any result The result of the function, or the answer that it raised.
function answer.of(handler, ...)
  local ok, reply = pcall(handler, ...)
  if ok or type(reply) == "table" and reply.envelope then return reply end
  error(reply, 0)
end

---Returns the items on the requested page of a list.
---@param request table
---@param list table[]
---@param page_items integer? The number of items on a page if the request names none. Default: 20.
---@return table items
---@return integer page the number of the page
---@return integer pages the number of pages
function answer.page(request, list, page_items)
  local page, limit = request.fields.page or 1, request.fields.limit or page_items or PAGE_ITEMS
  local items = json.array()
  for index = (page - 1) * limit + 1, math.min(page * limit, #list) do
    items[#items + 1] = list[index]
  end
  return items, page, math.max(1, math.ceil(#list / limit))
end

---Makes the data of a list: {[name] = items, pagination = {...}}, as documented for subscriptions. Assumed: other lists
---have this form too.
---@param request table
---@param name string
---@param list table[]
---@param show function Turns an item into its form in the answer.
---@param page_items integer?
---@return table data
function answer.list(request, name, list, show, page_items)
  local items, page, pages = answer.page(request, list, page_items)
  for index, item in ipairs(items) do
    items[index] = show(item)
  end
  return {
    [name] = items,
    pagination = {
      totalSearchedCount = #list,
      currentPage = page,
      nextPage = page + 1, -- the documented sample has it even on the last page
      totalPages = pages,
    },
  }
end

---Returns the body of an answer as text.
---@param reply table
---@return string
function answer.body(reply)
  return reply.body or json.encode(reply.envelope)
end

return answer
