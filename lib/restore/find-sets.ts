/** Every set in the places that are looked at, and what else lies there. */
import { basename, dirname } from "node:path";
import { findLegacySets, type LegacyFile, type LegacySet } from "#lib/core/legacy-archives.ts";
import { type Manifest, parseManifest } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { sortSets } from "#lib/core/set-choice.ts";
import { ask } from "#lib/preflight/ask-file-system.ts";
import { limitsOf, openPlaces, openUpper, type Place, type RestoreContext } from "#lib/restore/places.ts";

const sumsFile = "SHA256SUMS";

export interface FoundSet {
  readonly place: Place;
  /** Below the place. */
  readonly path: string;
  readonly manifest: Manifest;
}

export interface FoundLegacySet extends LegacySet {
  readonly place: Place;
}

export interface FoundSets {
  /** Newest first; the copies of one set in the order of the places. */
  readonly sets: readonly FoundSet[];
  /** `HOST/JOB` of sets that are there as well and not asked for. */
  readonly others: readonly string[];
  readonly legacy: readonly FoundLegacySet[];
  /** Without a manifest that can be used. */
  readonly unknown: readonly { readonly place: Place; readonly path: string; readonly problem: string }[];
  /** Places that gave no answer. */
  readonly unreachable: readonly { readonly place: Place; readonly problem: string }[];
}

/** Throws OpsError "failed" when no place gives an answer. */
export async function findSets(context: RestoreContext): Promise<FoundSets> {
  const places = openPlaces(context);
  const sets: FoundSet[] = [];
  const legacy: FoundLegacySet[] = [];
  const unknown: FoundSets["unknown"][number][] = [];
  const unreachable: FoundSets["unreachable"][number][] = [];
  for (const place of places) {
    try {
      const found = await lookInto(context, place);
      sets.push(...found.sets);
      unknown.push(...found.unknown);
      const files = await listFiles(context, place);
      const old = findLegacySets(files).map((set) => ({ ...set, place }));
      legacy.push(...old);
      unknown.push(...findWithoutManifest(files, [...found.sets, ...found.unknown, ...old], place));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof OpsError)) throw error;
      const problem = describeError(error);
      if (places.length === 1) throw error;
      context.log.warning("place.unreachable", problem);
      unreachable.push({ place, problem });
    }
  }
  if (unreachable.length === places.length) {
    throw new OpsError(`Cannot look for sets: ${unreachable[0]?.problem}`, {
      outcome: "failed",
      hint: "Reach one of them, or name another place with --from",
      problems: unreachable.map(({ problem }) => problem),
    });
  }
  const [meant, others] = [true, false].map((wanted) =>
    sets.filter(({ manifest }) => isMeant(context, manifest) === wanted),
  );
  return {
    sets: sortSets(meant ?? []),
    others: [...new Set((others ?? []).map(({ manifest }) => `${manifest.host.name}/${manifest.job}`))],
    legacy,
    unknown,
    unreachable,
  };
}

/** With a configuration the sets of its job; --host and --job choose others, --all means every one. */
function isMeant({ flags, settings, host }: RestoreContext, manifest: Manifest): boolean {
  if (flags["all"] === true) return true;
  const wantedHost = flags["host"] ?? (flags["from"] === undefined ? host.name : undefined);
  const wantedJob = flags["job"] ?? (flags["from"] === undefined ? settings?.JOB : undefined);
  const isHost = wantedHost === undefined || wantedHost === manifest.host.name;
  return isHost && (wantedJob === undefined || wantedJob === manifest.job);
}

type Looked = Pick<FoundSets, "sets" | "unknown">;

async function lookInto(context: RestoreContext, place: Place): Promise<Looked> {
  const sets: FoundSet[] = [];
  const unknown: Looked["unknown"][number][] = [];
  const add = (at: Place, path: string, text: string) => {
    const parsed = parseManifest(text);
    if (parsed.ok) sets.push({ place: at, path, manifest: parsed.manifest });
    else unknown.push({ place: at, path, problem: parsed.problem });
  };
  if (place.depths.includes(0)) {
    // The place may be a set itself.
    const text = await place.remote.readFile("manifest.json", place.limits);
    const upper = text === undefined ? undefined : openUpper(context, place);
    if (text !== undefined && upper !== undefined) {
      add(upper.place, upper.name, text);
      return { sets, unknown };
    }
  }
  const depths = place.depths.filter((depth) => depth > 0);
  const manifests = await Promise.all(depths.map((depth) => place.remote.readManifests(depth, place.limits)));
  for (const { path, text } of manifests.flat()) add(place, path, text);
  return { sets, unknown };
}

/** Archives, and hashes of sets: only on this host, and only where the command line points. A job's destinations hold no legacy sets. */
async function listFiles(context: RestoreContext, place: Place): Promise<readonly LegacyFile[]> {
  const { directory } = place;
  if (directory === undefined || context.flags["from"] === undefined) return [];
  const { deps, signal } = context;
  const asker = { exec: deps.exec, signal, timeoutMs: limitsOf(context).fsTimeoutMs };
  const wanted = ["(", "-name", "*.tar", "-o", "-name", "*.tar.*", "-o", "-name", sumsFile, ")"];
  const options = ["-maxdepth", String(Math.max(...place.depths)), "-type", "f", ...wanted];
  const found = await ask(asker, ["find", "-H", directory, ...options, "-printf", "%s\\t%P\\0"]);
  if (!found.ok) {
    throw new OpsError(`Cannot look into "${directory}": ${found.reason}`, { outcome: "failed" });
  }
  const files = found.value.split("\0").flatMap((row): LegacyFile[] => {
    const tab = row.indexOf("\t");
    return tab === -1 ? [] : [{ sizeBytes: Number(row.slice(0, tab)), path: row.slice(tab + 1) }];
  });
  const isVisible = ({ path }: LegacyFile) => !path.split("/").some((part) => part.startsWith("."));
  return files.filter(isVisible);
}

/** What was once a set has its hashes at least. */
function findWithoutManifest(
  files: readonly LegacyFile[],
  known: readonly { readonly place: Place; readonly path: string }[],
  place: Place,
): FoundSets["unknown"] {
  // A set that is itself the place lies in another.
  const paths = new Set(known.map((one) => (one.place === place ? one.path : ".")));
  return files
    .filter(({ path }) => basename(path) === sumsFile && !paths.has(dirname(path)))
    .map(({ path }) => ({ place, path: dirname(path), problem: "its manifest.json is missing" }));
}
