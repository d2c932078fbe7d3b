#!/usr/bin/env bun
/** Show every entry that starts a backup, and install one for a job: `schedule show | explain | install | remove`. */
import { runTool } from "#lib/run/run-tool.ts";
import { schedule } from "#lib/schedule/schedule.ts";

await runTool({
  name: "schedule",
  summary: "show | explain | install | remove what starts backups: cron, anacron, systemd timers",
  examples: [
    ["show", "everything on this machine that starts a backup"],
    ["explain", "when each of them starts next"],
    ['install --job shop --at "H 3,11,19 * * *"', "three times a day; H is a minute of this host"],
  ],
  operands: ["ACTION"],
  flags: {
    job: { value: "JOB", help: "install, remove: name of a file in /etc/lastgood, without .env (backup)" },
    at: {
      value: "TIMES",
      help: 'install, explain: five fields as in a crontab, H for a minute of this host\'s own ("H 3 * * *")',
    },
    with: { value: "OWNER", help: "install: cron or systemd (cron)" },
    "without-drill": { help: "install: no weekly drill of a restore" },
    "disable-legacy": { help: "install: switch off whatever else starts the job; a copy is kept" },
    "dry-run": { help: "install, remove: say what would be done; touch nothing" },
    root: { value: "DIR", help: "work on the machine whose / is this directory" },
  },
  main: schedule,
});
