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
  examples: [
    ["list", "the sets in every place, newest first"],
    ["restore latest", "everything, into a new directory and new databases"],
    ["restore latest storage/uploads", "single files and directories"],
    ["restore latest-good --in-place", "replace the application, which is kept beside it"],
    ["verify --all", "is all of it whole?"],
  ],
  operands: ["COMMAND", "[SET]", "[PATH…]"],
  flags: restoreFlags,
  isWithoutJob: (flags) => flags["from"] !== undefined,
  main: restore,
  asRun: restoreRuns,
});
