/** One copy of a set, read to its last byte and compared with what the set says about itself. */
import { join } from "node:path";
import { readComponent } from "#lib/archive/read-component.ts";
import { findHasher, verifyFile } from "#lib/archive/verify-file.ts";
import { compareCheckSums } from "#lib/core/check-sums.ts";
import { countDone, countNoun } from "#lib/core/count-noun.ts";
import type { Component } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { sha256OfText } from "#lib/core/text-hash.ts";
import type { FoundSet } from "#lib/restore/find-sets.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";

export interface VerifiedCopy {
  readonly problems: readonly string[];
  /** Bytes that were hashed. */
  readonly bytes: number;
  /** "content": every component was decompressed and its archive read as well; "hash": the store hashed its files. */
  readonly how: "content" | "hash";
}

/** What the set's small files say, as they are now: what was listed before may be of another moment. */
export async function checkSmallFiles({ place, path, manifest }: FoundSet): Promise<string[]> {
  const manifestText = await place.remote.readFile(`${path}/manifest.json`, place.limits);
  const sums = await place.remote.readFile(`${path}/SHA256SUMS`, place.limits);
  if (manifestText === undefined) return ["manifest.json is missing"];
  if (sums === undefined) return ["SHA256SUMS is missing"];
  const problem = compareCheckSums(sums, manifest, sha256OfText(manifestText));
  return problem === undefined ? [] : [problem];
}

/** Throws OpsError "failed" when there are problems. */
export function refuseIf(problems: readonly string[], { place, path }: FoundSet): void {
  const [first] = problems;
  if (first === undefined) return;
  throw new OpsError(`Cannot use "${path}" in ${place.name}: ${first}`, { outcome: "failed", problems });
}

export async function verifyCopy(context: RestoreContext, set: FoundSet): Promise<VerifiedCopy> {
  const { place, manifest } = set;
  const problems = await attempt(context, "its small files", () => checkSmallFiles(set));
  const names = new Set(await listNames(context, set));
  let bytes = 0;
  for (const component of manifest.components) {
    if (!names.has(component.file)) {
      problems.push(`${component.file} is missing`);
      continue;
    }
    context.progress.begin(`${place.name}: ${component.name}`, component.bytesOut);
    try {
      problems.push(...(await verifyComponent(context, set, component)));
      bytes += component.bytesOut;
    } finally {
      context.progress.end();
    }
  }
  return { problems, bytes, how: place.directory === undefined ? "hash" : "content" };
}

async function verifyComponent(
  context: RestoreContext,
  set: FoundSet,
  component: Component,
): Promise<string[]> {
  const hashed = await attempt(context, component.file, () => compareHash(context, set, component));
  // What is not what was written need not be read any further.
  return hashed.length > 0 ? hashed : compareContent(context, set, component);
}

/** Read back from the medium where it is on this host, else hashed by the store. */
export async function compareHash(
  { deps, childEnvironment, signal, progress }: RestoreContext,
  { place, path }: Pick<FoundSet, "place" | "path">,
  { file, sha256 }: Pick<Component, "file" | "sha256">,
): Promise<string[]> {
  const { stallMs } = place.target;
  if (place.directory !== undefined) {
    const hasher = await findHasher(deps.exec, signal);
    const request = {
      path: join(place.directory, path, file),
      hasher,
      env: childEnvironment,
      stallMs,
      signal,
    };
    const { problem } = await verifyFile(sha256, request);
    return problem === undefined ? [] : [`${file}: ${problem}`];
  }
  const transfer = { signal, stallMs, bytesPerSecond: undefined, onBytes: progress.update };
  const found = await place.remote.hash(`${path}/${file}`, transfer);
  return found === sha256 ? [] : [`${file}: it has another SHA-256 than was written`];
}

/** On this host only: elsewhere the same hash stands for the same content. */
async function compareContent(
  context: RestoreContext,
  { place, path }: FoundSet,
  { file, format, compression, entries, bytesIn }: Component,
): Promise<string[]> {
  if (place.directory === undefined) return [];
  const { childEnvironment: env, signal, progress } = context;
  const read = await readComponent({
    path: join(place.directory, path, file),
    compression,
    isTar: format === "tar",
    env,
    stallMs: limitsOf(context).stallMs,
    signal,
    onBytes: progress.update,
  });
  if (read.problem !== undefined) return [`${file}: it cannot be restored: ${read.problem}`];
  if (entries !== undefined && read.entries !== entries) {
    return [`${file}: it has ${countNoun(read.entries ?? 0, "member")}, ${countDone(entries, "written")}`];
  }
  const isStream = format === "sqlite" || format === "sql";
  if (isStream && bytesIn > 0 && read.bytes !== bytesIn) {
    return [`${file}: it has ${countNoun(read.bytes, "byte")}, ${countDone(bytesIn, "written")}`];
  }
  return [];
}

async function listNames(context: RestoreContext, { place, path }: FoundSet): Promise<readonly string[]> {
  try {
    return await place.remote.list(path, place.limits);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    return [];
  }
}

/** A store's refusal is a finding about this copy. */
async function attempt(
  { signal }: RestoreContext,
  what: string,
  look: () => Promise<string[]>,
): Promise<string[]> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    return [`${what}: ${describeError(error)}`];
  }
}
