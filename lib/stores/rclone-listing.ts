/** What a remote of rclone holds; an answer is whole or an error. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import { isNotFound } from "#lib/core/rclone-words.ts";
import type { Rclone } from "#lib/stores/rclone-command.ts";
import type { RemoteLimits, RemoteManifest } from "#lib/stores/remote.ts";

const entrySchema = z.object({
  Path: z.string(),
  Name: z.string(),
  ModTime: z.string().optional(),
  IsDir: z.boolean(),
});

type Entry = z.infer<typeof entrySchema>;

/** The entries of a directory; none when it does not exist. Throws OpsError "failed" unless rclone's answer is whole. */
export async function listEntries(
  rclone: Rclone,
  path: string,
  options: readonly string[],
  limits: RemoteLimits,
): Promise<readonly Entry[]> {
  const answer = await rclone.run(limits, ["lsjson", "--no-mimetype", ...options, path], {
    isExpected: isNotFound,
  });
  if (answer.exitCode !== 0) return [];
  try {
    return z.array(entrySchema).parse(JSON.parse(answer.stdout));
  } catch (cause) {
    throw new OpsError(`Cannot list "${path}": rclone's answer is not whole`, { outcome: "failed", cause });
  }
}

interface ManifestRequest {
  readonly base: string;
  readonly depth: number;
  readonly cacheDirectory: string;
}

/**
 * Directories at the depth of sets are listed each time, by as few requests as there are directories above them; of their
 * manifests only those are fetched that have not been seen, all of them by one process.
 */
export async function readRcloneManifests(
  rclone: Rclone,
  { base, depth, cacheDirectory }: ManifestRequest,
  limits: RemoteLimits,
): Promise<readonly RemoteManifest[]> {
  const options = ["--recursive", "--dirs-only", `--max-depth=${depth}`];
  const entries = await listEntries(rclone, base, options, { ...limits, timeoutMs: limits.timeoutMs * 10 });
  const sets = entries.filter(({ Path }) => isSetAt(Path, depth));
  const cached = new Set(await listNames(cacheDirectory));
  const unseen = sets.filter((entry) => !cached.has(cacheName(entry)));
  if (unseen.length > 0) await fetchManifests(rclone, base, unseen, cacheDirectory, limits);
  const wanted = new Set(sets.map(cacheName));
  for (const name of cached) if (!wanted.has(name)) await rm(join(cacheDirectory, name), { force: true });
  const manifests = await Promise.all(
    sets.map(async (entry) => ({ path: entry.Path, text: await readCached(cacheDirectory, entry) })),
  );
  return manifests.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
}

function isSetAt(path: string, depth: number): boolean {
  const segments = path.split("/");
  return segments.length === depth && !segments.some((one) => one.startsWith("."));
}

/** By path and time: a directory that was changed is looked at again. */
function cacheName({ Path, ModTime }: Entry): string {
  return `${createHash("sha256").update(`${Path}\n${ModTime}`).digest("hex")}.json`;
}

/** Undefined for a directory without a manifest: it is no set. */
async function readCached(cacheDirectory: string, entry: Entry): Promise<string | undefined> {
  try {
    return await readFile(join(cacheDirectory, cacheName(entry)), "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function fetchManifests(
  rclone: Rclone,
  base: string,
  entries: readonly Entry[],
  cacheDirectory: string,
  limits: RemoteLimits,
): Promise<void> {
  const work = join(cacheDirectory, ".fetched");
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  const list = join(cacheDirectory, ".list");
  await writeFile(list, entries.map(({ Path }) => `${Path}/manifest.json\n`).join(""), { mode: 0o600 });
  // Raw: a name may hold what would be a pattern. Files that are not there are passed over.
  const options = [
    "--files-from-raw",
    list,
    "--no-traverse",
    "--transfers=16",
    "--checkers=16",
    "--ignore-times",
  ];
  await rclone.run({ ...limits, timeoutMs: limits.timeoutMs * 10 }, ["copy", ...options, base, work]);
  for (const entry of entries) {
    const fetched = join(work, entry.Path, "manifest.json");
    try {
      await rename(fetched, join(cacheDirectory, cacheName(entry)));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  await rm(work, { recursive: true, force: true });
  await rm(list, { force: true });
}

async function listNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
