---Finds out how an operation ends, from its answer and the webhook events that arrive. Pure.

local plan = require "cmr.settlement.plan"
local refused = require "cmr.settlement.refused"
local status = require "cmr.settlement.status"
local verdict = require "cmr.settlement.verdict"

local settlement = {
  awaitable = plan.awaitable,
  describe_failures = refused.describe,
  expected = plan.expected,
  failed_items = refused.items,
  failures_in_words = refused.in_words,
  judge = verdict.of,
  plan = plan.of,
  status_verdicts = status.verdicts,
  verdict_of_status = status.verdict,
  with_count = plan.with_count,
}

return settlement
