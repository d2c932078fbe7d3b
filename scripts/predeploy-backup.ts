#!/usr/bin/env bun
/** Trigger every backup of a host in stages, and say whether it may be deployed to. Exit codes: see --help. */
import { runPredeploy } from "#lib/predeploy/run-predeploy.ts";
import { runScript } from "#lib/run/run-script.ts";

await runScript({
  name: "predeploy-backup",
  summary:
    "run all systemd backup units in stages before a deployment: 0 deploy, 1 deploy with care, 2 do not",
  examples: [
    ["--dry-run", "what would be run, and whether there is room"],
    ["--yes && ./deploy", "deploy after complete backups only"],
    ["--yes --host nas1,root@nas2", "several hosts by ssh, one verdict"],
  ],
  purpose: "predeploy",
  flags: {
    yes: { help: "do not ask before anything is started" },
    host: { value: "HOST", help: "another host by ssh, or several with commas: instead of PREDEPLOY_HOSTS" },
    user: { help: "the units of the user who runs it: PREDEPLOY_MANAGER=user" },
  },
  main: runPredeploy,
});
