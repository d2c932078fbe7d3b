import { OpsError } from "#lib/core/ops-error.ts";

/** Flags of `restore` beside the common ones. */
export const restoreFlags = {
  from: {
    value: "PLACE",
    help: "work without a configuration on this directory, ssh://USER@HOST:PORT/PATH or rclone:REMOTE:PATH",
  },
  "key-file": { value: "FILE", help: "private key for --from ssh://…" },
  host: { value: "NAME", help: "sets of this host" },
  job: { value: "NAME", help: "sets of this job" },
  all: { help: "list, verify: every set of every job, in every place" },
  sample: { value: "PERCENT", help: "verify: so many of the sets, chosen by chance" },
  component: { value: "NAME", help: "restore, drill: only these components, separated by commas" },
  to: {
    value: "DIR",
    help: "restore, drill: into this directory, which is made; nothing in it is overwritten",
  },
  database: { value: "NAME", help: "restore: name of the new database that a dump is loaded into" },
  "in-place": {
    help: "restore: replace the application in APP_DIR, a stack or a database (--component stack-NAME, database-NAME); what was there is kept beside it",
  },
  start: { help: "restore --in-place: bring the stack up by its compose file afterwards" },
  "start-stacks": { help: "drill: start a copy of each stack as well, as DRILL_START_STACKS does" },
  yes: { help: "restore --in-place: do not ask" },
  trust: {
    help: "a set of another host as if it were ours: restore its devices and set-id bits, load its dumps; drill: start its stacks",
  },
} as const;

/** Commands that take a flag; those without a line choose the sets of any. */
const takers: Readonly<Record<string, readonly string[]>> = {
  all: ["list", "verify"],
  sample: ["verify"],
  component: ["restore", "drill"],
  to: ["restore", "drill"],
  database: ["restore"],
  "in-place": ["restore"],
  start: ["restore"],
  "start-stacks": ["drill"],
  yes: ["restore"],
  trust: ["restore", "drill"],
};

/** Whoever writes what a command does not know expects something of it. Throws OpsError "usage". */
export function checkFlags(command: string, flags: Readonly<Record<string, string | boolean>>): void {
  for (const name of Object.keys(flags)) {
    const known = takers[name] ?? [command];
    if (known.includes(command)) continue;
    throw new OpsError(`"--${name}" means nothing to ${command}`, {
      outcome: "usage",
      hint: `It is of ${known.join(" and ")}`,
    });
  }
}

/** The items of a flag that takes several, separated by commas. */
export function listFlag(value: string | boolean | undefined): readonly string[] {
  if (typeof value !== "string") return [];
  return value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
