/**
 * `restore` without a word, on a terminal: host, time, component, path, directory, and the plan before anything is done. It
 * ends in the same restore as the command line, whose words it says, so that the next time they can be typed.
 */
import { join } from "node:path";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Operator } from "#lib/core/run-context.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";
import { formatBytes } from "#lib/core/size.ts";
import { showName } from "#lib/core/tar-judge.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { type FoundSet, findSets } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { restoreSet } from "#lib/restore/restore-set.ts";

const setsShown = 20;

const nothing: ToolResult = {
  outcome: "complete",
  text: "Nothing was chosen, nothing was touched\n",
  json: { schema: 1, chosen: false },
};

export async function askAndRestore(context: RestoreContext): Promise<ToolResult> {
  const { operator } = context;
  const { sets, unknown } = await findSets({ ...context, flags: { ...context.flags, all: true } });
  for (const { place, path, problem } of unknown) {
    await operator.tell(`Not usable: ${showName(path)} in ${place.name}: ${problem}\n`);
  }
  const owner = await choose(operator, "Whose sets?", sets.map(ownerOf), (name) => name);
  const own = sets.filter((set) => ownerOf(set) === owner);
  const runs = own.filter((set, index) => own.findIndex((one) => isSameRun(one, set)) === index);
  const set = await choose(operator, "Of which time?", runs.slice(0, setsShown), (one) =>
    describeSet(one, own),
  );
  if (set === undefined) return nothing;
  const components = ["everything", ...set.manifest.components.map(({ name }) => name)];
  const component = await choose(operator, "What of it?", components, (name) => describeComponent(set, name));
  if (component === undefined) return nothing;
  const isArchive = set.manifest.components.some(
    ({ name, format }) => name === component && format === "tar",
  );
  const path = isArchive ? await operator.ask("Which path in it (empty: all of it)? ") : "";
  if (path === undefined) return nothing;
  const chosen = await askForDirectory(context, {
    name: nameSet(set, runs),
    set,
    component,
    path: path.trim(),
  });
  if (chosen === undefined) return nothing;
  return (await operator.confirm("Restore?")) === true ? restoreSet(chosen) : nothing;
}

interface Wish {
  readonly name: string;
  readonly set: FoundSet;
  /** `everything`, or one of them. */
  readonly component: string;
  readonly path: string;
}

/** Until there is one that takes it: the plan is shown, with the words that do the same. */
async function askForDirectory(context: RestoreContext, wish: Wish): Promise<RestoreContext | undefined> {
  const { operator } = context;
  for (;;) {
    const to = await operator.ask("Into which directory (empty: a new one here)? ");
    if (to === undefined) return undefined;
    const chosen = contextFor(context, wish, to.trim());
    try {
      const plan = await restoreSet({ ...chosen, isDryRun: true });
      const [same, inPlace] = [commandOf(chosen), commandInPlace(context, wish)];
      const offer = inPlace === undefined ? "" : `In the place of what is in use: ${inPlace}\n`;
      await operator.tell(`\n${plan.text}\nThe same without questions: ${same}\n${offer}`);
      return chosen;
    } catch (error) {
      if (!(error instanceof OpsError) || error.outcome !== "failed") throw error;
      await operator.tell(`${describeError(error)}\n`);
    }
  }
}

function contextFor(
  context: RestoreContext,
  { name, set, component, path }: Wish,
  to: string,
): RestoreContext {
  const { host, job } = set.manifest;
  const given = {
    ...(component === "everything" ? {} : { component }),
    ...(to === "" ? {} : { to }),
    host: host.name,
    job,
  };
  return {
    ...context,
    operands: ["restore", name, ...(path === "" ? [] : [path])],
    flags: { ...context.flags, ...given },
  };
}

/** As it can be typed, or copied. */
function commandOf({
  operator,
  operands,
  flags,
}: Pick<RestoreContext, "operator" | "operands" | "flags">): string {
  const { config } = operator;
  const given = Object.entries(config === undefined ? flags : { config, ...flags });
  const words = given.flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  return [...operator.scriptCommand("restore"), ...operands, ...words].map(quoteForShell).join(" ");
}

/** What this configuration is about can be replaced as well, by a run of its own; of a stack single paths too. */
function commandInPlace(
  { settings, host, operator, flags }: RestoreContext,
  { name, set, component, path }: Wish,
): string | undefined {
  const isOwn = set.manifest.host.name === host.name && set.manifest.job === settings?.JOB;
  const isStack = component.startsWith("stack-");
  const isKnown =
    isStack ||
    (component === "application" && settings?.APP_DIR !== undefined) ||
    settings?.DATABASES.some(({ componentName }) => componentName === component) === true;
  if (!(isOwn && isKnown) || (path !== "" && !isStack)) return undefined;
  const operands = ["restore", name, ...(path === "" ? [] : [path])];
  return commandOf({ operator, operands, flags: { ...flags, component, "in-place": true } });
}

/** Its time; where another set has the same second, its run. */
function nameSet(set: FoundSet, runs: readonly FoundSet[]): string {
  const stamp = stampOf(set.manifest);
  const isAlone = runs.filter(({ manifest }) => stampOf(manifest) === stamp).length === 1;
  return isAlone ? stamp : set.manifest.runId.slice(0, 8);
}

/** One of them, by its number; the only one without a question; undefined when nobody wants any. */
async function choose<Value>(
  { ask, tell }: Operator,
  question: string,
  values: readonly Value[],
  describe: (value: Value) => string,
): Promise<Value | undefined> {
  const distinct = [...new Set(values)];
  if (distinct.length <= 1) return distinct[0];
  const lines = distinct.map(
    (value, index) => `${String(index + 1).padStart(4)}  ${showName(describe(value))}\n`,
  );
  await tell(`\n${question}\n${lines.join("")}`);
  for (;;) {
    const answer = (await ask(`1-${distinct.length}, or empty to leave: `))?.trim();
    if (answer === undefined || answer === "") return undefined;
    const value = /^\d+$/.test(answer) ? distinct[Number(answer) - 1] : undefined;
    if (value !== undefined) return value;
    await tell(`"${answer}" is none of them\n`);
  }
}

function ownerOf({ manifest }: FoundSet): string {
  return join(manifest.host.name, manifest.job);
}

function isSameRun(one: FoundSet, other: FoundSet): boolean {
  return one.manifest.runId === other.manifest.runId;
}

function describeSet(set: FoundSet, all: readonly FoundSet[]): string {
  const { manifest } = set;
  const bytes = manifest.components.reduce((sum, { bytesOut }) => sum + bytesOut, 0);
  const places = all.filter((one) => isSameRun(one, set)).map(({ place }) => place.name);
  return `${stampOf(manifest)}  ${manifest.outcome}  ${formatBytes(bytes)}  in ${places.join(", ")}`;
}

function describeComponent({ manifest }: FoundSet, name: string): string {
  const component = manifest.components.find((one) => one.name === name);
  return component === undefined ? name : `${name}  (${component.format}, ${formatBytes(component.bytesIn)})`;
}
