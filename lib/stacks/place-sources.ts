/** What stands, in a copy of a stack, for each path of the host that the stack mounts. */
import { join } from "node:path";
import type { TrialPlace } from "#lib/core/isolate-service.ts";
import { isWithin } from "#lib/core/mount-table.ts";
import type { StackFacts } from "#lib/core/stack-items.ts";
import { isSystemPath } from "#lib/core/system-paths.ts";
import { askFileType, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { resolvePaths } from "#lib/stacks/resolve-paths.ts";
import { resolveWithin } from "#lib/stacks/resolve-within.ts";

export interface RestoredStack {
  /** Directory that the archive of the stack was extracted into. */
  readonly scratch: string;
  readonly facts: Pick<StackFacts, "directory" | "definition" | "roots">;
}

/** Of the machine, and the same for every container that may read it. */
const common = /^\/etc\/(?:localtime|timezone|os-release|ssl\/certs)$|^\/usr\/share\/zoneinfo(?:\/|$)/;

/** Throws OpsError "failed" when the restored tree cannot be looked at. */
export async function placeSources(
  asker: FileSystemAsker,
  stack: RestoredStack,
  sources: readonly string[],
): Promise<ReadonlyMap<string, TrialPlace>> {
  const originals = new Map(sources.map((source) => [source, originalOf(source, stack)]));
  // One that does not answer is as one that is not there: its content is not in the set.
  const live = await resolvePaths(asker, [...originals.values()], []);
  const places = new Map<string, TrialPlace>();
  for (const [source, original] of originals) {
    const { path: target, type } = live.get(original) ?? { path: original, type: "missing" };
    if (common.test(original)) {
      places.set(source, type === "missing" ? { kind: "none" } : { kind: "live", path: target });
      continue;
    }
    if (isSystemPath(original) || isSystemPath(target)) {
      places.set(source, { kind: "refused", reason: `it mounts "${original}" of this host` });
      continue;
    }
    const inside = await resolveWithin(asker, stack.scratch, writtenPath(original, stack));
    const restored = [inside, target].find((path) => isInSet(path, stack));
    if (restored !== undefined) {
      const path = join(stack.scratch, await resolveWithin(asker, stack.scratch, restored));
      places.set(source, { kind: "restored", path });
    } else if (type === "file") places.set(source, { kind: "live", path: target });
    else if (type === "other") {
      places.set(source, { kind: "refused", reason: `"${original}" is a socket or a device of this host` });
    } else places.set(source, { kind: "empty", path: join(stack.scratch, inside) });
  }
  return places;
}

/** The restored data of each volume, by docker's name of it. */
export async function placeVolumes(
  asker: FileSystemAsker,
  { scratch, facts }: RestoredStack,
): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  for (const { origin, name, path } of facts.roots) {
    if (origin !== "volume") continue;
    const restored = join(scratch, await resolveWithin(asker, scratch, path));
    const there = await askFileType(asker, restored);
    if (there.ok && there.value === "directory") places.set(name, restored);
  }
  return places;
}

/** Compose makes a relative path absolute by where it finds the restored files. */
function originalOf(source: string, { scratch }: RestoredStack): string {
  return isWithin(source, scratch) ? source.slice(scratch.length) || "/" : source;
}

/** A data root is archived under the path that its name led to. */
function writtenPath(original: string, { facts }: RestoredStack): string {
  return facts.roots.find(({ origin, name }) => origin === "bind" && name === original)?.path ?? original;
}

/** In what was archived, or in the stack's directory, which comes back with it; or around what was archived. */
function isInSet(path: string, { facts }: RestoredStack): boolean {
  const archived = [...facts.roots.map((root) => root.path), ...facts.definition];
  return (
    [...archived, facts.directory].some((one) => isWithin(path, one)) ||
    archived.some((one) => isWithin(one, path))
  );
}
