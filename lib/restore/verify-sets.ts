/** `restore verify`: one set, all of them, or a sample, in every place; what was found is recorded with the job. */

import { OpsError } from "#lib/core/ops-error.ts";
import { isGood, stampOf } from "#lib/core/set-choice.ts";
import { formatBytes } from "#lib/core/size.ts";
import { sha256OfText } from "#lib/core/text-hash.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { chooseAmong } from "#lib/restore/choose-found.ts";
import { type FoundLegacySet, type FoundSet, type FoundSets, findSets } from "#lib/restore/find-sets.ts";
import { verificationPath } from "#lib/restore/list-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { verifyCopy } from "#lib/restore/verify-copy.ts";
import { verifyLegacy } from "#lib/restore/verify-legacy.ts";
import { recordVerifications, type Verification } from "#lib/stores/verification-record.ts";

interface Verdict {
  readonly set: string;
  readonly place: string;
  readonly path: string;
  readonly problems: readonly string[];
  readonly bytes: number;
  readonly how: string;
  readonly seconds: number;
}

export async function verifySets(context: RestoreContext): Promise<ToolResult> {
  const found = await findSets(context);
  const { sets, legacy } = chooseSets(context, found);
  const verdicts: Verdict[] = [];
  for (const set of sets) verdicts.push(await verifyOne(context, set));
  for (const set of legacy) verdicts.push(await verifyOld(context, set));
  const lacking = listUnverified(context, found, sets);
  const isSound = verdicts.every(({ problems }) => problems.length === 0) && lacking.length === 0;
  return {
    // A place that gives no answer may have copies that nobody has looked at.
    outcome: isSound ? (found.unreachable.length === 0 ? "complete" : "partial") : "failed",
    text: [...verdicts.map(formatVerdict), ...lacking.map((problem) => `NOT VERIFIED: ${problem}\n`)].join(
      "",
    ),
    json: { schema: 1, verified: verdicts, lacking },
  };
}

/** What cannot even be listed is not verified: nobody shall take the copies that can for all of them. */
function listUnverified({ flags }: RestoreContext, found: FoundSets, sets: readonly FoundSet[]): string[] {
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const names = new Set(sets.map(({ path }) => nameOf(path)));
  const isAll = flags["all"] === true;
  const unknown = found.unknown.filter(({ path }) => isAll || names.has(nameOf(path)));
  return [
    ...unknown.map(({ place, path, problem }) => `${path} in ${place.name}: ${problem}`),
    ...(isAll ? found.unreachable : []).map(({ problem }) => problem),
  ];
}

type Chosen = Pick<FoundSets, "sets" | "legacy">;

function chooseSets({ operands, flags, runId }: RestoreContext, found: FoundSets): Chosen {
  const [, name] = operands;
  const { all, sample } = { all: flags["all"] === true, sample: flags["sample"] };
  if ([name !== undefined, all, sample !== undefined].filter(Boolean).length > 1) {
    throw new OpsError("Give one of SET, --all and --sample", { outcome: "usage" });
  }
  if (all || typeof sample === "string") {
    if (found.sets.length + found.legacy.length + found.unknown.length === 0) {
      throw new OpsError("There is no set to verify", { outcome: "failed" });
    }
    return typeof sample === "string" ? pickSample(found, parsePercent(sample), runId) : found;
  }
  const chosen = chooseAmong(found, name ?? "latest");
  return chosen.kind === "ours" ? { sets: chosen.copies, legacy: [] } : { sets: [], legacy: [chosen.set] };
}

function parsePercent(text: string): number {
  const percent = Number(text.replace(/%$/, ""));
  if (percent > 0 && percent <= 100) return percent;
  throw new OpsError(`Cannot sample "${text}"`, { outcome: "usage", hint: "Give a percentage: --sample 10" });
}

/** By chance, another sample each time; never none. */
function pickSample({ sets, legacy }: FoundSets, percent: number, seed: string): Chosen {
  const rank = (key: string) => sha256OfText(`${seed} ${key}`);
  const all = [
    ...sets.map((set) => ({ key: rank(`${set.place.name} ${set.path}`), set, old: undefined })),
    ...legacy.map((old) => ({ key: rank(`${old.stamp} ${old.path}`), set: undefined, old })),
  ];
  const wanted = all
    .toSorted((a, b) => a.key.localeCompare(b.key))
    .slice(0, Math.max(1, Math.round((all.length * percent) / 100)));
  return { sets: wanted.flatMap(({ set }) => set ?? []), legacy: wanted.flatMap(({ old }) => old ?? []) };
}

async function verifyOne(context: RestoreContext, set: FoundSet): Promise<Verdict> {
  const { clock } = context.deps;
  const { place, path, manifest } = set;
  const startedMs = clock.monotonicMs();
  const { problems, bytes, how } = await verifyCopy(context, set);
  await record(context, {
    runId: manifest.runId,
    place: place.name,
    at: clock.now().toISOString(),
    outcome: problems.length === 0 ? "complete" : "failed",
    problems: [...problems],
  });
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  const lacks = isGood(manifest) ? "" : ", whole, but its run was partial";
  return { set: stampOf(manifest), place: place.name, path, problems, bytes, how: how + lacks, seconds };
}

async function verifyOld(context: RestoreContext, set: FoundLegacySet): Promise<Verdict> {
  const { clock } = context.deps;
  const startedMs = clock.monotonicMs();
  const problems = await verifyLegacy(context, set);
  const seconds = (clock.monotonicMs() - startedMs) / 1000;
  const bytes = set.archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const hasSums = set.archives.every(({ sumFile }) => sumFile !== undefined);
  const how = hasSums ? "legacy, content and hash" : "legacy, content only: it has no hash";
  return { set: set.stamp, place: set.place.name, path: set.path, problems, bytes, how, seconds };
}

/** At once, not at the end: what has been verified is known whatever happens to the rest. */
async function record(context: RestoreContext, verification: Verification): Promise<void> {
  const path = verificationPath(context);
  if (path !== undefined && !context.isDryRun) await recordVerifications(path, [verification]);
}

function formatVerdict({ set, place, path, problems, bytes, how, seconds }: Verdict): string {
  const where = `${set} in ${place} (${path})`;
  if (problems.length > 0)
    return `DAMAGED: ${where}\n${problems.map((problem) => `  ${problem}\n`).join("")}`;
  return `Verified: ${where}: ${formatBytes(bytes)} in ${seconds.toFixed(1)} s (${how})\n`;
}
