#!/usr/bin/env bun
/** Bring the sets that wait for a store to it, without a new backup: after an outage, by hand or from cron. */
import { chooseNothing, runUpload } from "#lib/backup/run-upload.ts";
import { runScript } from "#lib/run/run-script.ts";

await runScript({
  name: "upload-waiting",
  summary: "bring the sets that wait for a store to it, oldest first, without a new backup",
  examples: [["--config shop", "after an outage of its stores"]],
  choose: chooseNothing,
  main: runUpload,
});
