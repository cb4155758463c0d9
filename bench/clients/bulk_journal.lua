-- bulk_journal.lua FILE writes FILE.reexport.journal: the journal of a finished run over the rows of FILE. Runs in a
-- checkout from before the ledger.
local client = require("cmr").new()
local columns = require "cmr.cli.bulk.columns"
local file = arg[1]
local input = require("cmr.cli.bulk.input").open(file, nil, io)
local selection = require "cmr.cli.bulk.selection"

local HEADER = '{"journal":1,"operation":"reexport","url":"%s","key":"%s","at":"2026-06-23T09:00:00Z"}\n'
local ROW = '{"row":%d,"id":"%s","event":"sending","at":"2026-06-23T09:00:00Z"}\n'
  .. '{"row":%d,"id":"%s","event":"done","actionId":"ACT_%d","at":"2026-06-23T09:00:00Z"}\n'

local journal = assert(io.open(file .. ".reexport.journal", "wb"))
local read = columns.reader(require("cmr.operations").reexport, input, {}, {})
journal:write(HEADER:format(client:base_url(), client:key_id()))
for row in input:rows() do
  local id = selection.id((read(row)))
  journal:write(ROW:format(row.number, id, row.number, id, row.number))
end
journal:close()
