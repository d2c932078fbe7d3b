/** Which set a person means: `latest`, `latest-good`, or a time stamp. Pure. */
import type { Manifest } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";

export interface NamedSet {
  readonly manifest: Manifest;
  /** Below its place. */
  readonly path: string;
}

/** `20261121T030000Z`: the same for every copy of a set, whatever layout its store has. */
export function stampOf({ startedAt }: Manifest): string {
  return `${new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

/** Newest first. */
export function sortSets<Set extends NamedSet>(sets: readonly Set[]): Set[] {
  return sets.toSorted((a, b) => Date.parse(b.manifest.startedAt) - Date.parse(a.manifest.startedAt));
}

/** What lies beside the sets that one is chosen of. */
interface Beside {
  /** What has a manifest that cannot be used, and why. */
  readonly unusable: readonly string[];
  /** `HOST/JOB` of sets that are not asked for. */
  readonly others: readonly string[];
}

/** The copies of one set that are meant, `sets` being in the order in which places are preferred. Throws OpsError "usage" or "failed". */
export function chooseSet<Set extends NamedSet>(
  sets: readonly Set[],
  name: string,
  beside: Beside = { unusable: [], others: [] },
): readonly [Set, ...Set[]] {
  const isLatest = name === "latest" || name === "latest-good";
  if (isLatest) refuseSeveralJobs(sets);
  const candidates = sortSets(
    sets.filter((set) => (isLatest ? name === "latest" || isGood(set.manifest) : isNamed(set, name))),
  );
  const [first] = candidates;
  if (first === undefined) throw notFound(sets, name, beside);
  const runs = new Set(candidates.map(({ manifest }) => manifest.runId));
  if (!isLatest && runs.size > 1) {
    throw new OpsError(`"${name}" is the name of ${runs.size} sets`, {
      outcome: "usage",
      hint: `Name one: ${candidates.map(describe).join(", ")}`,
    });
  }
  const copies = candidates.filter(({ manifest }) => manifest.runId === first.manifest.runId);
  return [first, ...copies.slice(1)];
}

/** Everything asked for is in it, and nothing of it is in doubt. */
export function isGood({ outcome }: Manifest): boolean {
  return outcome === "complete";
}

/** By the whole stamp or its beginning, by its directory, or by the beginning of its run's id. */
function isNamed({ manifest, path }: NamedSet, name: string): boolean {
  const stamp = stampOf(manifest);
  const compact = name.replaceAll(/[-:]/g, "");
  return (
    path === name ||
    path.endsWith(`/${name}`) ||
    (compact.length >= 4 && stamp.startsWith(compact)) ||
    (name.length >= 8 && manifest.runId.startsWith(name))
  );
}

function refuseSeveralJobs(sets: readonly NamedSet[]): void {
  const jobs = new Set(sets.map(({ manifest }) => `${manifest.host.name}/${manifest.job}`));
  if (jobs.size <= 1) return;
  throw new OpsError(`There are sets of ${jobs.size} jobs: ${[...jobs].join(", ")}`, {
    outcome: "usage",
    hint: "Choose with --host and --job",
  });
}

function notFound(sets: readonly NamedSet[], name: string, { unusable, others }: Beside): OpsError {
  const [broken] = unusable;
  const what = sets.length === 0 ? "There is no set" : `There is no set "${name}"`;
  return new OpsError(broken === undefined ? what : `${what} that can be used: ${broken}`, {
    outcome: "failed",
    hint: hintOf(sets, others, broken !== undefined),
    problems: unusable,
  });
}

function hintOf(sets: readonly NamedSet[], others: readonly string[], isBroken: boolean): string {
  const isFirst = ({ manifest }: NamedSet, index: number) =>
    sets.findIndex((one) => one.manifest.runId === manifest.runId) === index;
  const newest = sortSets(sets.filter(isFirst)).slice(0, 5).map(describe);
  if (newest.length > 0) return `The newest are: ${newest.join(", ")}`;
  if (others.length > 0) return `There are sets of ${others.join(", ")}: choose with --host and --job`;
  return isBroken
    ? "Take the version that made it, or restore by hand: its archives need no manifest"
    : "Does --from, or BACKUP_DIR, lead to sets? Archives of legacy scripts are found with --from DIR";
}

function describe({ manifest }: NamedSet): string {
  return `${stampOf(manifest)} (${manifest.host.name}/${manifest.job}, ${manifest.outcome}, run ${manifest.runId.slice(0, 8)})`;
}
