---A list whose first item always has the smallest key. The time for adding an item, and for taking the first item,
---grows with the logarithm of the number of items.

local heap = {}

---Adds an item to a heap.
---@param items table The heap; {} at first. items[1] is the item with the smallest key.
---@param item table
---@param field string The name of the field that holds an item's key, a number.
function heap.push(items, item, field)
  local index, key = #items + 1, item[field]
  while index > 1 do
    local parent = math.floor(index / 2)
    if items[parent][field] <= key then break end
    items[index], index = items[parent], parent
  end
  items[index] = item
end

---Takes the first item from a heap.
---@return table? item Nil when the heap is empty.
function heap.pop(items, field)
  local count, first = #items, items[1]
  local item = items[count]
  items[count] = nil
  count = count - 1
  if count < 1 then return first end
  local index, key = 1, item[field]
  while index * 2 <= count do
    local child = index * 2
    if child < count and items[child + 1][field] < items[child][field] then child = child + 1 end
    if key <= items[child][field] then break end
    items[index], index = items[child], child
  end
  items[index] = item
  return first
end

return heap
