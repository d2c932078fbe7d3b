#!/usr/bin/env bun
/** Read a legacy configuration as data, print ours, say what changed. Touches nothing. */
import { migrate } from "#lib/migrate/migrate.ts";
import { importers } from "#lib/migrate/registry.ts";
import { runTool } from "#lib/run/run-tool.ts";

await runTool({
  name: "migrate",
  summary: `print the configuration that replaces a legacy script's, and what is different; IMPORTER: ${importers.map(({ name }) => name).join(", ")}`,
  examples: [
    [
      "app-backup /usr/local/bin/backup-run.sh",
      "the configuration that replaces this script, and what it does otherwise",
    ],
    ["docker-stacks /opt/backup/config.sh", "the same for the scripts that stop compose stacks"],
  ],
  operands: ["IMPORTER", "FILE"],
  main: migrate,
});
