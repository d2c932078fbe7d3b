/** The commands of `restore` that are runs of their job: under its lock, with a journal, put right when they die. */
import type { Settings } from "#lib/config/schema.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { drill } from "#lib/restore/drill.ts";
import { confirmDatabaseInPlace, restoreDatabaseInPlace } from "#lib/restore/restore-database-in-place.ts";
import { checkFlags, listFlag } from "#lib/restore/restore-flags.ts";
import { confirmInPlace, restoreInPlace } from "#lib/restore/restore-in-place.ts";
import { confirmStackInPlace, restoreStackInPlace } from "#lib/restore/restore-stack.ts";

const drillCommand = "drill";

export const restoreRuns = {
  isMeant: ({
    operands,
    own,
  }: {
    readonly operands: readonly string[];
    readonly own: Readonly<Record<string, unknown>>;
  }): boolean => operands[0] === drillCommand || (operands[0] === "restore" && own["in-place"] === true),
  choose: async (run: RunContext<Settings>): Promise<readonly string[] | undefined> => {
    checkCommand(run);
    return isDrill(run) ? [drillCommand] : inPlaceOf(run).confirm(run);
  },
  main: async (run: RunContext<Settings>): Promise<RunResult> => {
    // Nobody is asked in a dry run.
    checkCommand(run);
    return isDrill(run) ? drill(run) : inPlaceOf(run).restore(run);
  },
};

function checkCommand({ operator }: RunContext<Settings>): void {
  checkFlags(operator.operands[0] ?? "restore", operator.flags);
}

function isDrill({ operator }: RunContext<Settings>): boolean {
  return operator.operands[0] === drillCommand;
}

const inPlace = {
  application: { confirm: confirmInPlace, restore: restoreInPlace },
  database: { confirm: confirmDatabaseInPlace, restore: restoreDatabaseInPlace },
  stack: { confirm: confirmStackInPlace, restore: restoreStackInPlace },
} as const;

/** By the beginning of a component's name. Throws OpsError "usage" for flags that mean another place. */
function inPlaceOf({ operator }: RunContext<Settings>) {
  const other = ["to", "database"].find((name) => operator.flags[name] !== undefined);
  if (other !== undefined) {
    throw new OpsError(`--${other} names another place than --in-place`, {
      outcome: "usage",
      hint: "Give one of them: without --in-place nothing that exists is touched",
    });
  }
  const names = listFlag(operator.flags["component"]);
  const isMeant = (kind: string) => names.some((name) => name.startsWith(`${kind}-`));
  return inPlace[isMeant("stack") ? "stack" : isMeant("database") ? "database" : "application"];
}
