--- What failed inside a success: some operations answer 200 although single items were refused. Pure.

--- The items of an answer that failed.
-- @tparam table operation the row; its column complete names the member that an item has when it went well
-- @tparam table res the envelope
-- @treturn table list of items, or nil when there are none
return function(operation, res)
  local data = res.data
  if type(data) ~= "table" then return nil end
  local failed = {}
  if type(data.unavailableDomains) == "table" then -- orders (help)
    for _, domain in ipairs(data.unavailableDomains) do
      failed[#failed + 1] = domain
    end
  end
  for _, item in ipairs(data) do
    if type(item) == "table" then
      local incomplete = operation and operation.complete and item[operation.complete] == nil
      if item.success == false or incomplete then -- success: bulk mailbox update (help)
        failed[#failed + 1] = item
      end
    end
  end
  return failed[1] ~= nil and failed or nil
end
