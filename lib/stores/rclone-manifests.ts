/** The manifests in a remote of rclone: all are listed each time, and only those fetched that have not been seen. */
import { join } from "node:path";
import type { Clock } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { RcloneEntry } from "#lib/core/rclone-answers.ts";
import { remoteParent } from "#lib/core/remote-path.ts";
import { keepManifests, readKnownManifests, readWhenThere } from "#lib/stores/manifest-cache.ts";
import type { Rclone } from "#lib/stores/rclone-command.ts";
import type { RcloneTree } from "#lib/stores/rclone-tree.ts";
import type { RemoteLimits, RemoteManifest } from "#lib/stores/remote.ts";
import { withWorkDirectory } from "#lib/stores/work-directory.ts";

const manifestFile = "manifest.json";

export interface ManifestAccess {
  readonly rclone: Rclone;
  readonly tree: RcloneTree;
  readonly clock: Clock;
  readonly cacheDirectory: string;
}

interface Listed {
  /** Directory of the set. */
  readonly path: string;
  /** Changes whenever the manifest comes, goes or becomes another; undefined when nothing does. */
  readonly version: string | undefined;
  /** Seen in the listing. Otherwise only its directory was, which may lack it. */
  readonly isCertain: boolean;
}

/** Throws OpsError "failed" unless every manifest is in the answer. */
export async function readRcloneManifests(
  access: ManifestAccess,
  depth: number,
  limits: RemoteLimits,
): Promise<readonly RemoteManifest[]> {
  const { tree, cacheDirectory } = access;
  const patient = { ...limits, timeoutMs: limits.timeoutMs * 10 };
  const { timesDirectories } = await tree.features(limits);
  const listed = await (timesDirectories ? listSets : listFiles)(tree, depth, patient);
  const known = await readKnownManifests(
    cacheDirectory,
    listed.flatMap(({ version }) => version ?? []),
  );
  const isKnown = ({ version }: Listed) => version !== undefined && known.has(version);
  const fetched = await fetchManifests(
    access,
    listed.filter((one) => !isKnown(one)),
    patient,
  );
  await keepManifests(
    cacheDirectory,
    listed.flatMap(({ path, version }) => {
      const text = fetched.get(path);
      return version === undefined || text === undefined ? [] : [{ version, text }];
    }),
  );
  return listed.flatMap(({ path, version, isCertain }) => {
    const text = fetched.get(path) ?? known.get(version ?? "");
    if (text === undefined && isCertain) throw goneError(access.rclone, path);
    return text === undefined ? [] : [{ path, text }];
  });
}

function goneError({ description }: Rclone, path: string): OpsError {
  return new OpsError(
    `Cannot list ${description}: the manifest of "${path}" is listed, but it did not come`,
    {
      outcome: "failed",
      hint: "It may have been removed at this moment: the next run lists again",
    },
  );
}

/**
 * The directories of sets, by as few requests as there are directories above them. Asking each for its manifest would be one
 * request more for every set, and rclone makes at most a hundred in a second of a webdav server.
 */
async function listSets(tree: RcloneTree, depth: number, limits: RemoteLimits): Promise<readonly Listed[]> {
  const entries = await tree.listAll(["--dirs-only", `--max-depth=${depth}`, "--filter=- .*/**"], limits);
  return entries
    .filter(({ Path }) => isSetAt(Path, depth))
    .map((entry) => ({ path: entry.Path, version: versionOf(entry), isCertain: false }));
}

/** The manifests themselves. What can list a whole tree does so by few requests. */
async function listFiles(tree: RcloneTree, depth: number, limits: RemoteLimits): Promise<readonly Listed[]> {
  const wanted = `--filter=+ /${"*/".repeat(depth)}${manifestFile}`;
  const filters = ["--filter=- .*/**", wanted, "--filter=- *"];
  const options = ["--files-only", "--fast-list", `--max-depth=${depth + 1}`, ...filters];
  const entries = await tree.listAll(options, limits);
  return entries
    .filter(({ Path }) => isSetAt(remoteParent(Path), depth))
    .map((entry) => ({ path: remoteParent(entry.Path), version: versionOf(entry), isCertain: true }));
}

/** Names with a line break are none of ours, and could not be asked for. */
function isSetAt(path: string, depth: number): boolean {
  const segments = path.split("/");
  return segments.length === depth && !segments.some((one) => one.startsWith(".") || /[\n\r]/.test(one));
}

/** The year 2000 stands for a time that the remote does not know. */
function versionOf({ Path, Size, ModTime }: RcloneEntry): string | undefined {
  return ModTime.startsWith("2000-01-01T00:00:00") ? undefined : `${Path}\n${Size}\n${ModTime}`;
}

/** Those of `unseen` that are there, by the path of their set: one process however many there are. */
async function fetchManifests(
  { rclone, tree, clock, cacheDirectory }: ManifestAccess,
  unseen: readonly Listed[],
  limits: RemoteLimits,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (unseen.length === 0) return found;
  await withWorkDirectory(cacheDirectory, clock, async (work) => {
    // Raw: what would be a pattern or a comment is a name. Files that are not there are passed over.
    const list = await work.write("list", unseen.map(({ path }) => `${path}/${manifestFile}\n`).join(""));
    const files = ["--files-from-raw", list, "--no-traverse", "--ignore-times"];
    const fetched = join(work.path, "fetched");
    await rclone.run(limits, ["copy", ...files, "--transfers=16", "--checkers=16", tree.base, fetched]);
    for (const { path } of unseen) {
      const text = await readWhenThere(join(fetched, path, manifestFile));
      if (text !== undefined) found.set(path, text);
    }
  });
  return found;
}
