/** `restore list`: what there is, newest first, in every place. */
import { join } from "node:path";
import { formatTable } from "#lib/core/format-table.ts";
import type { Manifest } from "#lib/core/manifest.ts";
import { stampOf } from "#lib/core/set-choice.ts";
import { formatBytes } from "#lib/core/size.ts";
import { showName } from "#lib/core/tar-judge.ts";
import type { ToolResult } from "#lib/core/tool.ts";
import { type FoundSet, type FoundSets, findSets } from "#lib/restore/find-sets.ts";
import type { RestoreContext } from "#lib/restore/places.ts";
import { readVerifications, type Verification } from "#lib/stores/verification-record.ts";

export async function listSets(context: RestoreContext): Promise<ToolResult> {
  const found = await findSets(context);
  const verifications = await readKnown(context);
  const rows = groupByRun(found.sets).map((copies) => describeSet(copies, verifications));
  const isWhole = found.unreachable.length === 0;
  return {
    outcome: isWhole ? "complete" : "partial",
    text: formatList(rows, found, context.flags["from"] !== undefined),
    json: {
      schema: 1,
      sets: rows,
      legacy: found.legacy.map(({ place, ...set }) => ({ ...set, place: place.name })),
      unknown: found.unknown.map(({ place, ...one }) => ({ ...one, place: place.name })),
      unreachable: found.unreachable.map(({ place, problem }) => ({ place: place.name, problem })),
    },
  };
}

/** The file of a job's verifications; undefined without a job. */
export function verificationPath({ settings }: RestoreContext): string | undefined {
  return settings === undefined ? undefined : join(settings.STATE_DIR, settings.JOB, "verified.json");
}

async function readKnown(context: RestoreContext): Promise<readonly Verification[]> {
  const path = verificationPath(context);
  return path === undefined ? [] : (await readVerifications(path)).verifications;
}

function groupByRun(sets: readonly FoundSet[]): (readonly [FoundSet, ...FoundSet[]])[] {
  const groups = new Map<string, [FoundSet, ...FoundSet[]]>();
  for (const set of sets) {
    const group = groups.get(set.manifest.runId);
    if (group === undefined) groups.set(set.manifest.runId, [set]);
    else group.push(set);
  }
  return [...groups.values()];
}

type Row = ReturnType<typeof describeSet>;

function describeSet(copies: readonly [FoundSet, ...FoundSet[]], verifications: readonly Verification[]) {
  const [{ manifest }] = copies;
  return {
    set: stampOf(manifest),
    host: manifest.host.name,
    job: manifest.job,
    runId: manifest.runId,
    startedAt: manifest.startedAt,
    outcome: manifest.outcome,
    bytes: manifest.components.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    components: manifest.components.map(({ name }) => name),
    missing: manifest.missing.map(({ name }) => name),
    copies: copies.map(({ place, path }) => {
      const last = verifications.findLast((one) => one.runId === manifest.runId && one.place === place.name);
      return {
        place: place.name,
        path: place.directory === undefined ? path : join(place.directory, path),
        verified: last ?? verifiedWhenMade(manifest),
      };
    }),
  };
}

/** Copies in stores were compared by hash when they were put there. */
function verifiedWhenMade({ verified }: Manifest) {
  return verified.how === "none" ? undefined : ({ at: verified.at, outcome: "complete" } as const);
}

function formatList(rows: readonly Row[], found: FoundSets, isAddress: boolean): string {
  const head = ["SET", "JOB", "OUTCOME", "SIZE", "COMPONENTS", "WHERE", "VERIFIED"];
  const table = formatTable([
    head,
    ...rows.map(({ set, host, job, outcome, bytes, components, missing, copies }) => [
      set,
      showName(`${host}/${job}`),
      outcome,
      formatBytes(bytes),
      showName([...components, ...missing.map((name) => `(no ${name})`)].join(", ")),
      copies.map(({ place }) => place).join(", "),
      describeVerified(copies),
    ]),
  ]);
  const others = [
    ...found.legacy.map(
      ({ stamp, kind, host, path, archives }) =>
        `Legacy (${kind}): ${stamp}${host === undefined ? "" : ` of ${showName(host)}`} in ${showName(path || ".")}: ` +
        archives.map(({ name, sizeBytes }) => `${showName(name)} ${formatBytes(sizeBytes)}`).join(", "),
    ),
    ...found.unknown.map(({ path, problem }) => `Not usable: ${showName(path)}: ${problem}`),
    ...found.unreachable.map(({ problem }) => `Not reached: ${problem}`),
  ];
  const none = `No sets${describeElsewhere(found, isAddress)}\n`;
  const list = rows.length > 0 ? table : found.legacy.length > 0 ? "" : none;
  return list + others.map((line) => `${line}\n`).join("");
}

/** Where else to look. */
function describeElsewhere({ others }: FoundSets, isAddress: boolean): string {
  if (others.length > 0)
    return ` of this job, but of ${others.map(showName).join(", ")}: choose with --host and --job`;
  return isAddress ? "" : "; archives of legacy scripts are listed with --from DIR";
}

function describeVerified(copies: Row["copies"]): string {
  const bad = copies.filter(({ verified }) => verified?.outcome === "failed");
  if (bad.length > 0) return `DAMAGED in ${bad.map(({ place }) => place).join(", ")}`;
  const times = copies.flatMap(({ verified }) => verified?.at ?? []).toSorted();
  return times.at(-1)?.slice(0, 16).replace("T", " ") ?? "never";
}
