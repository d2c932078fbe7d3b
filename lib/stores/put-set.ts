/**
 * The protocol by which a set gets into a store, the same for every kind of store.
 *
 * Its files go into a hidden directory and are compared by the store's own hash; the directory is renamed; the manifest comes
 * last. So a directory without a manifest is never a set, and one with a manifest is whole. Whatever cuts this off, the next
 * attempt goes on: the hidden name is the set's own, and a renamed directory is known by its check sums, and compared once more.
 */
import { join } from "node:path";
import { machineMark } from "#lib/core/machine-ids.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { partialName, withSuffix } from "#lib/core/set-layout.ts";
import type { LocalSet } from "#lib/stores/local-set.ts";
import type { Remote, RemoteLimits, Transfer } from "#lib/stores/remote.ts";

const namesTried = 20;
const sumsFile = "SHA256SUMS";
const manifestFile = "manifest.json";

export interface PutRequest {
  readonly set: LocalSet;
  /** Path below the store's base; a suffix is added while another set has it. */
  readonly relativePath: string;
  readonly limits: RemoteLimits;
  readonly transfer: Transfer;
}

/** Resolves to the set's path in the store. Throws OpsError "failed". Safe to repeat. */
export async function putSet(remote: Remote, request: PutRequest): Promise<string> {
  const { set, limits } = request;
  const there = await findPlace(remote, request);
  if (there.state === "whole") return there.path;
  const hasArrived = there.state === "renamed" && (await isRight(remote, request, there.path));
  if (!hasArrived) {
    // Where a mount divides the store, a rename is a copy, and may be cut off behind the check sums.
    if (there.state === "renamed") await remote.remove(there.path, limits);
    await uploadAndRename(remote, request, there.path);
  }
  limits.signal.throwIfAborted();
  await remote.writeFile(`${there.path}/${manifestFile}`, set.manifestText, limits);
  const readBack = await remote.readFile(`${there.path}/${manifestFile}`, limits);
  if (readBack !== set.manifestText) {
    throw new OpsError(
      `Cannot finish "${there.path}": its manifest reads back otherwise than it was written`,
      {
        outcome: "failed",
        hint: "Look at the store's disk",
      },
    );
  }
  return there.path;
}

interface Place {
  readonly path: string;
  /** "renamed": everything should be there but the manifest. */
  readonly state: "free" | "renamed" | "whole";
}

/** The first name that is free, or that this very set has already. */
async function findPlace(remote: Remote, { set, relativePath, limits }: PutRequest): Promise<Place> {
  for (let attempt = 1; attempt <= namesTried; attempt += 1) {
    const path = withSuffix(relativePath, attempt);
    const [manifest, sums] = await Promise.all([
      remote.readFile(`${path}/${manifestFile}`, limits),
      remote.readFile(`${path}/${sumsFile}`, limits),
    ]);
    if (manifest === set.manifestText && sums === set.sumsText) return { path, state: "whole" };
    // The sums hold the hash of the manifest, and that the run's id: nobody else's are the same.
    if (manifest === undefined && sums === set.sumsText) return { path, state: "renamed" };
    if (manifest === undefined && sums === undefined && (await isFree(remote, path, limits))) {
      return { path, state: "free" };
    }
  }
  throw new OpsError(`Cannot store "${relativePath}": ${namesTried} names like it are taken`, {
    outcome: "failed",
    hint: "Use {stamp} in the store's LAYOUT",
  });
}

/** Whether every component lies in `directory` as it was made. */
async function isRight(
  remote: Remote,
  { set, limits, transfer }: PutRequest,
  directory: string,
): Promise<boolean> {
  const names = await remote.list(directory, limits);
  for (const { file, sha256 } of set.manifest.components) {
    if (!names.includes(file)) return false;
    if ((await remote.hash(`${directory}/${file}`, transfer)) !== sha256) return false;
  }
  return true;
}

async function isFree(remote: Remote, path: string, limits: RemoteLimits): Promise<boolean> {
  const at = path.lastIndexOf("/");
  const names = await remote.list(at === -1 ? "" : path.slice(0, at), limits);
  return !names.includes(path.slice(at + 1));
}

async function uploadAndRename(remote: Remote, request: PutRequest, path: string): Promise<void> {
  const { set, limits } = request;
  const { host, job, runId } = set.manifest;
  const hidden = partialName({ host: host.name, job, runId, machine: machineMark(host) });
  const isRight = await uploadFiles(remote, request, hidden);
  if (!isRight) {
    // What an earlier attempt left may be wrong at its beginning: once more, from nothing.
    await remote.remove(hidden, limits);
    if (!(await uploadFiles(remote, request, hidden))) {
      await remote.remove(hidden, limits);
      throw new OpsError(
        `Cannot store "${path}": what arrives has another SHA-256 than what was sent, twice`,
        {
          outcome: "failed",
          hint: "Check the store's disk and memory, and the set itself with sha256sum -c",
        },
      );
    }
  }
  // An answer that came after the time was up makes no set any more.
  limits.signal.throwIfAborted();
  if (!(await remote.rename(hidden, path, limits))) {
    throw new OpsError(`Cannot store "${path}": somebody else has just taken that name`, {
      outcome: "failed",
    });
  }
}

/** False when a file has arrived wrong. */
async function uploadFiles(
  remote: Remote,
  { set, limits, transfer }: PutRequest,
  hidden: string,
): Promise<boolean> {
  for (const { file, sha256 } of set.manifest.components) {
    await remote.upload(join(set.path, file), `${hidden}/${file}`, transfer);
    if ((await remote.hash(`${hidden}/${file}`, transfer)) !== sha256) return false;
  }
  await remote.writeFile(`${hidden}/${sumsFile}`, set.sumsText, limits);
  return (await remote.readFile(`${hidden}/${sumsFile}`, limits)) === set.sumsText;
}
