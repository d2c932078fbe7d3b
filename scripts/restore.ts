#!/usr/bin/env bun
/** Get data back: what sets there are, whether they are whole, and out of them what is needed. */
import { restore } from "#lib/restore/restore.ts";
import { restoreFlags } from "#lib/restore/restore-flags.ts";
import { restoreRuns } from "#lib/restore/restore-runs.ts";
import { runCommand } from "#lib/run/run-command.ts";

await runCommand({
  name: "restore",
  summary:
    "list, show and verify sets, and restore from them: list | show SET | verify SET | restore SET [PATH…] | drill [SET]",
  operands: ["COMMAND", "[SET]", "[PATH…]"],
  flags: restoreFlags,
  isWithoutJob: (flags) => flags["from"] !== undefined,
  main: restore,
  asRun: restoreRuns,
});
