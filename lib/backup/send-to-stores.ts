/**
 * Bring the finished set, and those that wait since earlier runs, to every store; then retention there.
 *
 * Stores work at the same time, each within its own limit of time: one that hangs costs the others nothing. The set is in
 * the queue before its upload begins, so that nothing needs to be remembered when a store is down.
 */
import { giveUpWaiting } from "#lib/backup/give-up-waiting.ts";
import { type Service, serveStore } from "#lib/backup/serve-store.ts";
import type { Settings } from "#lib/config/schema.ts";
import { formatDuration } from "#lib/core/duration.ts";
import type { Manifest } from "#lib/core/manifest.ts";
import { describeError, isForeseen, OpsError } from "#lib/core/ops-error.ts";
import type { PartReport } from "#lib/core/report.ts";
import type { RunContext } from "#lib/core/run-context.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { settleQueue } from "#lib/stores/settle-queue.ts";
import {
  enqueue,
  queueDirectory,
  readQueue,
  type UploadQueue,
  type WaitingSet,
} from "#lib/stores/upload-queue.ts";

export interface OpenStore {
  readonly target: StoreTarget;
  readonly remote: Remote;
}

/** The set that this run has made. */
export interface FinishedSet {
  readonly path: string;
  readonly manifest: Manifest;
  /** Nothing of it is missing or doubtful: older sets may go. */
  readonly mayPrune: boolean;
}

interface StoresReport {
  readonly parts: readonly PartReport[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly hasRequiredFailed: boolean;
}

export interface SentToStores extends StoresReport {
  /** Local sets that some store still waits for. */
  readonly waitingPaths: readonly string[];
}

/** How it went with one store. */
export interface StoreEnd extends StoresReport {
  readonly waiting: readonly WaitingSet[];
}

/** What of a run the stores need. */
export type StoreContext = RunContext<
  Pick<Settings, "STATE_DIR" | "JOB" | "TIME_ZONE" | "FS_TIMEOUT" | "HOST_FORMER_IDS">
>;

/** Without a set that this run has made only what waits is brought, and nothing is pruned. */
export async function sendToStores(
  context: StoreContext,
  stores: readonly OpenStore[],
  made: FinishedSet | undefined,
): Promise<SentToStores> {
  const ends = await Promise.allSettled(stores.map((store) => sendToStore(context, store, made)));
  context.signal.throwIfAborted();
  // A bug in one is reported as a bug, after the others have been served.
  const sent = ends.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
  const notes = sent.flatMap((end) => end.notes);
  // Of a run that is complete nobody may get the report.
  for (const note of notes) context.log.info("store.note", note);
  return {
    parts: sent.flatMap(({ parts }) => parts),
    problems: sent.flatMap(({ problems }) => problems),
    notes,
    hasRequiredFailed: sent.some(({ hasRequiredFailed }) => hasRequiredFailed),
    waitingPaths: sent.flatMap(({ waiting }) => waiting.map(({ path }) => path)),
  };
}

async function sendToStore(
  context: StoreContext,
  store: OpenStore,
  made: FinishedSet | undefined,
): Promise<StoreEnd> {
  const end = await tryStore(context, store, made);
  if (context.signal.aborted) return end;
  try {
    const { waiting, problems } = await giveUpWaiting(context, store, end.waiting);
    return { ...end, waiting, problems: [...end.problems, ...problems] };
  } catch (error) {
    if (!isForeseen(error)) throw error;
    const problem = `Cannot shorten the queue of store "${store.target.name}": ${describeError(error)}`;
    return { ...end, problems: [...end.problems, problem] };
  }
}

async function tryStore(
  context: StoreContext,
  store: OpenStore,
  made: FinishedSet | undefined,
): Promise<StoreEnd> {
  const { target, remote } = store;
  const directory = queueDirectory(context.settings.STATE_DIR, context.settings.JOB, target.name);
  const done = new AbortController();
  const late = new AbortController();
  const limit = context.deps.clock.sleep(target.timeoutMs, done.signal).then(
    () => late.abort(timeoutError(target)),
    () => undefined,
  );
  const signal = AbortSignal.any([context.signal, late.signal]);
  const service: Service = { made, directory, signal, told: { problems: [], notes: [], arrived: [] } };
  let isQueued = false;
  try {
    if (made !== undefined) {
      const { runId, startedAt, outcome } = made.manifest;
      await enqueue(directory, { runId, startedAt, path: made.path, outcome, isPublished: true });
    }
    isQueued = true;
    const settled = await settleQueue(directory, context.settings.FS_TIMEOUT);
    service.told.notes.push(...settled.notes);
    for (const never of settled.never)
      context.log.info("queue.settled", `The run of ${never.startedAt} ended before its set had a name`);
    return await untilAborted(serveStore(context, store, service), signal);
  } catch (error) {
    if (!isForeseen(error)) throw error;
    context.log.error("store.failed", `${target.name}: ${describeError(error)}`);
    return describeFailure(store, service, error, isQueued);
  } finally {
    done.abort();
    await limit;
    context.log.debug("store.left", `${remote.description} is done with`);
  }
}

/** What hangs is left behind: its children were told to end by the same signal. */
async function untilAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function describeFailure(
  { target, remote }: OpenStore,
  { made, directory, told }: Service,
  error: unknown,
  isQueued: boolean,
): Promise<StoreEnd> {
  const queue = await readQueue(directory).catch(describeError);
  const isRead = typeof queue !== "string";
  const waiting = isRead ? queue.waiting : [];
  const hasArrived = made !== undefined && told.arrived.includes(made.manifest.runId);
  const name = `Store "${target.name}" (${remote.description})`;
  const reason = describeError(error);
  const message = hasArrived
    ? `${name} has the set, but not all was done there: ${reason}`
    : `${name} does not have ${made === undefined ? "what waits" : "the set"}: ${reason}; ${isQueued ? describeQueue(queue) : "the set could not even be queued"}`;
  const hint = error instanceof OpsError && error.hint !== undefined ? `. ${error.hint}` : "";
  return {
    parts: [{ kind: "store", name: target.name, outcome: hasArrived ? "partial" : "failed", message }],
    problems: [message + hint, ...told.problems],
    notes: [...told.notes, ...(isRead ? queue.notes : [])],
    hasRequiredFailed: target.isRequired && !hasArrived,
    waiting,
  };
}

function describeQueue(queue: UploadQueue | string): string {
  if (typeof queue === "string") return `its queue cannot be read: ${queue}`;
  const [oldest] = queue.waiting;
  if (oldest === undefined) return "no set waits for it";
  const count = queue.waiting.length === 1 ? "1 set waits" : `${queue.waiting.length} sets wait`;
  return `${count} for it, the oldest of ${oldest.startedAt}`;
}

function timeoutError(target: StoreTarget): OpsError {
  const setting = `STORE_${target.name.toUpperCase()}_TIMEOUT`;
  return new OpsError(`it took longer than ${setting} (${formatDuration(target.timeoutMs)})`, {
    outcome: "failed",
    hint: `The next run goes on where this one was; raise ${setting} if that is too slow`,
  });
}
