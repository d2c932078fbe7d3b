/** The sets in a store: listed, removed, and what was left half done swept. */
import { isOtherMachine, machineMark } from "#lib/core/machine-ids.ts";
import { type Manifest, parseManifest } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import {
  layoutDepth,
  type PartialOwner,
  parsePartialName,
  parseRemovingName,
  removingName,
} from "#lib/core/set-layout.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";
import { type OwnSets, reasonForeign, type SetListing, type StoredSet } from "#lib/stores/set-listing.ts";

/** Paths are relative to the store's base. Throws OpsError "failed" unless the answer is known to be whole. */
export async function listRemoteSets(
  remote: Remote,
  request: OwnSets & { readonly layout: string },
  limits: RemoteLimits,
): Promise<SetListing> {
  const own: StoredSet[] = [];
  const foreign: { path: string; reason: string }[] = [];
  const unknown: { path: string; problem: string }[] = [];
  for (const { path, text } of await remote.readManifests(layoutDepth(request.layout), limits)) {
    const parsed = parseManifest(text);
    if (!parsed.ok) {
      unknown.push({ path, problem: parsed.problem });
      continue;
    }
    const reason = reasonForeign(parsed.manifest, request);
    if (reason === undefined) own.push({ path, manifest: parsed.manifest });
    else foreign.push({ path, reason });
  }
  return { own, foreign, unknown };
}

/** Hide the set by a rename, then remove it, and the directories that it leaves empty. Refuses one that has changed. */
export async function removeRemoteSet(remote: Remote, set: StoredSet, limits: RemoteLimits): Promise<void> {
  const refuse = (reason: string) =>
    new OpsError(`Cannot remove "${set.path}": ${reason}`, { outcome: "failed", hint: "Look at it by hand" });
  const text = await remote.readFile(`${set.path}/manifest.json`, limits);
  const now = text === undefined ? undefined : parseManifest(text);
  if (now?.ok !== true || now.manifest.runId !== set.manifest.runId) {
    throw refuse("it is not the set that was planned any more");
  }
  const hidden = removingName(ownerOf(set.manifest));
  await remote.remove(hidden, limits);
  if (!(await remote.rename(set.path, hidden, limits))) throw refuse(`"${hidden}" is in the way`);
  await remote.remove(hidden, limits);
  await remote.removeEmptyParents(set.path, limits);
}

function ownerOf({ host, job, runId }: Manifest): PartialOwner {
  return { host: host.name, job, runId, machine: machineMark(host) };
}

/**
 * Remove what dead uploads and removals of this job left; uploads of `waiting` runs are to be continued. Those of another machine
 * of the same name may be alive.
 */
export async function sweepRemote(
  remote: Remote,
  request: Pick<OwnSets, "host" | "job"> & { readonly waiting: readonly string[] },
  limits: RemoteLimits,
): Promise<readonly string[]> {
  const isOwn = (owner: PartialOwner | undefined) =>
    owner?.host === request.host.name &&
    owner.job === request.job &&
    !isOtherMachine(owner.machine ?? "", request.host);
  const names = (await remote.list("", limits)).filter((name) => {
    const partial = parsePartialName(name);
    // An upload that an earlier version began is not continued: it had another name.
    const mayGoOn = partial?.machine !== undefined && request.waiting.includes(partial.runId);
    if (isOwn(partial)) return !mayGoOn;
    return isOwn(parseRemovingName(name));
  });
  for (const name of names) await remote.remove(name, limits);
  return names;
}
