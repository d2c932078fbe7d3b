#!/usr/bin/env bun
/** The backup of one job, its sources chosen by hand. Exit codes: see --help. */
import { chooseFlags, chooseSources } from "#lib/backup/choose-sources.ts";
import { checkBackupDirectories, runBackup } from "#lib/backup/run-backup.ts";
import { runScript } from "#lib/run/run-script.ts";

await runScript({
  name: "manual-backup",
  summary: "choose what to back up, from a list or by name, and back it up now",
  flags: chooseFlags,
  furtherOperands: Number.POSITIVE_INFINITY,
  checkFirst: checkBackupDirectories,
  choose: chooseSources,
  main: runBackup,
});
