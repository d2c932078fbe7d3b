/** The files of a set on this host: where they lie, or fetched, each compared with the hash that the set says. */
import { join } from "node:path";
import { findHasher, verifyFile } from "#lib/archive/verify-file.ts";
import type { Component } from "#lib/core/manifest.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { FoundSet } from "#lib/restore/find-sets.ts";
import { limitsOf, type RestoreContext } from "#lib/restore/places.ts";
import { makeDirectory } from "#lib/restore/target-directory.ts";
import { checkSmallFiles, compareHash, refuseIf } from "#lib/restore/verify-copy.ts";
import { fetchFile } from "#lib/stores/fetch-file.ts";
import { removePartialSet } from "#lib/stores/partial-set.ts";

export interface LocalFiles {
  /** Directory of the component's files. */
  readonly directory: string;
  readonly copy: FoundSet;
  /** Why copies that are nearer could not be used. */
  readonly notes: readonly string[];
  /** Remove what was fetched. */
  readonly close: () => Promise<void>;
}

export type Attempt<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: OpsError };

/** From the first copy that is whole, as its medium holds it. Throws OpsError "failed" when none is. */
export function fetchSet(
  context: RestoreContext,
  copies: readonly FoundSet[],
  components: readonly Component[],
  directory: string,
): Promise<LocalFiles> {
  return tryCopies(context, copies, (copy, notes) =>
    attemptCopy(context, async () => ({
      ...(await fetchCopy(context, copy, components, directory)),
      copy,
      notes,
    })),
  );
}

/** What is made of the first copy that can be used. Throws OpsError "failed" when there is none. */
export async function tryCopies<Value>(
  context: RestoreContext,
  copies: readonly FoundSet[],
  attempt: (copy: FoundSet, notes: readonly string[]) => Promise<Attempt<Value>>,
): Promise<Value> {
  const notes: string[] = [];
  for (const copy of copies) {
    const attempted = await attempt(copy, notes);
    if (attempted.ok) return attempted.value;
    notes.push(describeError(attempted.problem));
    context.log.warning("copy.unusable", describeError(attempted.problem));
  }
  throw new OpsError(`No copy of the set can be used: ${notes[0]}`, {
    outcome: "failed",
    hint: "Nothing was restored. Take another set: restore list",
    problems: notes,
  });
}

/** What fails for a reason of the copy. Rejects when the run is to end. */
export async function attemptCopy<Value>(
  { signal }: RestoreContext,
  act: () => Promise<Value>,
): Promise<Attempt<Value>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OpsError)) throw error;
    return { ok: false, problem: error };
  }
}

export async function fetchCopy(
  context: RestoreContext,
  copy: FoundSet,
  components: readonly Component[],
  directory: string,
): Promise<Pick<LocalFiles, "directory" | "close">> {
  const { place, path } = copy;
  const problems = await checkSmallFiles(copy);
  if (place.directory !== undefined) {
    for (const component of components) {
      context.progress.begin(`verify ${component.name}`, component.bytesOut);
      problems.push(...(await compareHash(context, copy, component).finally(context.progress.end)));
    }
    refuseIf(problems, copy);
    return { directory: join(place.directory, path), close: async () => undefined };
  }
  refuseIf(problems, copy);
  // By the run, so that a second attempt finds what the first has fetched.
  const fetched = join(directory, `.fetched-${copy.manifest.runId}`);
  await makeDirectory(context, fetched);
  for (const component of components) await fetchComponent(context, copy, component, fetched);
  return {
    directory: fetched,
    close: () => removePartialSet(fetched, limitsOf(context).fsTimeoutMs * 10),
  };
}

/** What is continued may have a wrong beginning: then all of it is fetched anew, once. */
async function fetchComponent(
  context: RestoreContext,
  { place, path }: FoundSet,
  { file, sha256, bytesOut, name }: Component,
  directory: string,
): Promise<void> {
  const { deps, signal, childEnvironment: env, progress } = context;
  const { stallMs, fsTimeoutMs } = limitsOf(context);
  const localPath = join(directory, file);
  const hasher = await findHasher(deps.exec, signal);
  for (const isLast of [false, true]) {
    progress.begin(`fetch ${name}`, bytesOut);
    const request = { target: place.target, path: `${path}/${file}`, localPath, env, stallMs, signal };
    await fetchFile({ ...request, onBytes: progress.update }).finally(progress.end);
    const { problem } = await verifyFile(sha256, { path: localPath, hasher, env, stallMs, signal });
    if (problem === undefined) return;
    await removePartialSet(localPath, fsTimeoutMs);
    if (isLast) {
      throw new OpsError(
        `Cannot use "${path}/${file}" of ${place.name}: it has another SHA-256 than was written`,
        {
          outcome: "failed",
        },
      );
    }
  }
}
