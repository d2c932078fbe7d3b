/** How a run of a unit ended, from the journal: for one that systemd forgot while nobody could hold it. */
import { z } from "zod";
import type { Exec } from "#lib/core/deps.ts";
import { type RecalledRun, recallRun } from "#lib/core/unit-journal.ts";
import { askJournal } from "#lib/units/read-unit-journal.ts";
import type { ManagerTarget } from "#lib/units/unit-manager.ts";

const entrySchema = z.record(z.string(), z.unknown());

/** Undefined when the journal does not say it either. */
export async function recallFromJournal(
  exec: Exec,
  target: ManagerTarget,
  invocationId: string,
): Promise<RecalledRun | undefined> {
  const result = await askJournal(exec, target, invocationId, ["--output=json"]);
  if (result.exitCode !== 0) return undefined;
  const entries = result.stdout.split("\n").flatMap((line) => {
    try {
      return [entrySchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
  return recallRun(entries);
}
