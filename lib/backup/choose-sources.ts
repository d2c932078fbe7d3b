/** Choose by hand what is backed up: by names on the command line, or from a list on the terminal. */
import { createAsker, listDestinations } from "#lib/backup/destinations.ts";
import { findSources } from "#lib/backup/find-sources.ts";
import { type Candidate, listCandidates } from "#lib/backup/list-candidates.ts";
import { runPreflight } from "#lib/backup/preflight.ts";
import type { Settings } from "#lib/config/schema.ts";
import { parseChoice } from "#lib/core/choice.ts";
import { nameComponent } from "#lib/core/component-name.ts";
import { formatTable } from "#lib/core/format-table.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import { formatBytes } from "#lib/core/size.ts";
import { askSpace } from "#lib/preflight/ask-file-system.ts";

export const chooseFlags = {
  stack: { value: "NAME…", help: "back up these stacks" },
  source: { value: "NAME…", help: "back up these sources, by the names that the list shows" },
  all: { help: "back up everything" },
  yes: { help: "do not ask" },
} as const;

type Context = RunContext<Settings>;

/** Names of sources, or "all" of the job; undefined when the person changed their mind. Throws OpsError. */
export async function chooseSources(context: Context): Promise<readonly string[] | "all" | undefined> {
  const { operator } = context;
  const named = readNames(context);
  if (!operator.isThere && (named === undefined || operator.flags["yes"] !== true)) {
    throw new OpsError("Cannot ask what to back up: this is no terminal", {
      outcome: "usage",
      hint: "--stack NAME --yes, --source NAME --yes, or --all --yes",
    });
  }
  const selection = named === "all" ? undefined : named;
  const candidates = await readCandidates({ ...context, selection });
  const isSure = operator.flags["yes"] === true;
  const chosen = named === undefined ? await ask(context, candidates) : candidates;
  if (chosen === undefined || chosen.length === 0) return undefined;
  if (operator.isThere) await operator.tell(await summarize(context, chosen));
  if (!(isSure || (await operator.confirm("Proceed with the backup?")) === true)) return undefined;
  const isAll = selection === undefined && chosen.length === candidates.length;
  return isAll ? "all" : chosen.map(({ name }) => name);
}

/** What the command line names; undefined when it names nothing. */
function readNames({ operator }: Context): readonly string[] | "all" | undefined {
  const { flags, operands } = operator;
  const [stack, source] = [flags["stack"], flags["source"]];
  if (stack !== undefined && source !== undefined) {
    throw new OpsError("Cannot take --stack and --source together", {
      outcome: "usage",
      hint: "--source takes the names of stacks as well, as the list shows them",
    });
  }
  if (typeof stack === "string") return [stack, ...operands].map((name) => nameComponent(name));
  if (typeof source === "string") return [source, ...operands];
  if (operands.length > 0) {
    throw new OpsError(`Unexpected argument "${operands[0]}"`, {
      outcome: "usage",
      hint: "--stack NAME… or --source NAME…",
    });
  }
  return flags["all"] === true ? "all" : undefined;
}

/** What can be backed up at this moment. Throws OpsError "failed" when the checks refuse a backup. */
async function readCandidates(context: Context): Promise<readonly Candidate[]> {
  const sources = await findSources(context);
  if (context.operator.isThere) await context.operator.tell("Running pre-flight checks...\n");
  // Without any effect: no lock is held yet.
  const looking = { ...context, isDryRun: true };
  const preflight = await runPreflight(looking, sources, listDestinations(context.settings), undefined);
  if (preflight.refusal !== undefined) {
    const { message, hint } = preflight.refusal;
    throw new OpsError(`Preflight refused: ${message}`, { outcome: "failed", hint });
  }
  return listCandidates(context, preflight);
}

async function ask(
  context: Context,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[] | undefined> {
  const { operator } = context;
  const rows = candidates.map((one, place) => [`${place + 1})`, one.name, one.state, one.size, one.age]);
  await operator.tell(`\n${formatTable([["", "SOURCE", "STATE", "SIZE", "LAST BACKUP"], ...rows])}\n\n`);
  for (;;) {
    const answer = await operator.ask("Back up which? (1-3 5, all; Enter for a list, q to leave) ");
    if (answer === undefined || /^q(uit)?$/i.test(answer.trim())) return undefined;
    if (answer.trim() === "") return pick(context, candidates);
    const choice = parseChoice(answer, candidates.length);
    if (choice.ok) return candidates.filter((_one, place) => choice.places.includes(place));
    await operator.tell(`${choice.problem}\n`);
  }
}

async function pick(
  { operator }: Context,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[] | undefined> {
  const options = candidates.map(({ name, state, size, age }) => ({
    value: name,
    label: `${name}  ${[state, size, age].filter((word) => word !== "").join(", ")}`,
  }));
  const picked = await operator.pick("Back up which?", options);
  return picked && candidates.filter(({ name }) => picked.includes(name));
}

/** What is about to happen, and whether there is room for it. */
async function summarize(context: Context, chosen: readonly Candidate[]): Promise<string> {
  const [{ root }] = listDestinations(context.settings);
  const space = await askSpace(createAsker(context), root);
  const known = chosen.filter((one) => one.expectedBytes !== undefined);
  const estimate = known.reduce((sum, one) => sum + (one.expectedBytes ?? 0), 0);
  const unknown = chosen.length - known.length;
  return [
    "",
    `${chosen.length} of this job's sources: ${chosen.map(({ name }) => name).join(", ")}`,
    `Estimated ${formatBytes(estimate)} at most${unknown === 0 ? "" : `, and ${unknown} of unknown size`}; ${space.ok ? formatBytes(space.value.freeBytes) : "unknown"} free in ${root}`,
    "",
  ].join("\n");
}
