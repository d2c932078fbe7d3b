#!/usr/bin/env bun
/** The backup of one job, its sources chosen by hand. Exit codes: see --help. */
import { chooseFlags, chooseSources } from "#lib/backup/choose-sources.ts";
import { checkBackupDirectories, runBackup } from "#lib/backup/run-backup.ts";
import { runScript } from "#lib/run/run-script.ts";

await runScript({
  name: "manual-backup",
  summary: "choose what to back up, from a list or by name, and back it up now",
  examples: [
    ["", "choose from a list"],
    ["--stack plex sonarr --yes", "these two stacks, without a question"],
    ["--config shop --all --dry-run", "what a backup of all would do"],
  ],
  flags: chooseFlags,
  furtherOperands: Number.POSITIVE_INFINITY,
  checkFirst: checkBackupDirectories,
  choose: chooseSources,
  main: runBackup,
});
