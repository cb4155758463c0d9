--- Names that lead nowhere; the C library's resolver is replaced by slow_getaddrinfo.c. Columns: see spec.fault.rows.

local words = require "spec.fault.wording"

return {
  title = "Names",
  { "name that does not exist", plain = true, host = "fails.invalid", scripts = { words.well },
    GET = "network not_sent 2 - 0", POST = "network not_sent 2 - 0" },
  { "name server that does not answer", plain = true, host = "hangs.invalid", bound = "connect",
    scripts = { words.well },
    GET = "timeout not_sent 2 - 0", POST = "timeout not_sent 2 - 0" },
}
