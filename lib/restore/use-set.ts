/**
 * A set's files, used while they are still being verified.
 *
 * Hash and extraction read the same pages of the same file at the same time. Until `verified` resolves, whoever uses them keeps
 * what is made of them under hidden names, and begins nothing that cannot be hidden: a database. By then every file that is
 * wanted has the hash that the set says; before, a wrong one ends what was begun, and the next copy is taken.
 */
import { join } from "node:path";
import { findHasher, hashCached, verifyFile } from "#lib/archive/verify-file.ts";
import type { Component } from "#lib/core/manifest.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { type Attempt, attemptCopy, fetchCopy, type LocalFiles, tryCopies } from "#lib/restore/fetch-set.ts";
import type { FoundSet } from "#lib/restore/find-sets.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { checkSmallFiles, refuseIf } from "#lib/restore/verify-copy.ts";

export interface SetInUse extends LocalFiles {
  /** Rejects with the OpsError that says why this copy cannot be used. */
  readonly verified: Promise<void>;
}

type Use<Value> = (context: RestoreContext, files: SetInUse) => Promise<Value>;

interface OpenCopy extends Pick<LocalFiles, "directory" | "close"> {
  readonly verify: (context: RestoreContext) => Promise<void>;
}

/** `use` gets a context whose signal ends with the copy, and is called again with the next one. Throws OpsError "failed" when no copy is whole. */
export function useSet<Value>(
  context: RestoreContext,
  copies: readonly FoundSet[],
  components: readonly Component[],
  directory: string,
  use: Use<Value>,
): Promise<Value> {
  return tryCopies(context, copies, async (copy, notes) => {
    const opened = await attemptCopy(context, () => openCopy(context, copy, components, directory));
    return opened.ok ? useWhileVerified(context, opened.value, { copy, notes }, use) : opened;
  });
}

/** What has to be fetched is verified when it is here. */
async function openCopy(
  context: RestoreContext,
  copy: FoundSet,
  components: readonly Component[],
  directory: string,
): Promise<OpenCopy> {
  const { place, path } = copy;
  if (place.directory === undefined) {
    return { ...(await fetchCopy(context, copy, components, directory)), verify: async () => undefined };
  }
  refuseIf(await checkSmallFiles(copy), copy);
  const from = join(place.directory, path);
  return {
    directory: from,
    close: async () => undefined,
    verify: (inner) => verifyAll(inner, copy, components, from),
  };
}

async function useWhileVerified<Value>(
  context: RestoreContext,
  { verify, ...files }: OpenCopy,
  found: Pick<LocalFiles, "copy" | "notes">,
  use: Use<Value>,
): Promise<Attempt<Value>> {
  const stop = new AbortController();
  const inner = { ...context, signal: AbortSignal.any([context.signal, stop.signal]) };
  let problem: OpsError | undefined;
  const verified = verify(inner).catch((error: unknown) => {
    if (error instanceof OpsError && !inner.signal.aborted) problem = error;
    stop.abort(error);
    throw error;
  });
  // Its end is waited for below, whatever becomes of the use.
  verified.catch(() => undefined);
  try {
    const value = await use(inner, { ...files, ...found, verified });
    await verified;
    return { ok: true, value };
  } catch (error) {
    stop.abort(error);
    await verified.catch(() => undefined);
    context.signal.throwIfAborted();
    if (problem === undefined) throw error;
    return { ok: false, problem };
  }
}

/** As whoever reads them now gets them. */
async function verifyAll(
  context: RestoreContext,
  copy: FoundSet,
  components: readonly Component[],
  directory: string,
): Promise<void> {
  const { deps, childEnvironment: env, signal } = context;
  const { stallMs } = limitsOf(context);
  const hasher = await findHasher(deps.exec, signal);
  for (const { file, sha256 } of components) {
    const request = { path: join(directory, file), hasher, env, stallMs, signal };
    const { problem } = await verifyFile(sha256, request, hashCached);
    refuseIf(problem === undefined ? [] : [`${file}: ${problem}`], copy);
  }
}
