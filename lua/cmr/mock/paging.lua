-- Lists in pages: the help centre's rule for all of them, and the documented page of subscriptions, which the lists
-- whose answers are not documented take for their model.
local json = require "cmr.mock.json"
local answer = require "cmr.mock.answer"

local paging = {}

local MOST = 100

--- The page of a list that a request asks for.
-- @param default items per page when it does not say; 20 when left out
-- @return the items, the page's number, how many pages there are
function paging.cut(request, list, default)
  local page, limit = request.fields.page or 1, request.fields.limit or default or 20
  -- assumed: more is refused, not brought down to it
  if limit > MOST then answer.refuse(400, ("'limit' must be at most %d"):format(MOST), "status 400; message") end
  local items = json.array()
  for index = (page - 1) * limit + 1, math.min(page * limit, #list) do
    items[#items + 1] = list[index]
  end
  return items, page, math.max(1, math.ceil(#list / limit))
end

--- The data of an answer: {[name] = items, pagination = {...}}.
-- @param show function(item) -> what is shown of it
function paging.data(request, name, list, show, default)
  local items, page, pages = paging.cut(request, list, default)
  for index, item in ipairs(items) do
    items[index] = show(item)
  end
  return {
    [name] = items,
    pagination = {
      totalSearchedCount = #list,
      currentPage = page,
      nextPage = page + 1, -- the documented sample names a page that is not there, too
      totalPages = pages,
    },
  }
end

return paging
