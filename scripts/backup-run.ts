#!/usr/bin/env bun
/** Unattended backup of one job, for cron and systemd. Exit codes: see --help. */
import { checkBackupDirectories, runBackup } from "#lib/backup/run-backup.ts";
import { runScript } from "#lib/run/run-script.ts";

await runScript({
  name: "backup-run",
  summary: "take, verify and publish a backup of one job, then prune by its retention",
  checkFirst: checkBackupDirectories,
  main: runBackup,
});
