/** The commands of `restore`. */
import { OpsError } from "#lib/core/ops-error.ts";
import { suggest } from "#lib/core/suggest.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { listSets } from "#lib/restore/list-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { checkFlags } from "#lib/restore/restore-flags.ts";
import { restoreSet } from "#lib/restore/restore-set.ts";
import { showSet } from "#lib/restore/show-set.ts";
import { verifySets } from "#lib/restore/verify-sets.ts";
import { askAndRestore } from "#lib/restore/wizard.ts";

const commands: Readonly<Record<string, (context: RestoreContext) => Promise<ToolResult>>> = {
  list: listSets,
  show: showSet,
  verify: verifySets,
  restore: restoreSet,
};

/** The first operand names the command, those behind it are its own; without any, whoever is there is asked. */
export async function restore(context: RestoreContext): Promise<ToolResult> {
  const [name] = context.operands;
  if (name === undefined) return askAndRestore(context);
  const names = [...Object.keys(commands), "drill"];
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) {
    checkFlags(name, context.flags);
    return command(context);
  }
  const near = suggest(name, names);
  throw new OpsError(`Unknown command "${name}"`, {
    outcome: "usage",
    hint: near === undefined ? `Known: ${names.join(", ")}` : `Did you mean ${near}?`,
  });
}
