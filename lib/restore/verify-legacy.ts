/** Archives of legacy scripts, verified as far as they allow: by the hash beside them, if there is one, and by reading them. */
import { join } from "node:path";
import { readComponent } from "#lib/archive/read-component.ts";
import { findHasher, verifyFile } from "#lib/archive/verify-file.ts";
import { type LegacyArchive, readLegacySum } from "#lib/core/legacy-archives.ts";
import type { FoundLegacySet } from "#lib/restore/find-sets.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";

export async function verifyLegacy(context: RestoreContext, set: FoundLegacySet): Promise<string[]> {
  const problems: string[] = [];
  for (const archive of set.archives) {
    context.progress.begin(archive.name, archive.sizeBytes);
    const problem = await verifyArchive(context, set, archive).finally(context.progress.end);
    if (problem !== undefined) problems.push(`${archive.path}: ${problem}`);
  }
  return problems;
}

export async function verifyArchive(
  context: RestoreContext,
  { place }: FoundLegacySet,
  { path, sumFile, compression }: LegacyArchive,
): Promise<string | undefined> {
  const { deps, signal, childEnvironment: env, progress } = context;
  const { stallMs } = limitsOf(context);
  const file = join(place.directory ?? "", path);
  if (sumFile !== undefined) {
    const sum = readLegacySum((await place.remote.readFile(sumFile, place.limits)) ?? "");
    if (sum === undefined) return `"${sumFile}" holds no SHA-256`;
    const hasher = await findHasher(deps.exec, signal);
    const { problem } = await verifyFile(sum, { path: file, hasher, env, stallMs, signal });
    if (problem !== undefined) return problem;
  }
  const onBytes = progress.update;
  const read = await readComponent({ path: file, compression, isTar: true, env, stallMs, signal, onBytes });
  return read.problem;
}
