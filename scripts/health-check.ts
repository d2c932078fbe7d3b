#!/usr/bin/env bun
/** Is there a recent good backup of every job, and would the next one work? From cron; exit codes are those of a Nagios plugin. */
import { checkHealth } from "#lib/health/check-health.ts";
import { runCheck } from "#lib/run/run-check.ts";

await runCheck({
  name: "health-check",
  summary: "is there a recent good backup of every job, and would the next one work",
  examples: [
    ["", "every job of this machine: what is wrong, and what to do"],
    ["--config shop --verbose", "one job, with the checks that are well"],
    ["--nagios", "for a monitor: one line with figures"],
  ],
  main: checkHealth,
});
