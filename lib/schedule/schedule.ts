/** Who starts which backup when: show it, explain it, install ours, take it away. */
import { OpsError } from "#lib/core/ops-error.ts";
import { suggest } from "#lib/core/suggest.ts";
import type { Tool, ToolResult } from "#lib/core/tool.ts";
import { explainSchedule } from "#lib/schedule/explain.ts";
import { installSchedule } from "#lib/schedule/install.ts";
import { removeSchedule } from "#lib/schedule/remove.ts";
import { showSchedule } from "#lib/schedule/show.ts";

const actions: Readonly<Record<string, (tool: Tool) => Promise<ToolResult>>> = {
  show: showSchedule,
  explain: explainSchedule,
  install: installSchedule,
  remove: removeSchedule,
};

/** The operand says what to do. */
export async function schedule(tool: Tool): Promise<ToolResult> {
  const [name = ""] = tool.operands;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action !== undefined) return action(tool);
  const known = Object.keys(actions);
  const near = suggest(name, known);
  throw new OpsError(`Unknown action "${name}"`, {
    outcome: "usage",
    hint: near === undefined ? `Known: ${known.join(", ")}` : `Did you mean ${near}?`,
  });
}
