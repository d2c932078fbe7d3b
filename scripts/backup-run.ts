#!/usr/bin/env bun
/** Unattended backup of one job, for cron and systemd. Exit codes: see --help. */
import { checkBackupDirectories, runBackup } from "#lib/backup/run-backup.ts";
import { runScript } from "#lib/run/run-script.ts";

await runScript({
  name: "backup-run",
  summary: "take, verify and publish a backup of one job, then prune by its retention",
  examples: [
    ["--check-config", "is /etc/lastgood/backup.env valid, and what would be used"],
    ["--dry-run", "what a run would read, write and prune"],
    ["--config shop", "back up the job of /etc/lastgood/shop.env"],
  ],
  checkFirst: checkBackupDirectories,
  main: runBackup,
});
