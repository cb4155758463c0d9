---The tables of the ledger's database. To change them, add a migration. When cmr opens a ledger of an older version,
---cmr migrates the ledger. cmr refuses a ledger of a newer version.

local schema = {}

-- request: what was sent.
--   writer: an id that stands for the sending process. It is the id of the process's first request. See
--   cmr.ledger.writers.
--   superseded: the id of the request that repeated this request.
--   plan: what client:await waits for, as JSON.
-- request_id: every id in a request or its answer, such as ("order", "ORD_1").
-- run: the bulk runs.
--   digest: the digest of all rows of the run. The order of the rows does not matter.
--   round: 1 at first; --again begins the run anew and adds 1.
--   round_after: the id of the newest request when the round began. Only later requests count for the round. This is an
--   id instead of a time, because the clock may be set back.
-- claim, entry, count: the store, see cmr.Store.
local MIGRATIONS = {
  {
    [[CREATE TABLE request (
      id INTEGER PRIMARY KEY, account TEXT NOT NULL, operation TEXT NOT NULL, digest TEXT NOT NULL,
      run INTEGER, row INTEGER, user TEXT, writer INTEGER NOT NULL, superseded INTEGER,
      state TEXT NOT NULL, retry_at REAL, kind TEXT, outcome TEXT, status INTEGER, message TEXT,
      failed_items INTEGER, plan TEXT, sent_at REAL NOT NULL, ended_at REAL)]],
    "CREATE INDEX request_by_content ON request (digest, operation, account)",
    "CREATE INDEX request_by_run ON request (run) WHERE run IS NOT NULL",
    "CREATE INDEX request_open ON request (state) WHERE state IN ('sending', 'accepted', 'unknown')",
    "CREATE TABLE request_id (request INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL)",
    "CREATE INDEX request_id_by_id ON request_id (id, kind)",
    "CREATE INDEX request_id_by_request ON request_id (request)",
    [[CREATE TABLE run (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, operation TEXT NOT NULL,
      digest TEXT NOT NULL, rows INTEGER NOT NULL, source TEXT, round INTEGER NOT NULL, round_at REAL NOT NULL,
      started_at REAL NOT NULL, ended_at REAL)]],
    "CREATE TABLE claim (name TEXT PRIMARY KEY, token TEXT, expires REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL, text BLOB NOT NULL, expires REAL NOT NULL)",
    "CREATE INDEX entry_by_name ON entry (name, id)",
    "CREATE TABLE count (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL, expires REAL NOT NULL)",
    "CREATE INDEX count_by_name ON count (name, id)",
    "CREATE TABLE slot (key TEXT PRIMARY KEY, next REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID",
  },
  {
    "ALTER TABLE run ADD COLUMN round_after INTEGER NOT NULL DEFAULT 0",
    [[UPDATE run SET round_after =
      coalesce((SELECT max(id) FROM request WHERE sent_at < round_at), 0) WHERE round_at > 0]],
  },
  { "DROP TABLE slot" }, -- the limiter has its own file
}

---The version of the tables that this version of cmr writes.
schema.VERSION = #MIGRATIONS

local function version_of(db)
  local row, message, reason = db:first "PRAGMA user_version"
  if not row then return nil, message, reason end
  return row.user_version
end

local function apply(db)
  local version = version_of(db) -- read again, because now no other process can change it
  for number = (version or 0) + 1, schema.VERSION do
    for _, sql in ipairs(MIGRATIONS[number]) do
      local ok, message, reason = db:run(sql)
      if not ok then return nil, message, reason end
    end
    local ok, message, reason = db:run(("PRAGMA user_version = %d"):format(number))
    if not ok then return nil, message, reason end
  end
  return true
end

---Migrates a database to the current version.
---@return true? ok
---@return string? message
---@return string? reason The reason from cmr.sqlite, or "newer".
function schema.update(db)
  local version, message, reason = version_of(db)
  if not version then return nil, message, reason end
  if version > schema.VERSION then return nil, "a newer cmr wrote it", "newer" end
  if version == schema.VERSION then return true end
  return db:transaction("BEGIN IMMEDIATE", apply)
end

return schema
