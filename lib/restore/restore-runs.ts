/** The commands of `restore` that are runs of their job: under its lock, with a journal, put right when they die. */
import type { Settings } from "#lib/config/schema.ts";
import type { RunContext, RunResult } from "#lib/core/run-context.ts";
import { drill } from "#lib/restore/drill.ts";
import { listFlag } from "#lib/restore/restore-flags.ts";
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
  choose: async (run: RunContext<Settings>): Promise<readonly string[] | undefined> =>
    isDrill(run) ? [drillCommand] : isOfStack(run) ? confirmStackInPlace(run) : confirmInPlace(run),
  main: (run: RunContext<Settings>): Promise<RunResult> =>
    isDrill(run) ? drill(run) : isOfStack(run) ? restoreStackInPlace(run) : restoreInPlace(run),
};

function isDrill({ operator }: RunContext<Settings>): boolean {
  return operator.operands[0] === drillCommand;
}

function isOfStack({ operator }: RunContext<Settings>): boolean {
  return listFlag(operator.flags["component"]).some((name) => name.startsWith("stack-"));
}
