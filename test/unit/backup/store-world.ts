/** One job with stores in directories, so that runs of it can be had one after the other in this process. */

import { expect } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type OpenStore,
  type SentToStores,
  type StoreContext,
  sendToStores,
} from "#lib/backup/send-to-stores.ts";
import type { Manifest } from "#lib/core/manifest.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { listRemoteSets } from "#lib/stores/remote-sets.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { plainRemote, targetOf } from "#test/support/faulty-remote.ts";
import { nobody } from "#test/support/nobody.ts";
import type { Sandbox } from "#test/support/sandbox.ts";
import { makeLocalSet, sha256Of } from "#test/unit/stores/stored-set.ts";

export interface StoreWorld {
  /** What was logged: `event: message`. */
  readonly logged: readonly string[];
  readonly queueOf: (store: string) => string;
  /** A finished local set of that day of November 2026; its run id is `run-<day>`. */
  readonly makeSet: (day: number, more?: Partial<Manifest>) => { path: string; manifest: Manifest };
  /** Make a set of that day and send it. */
  readonly run: (
    day: number,
    stores: readonly OpenStore[],
    more?: {
      readonly signal?: AbortSignal;
      readonly mayPrune?: boolean;
      readonly manifest?: Partial<Manifest>;
    },
  ) => Promise<SentToStores>;
}

export function createStoreWorld(sandbox: Sandbox): StoreWorld {
  const logged: string[] = [];
  const log = (event: string, message: string) => {
    logged.push(`${event}: ${message}`);
  };
  const contextOf = (runId: string, startedAt: Date, signal: AbortSignal): StoreContext => ({
    deps: {
      exec: () => Promise.reject(new Error("Nothing is run here")),
      http: () => Promise.reject(new Error("Nothing is asked here")),
      // Later than every set, whenever the tests run.
      clock: { ...systemClock, now: () => new Date("2099-01-01T00:00:00Z") },
      newId: () => "id",
    },
    log: { debug: () => undefined, info: log, warning: log, error: log },
    settings: {
      STATE_DIR: sandbox.path("state"),
      JOB: "app",
      TIME_ZONE: "UTC",
      FS_TIMEOUT: 10_000,
      HOST_FORMER_IDS: [],
    },
    settingsHash: "0",
    runId,
    startedAt,
    host: { name: "web1", machineId: "m1" },
    tool: { version: "0.0.0", runtime: "test" },
    isDryRun: false,
    signal,
    journal: { record: async () => undefined, forget: async () => undefined },
    alert: () => undefined,
    progress: {
      begin: () => undefined,
      update: () => undefined,
      show: () => undefined,
      end: () => undefined,
    },
    operator: nobody,
    childEnvironment: {},
    isRunAlive: async () => false,
  });
  const makeSet: StoreWorld["makeSet"] = (day, more = {}) => {
    const path = sandbox.path("local", `run-${day}`);
    return { path, manifest: makeLocalSet(path, { runId: `run-${day}`, startedAt: startOf(day), ...more }) };
  };
  return {
    logged,
    queueOf: (store) => sandbox.path("state", "app", "uploads", store),
    makeSet,
    run: (day, stores, { signal = new AbortController().signal, mayPrune = true, manifest = {} } = {}) => {
      const made = makeSet(day, manifest);
      const context = contextOf(made.manifest.runId, new Date(made.manifest.startedAt), signal);
      return sendToStores(context, stores, { ...made, mayPrune });
    },
  };
}

/** 03:00 UTC of that day of November 2026; days past the 30th go on into December. */
export function startOf(day: number): string {
  return new Date(Date.UTC(2026, 10, day, 3)).toISOString();
}

/** A store in a directory of the sandbox, which is made. */
export function storeIn(
  sandbox: Sandbox,
  name: string,
  changes: Partial<StoreTarget> = {},
  change: (remote: Remote, base: string) => Remote = (remote) => remote,
): OpenStore & { readonly base: string } {
  const base = sandbox.path(name);
  mkdirSync(base, { recursive: true });
  const target = targetOf({ name, address: { kind: "directory", path: base }, ...changes });
  return { target, remote: change(plainRemote(base), base), base };
}

/** Run ids of what is listed in a store, oldest first; whatever is listed must be whole. */
export async function runsIn(base: string, layout = "{host}/{job}/{stamp}"): Promise<string[]> {
  const { own, unknown } = await listRemoteSets(
    plainRemote(base),
    { host: { name: "web1", machineId: "m1", formerIds: [] }, job: "app", layout },
    { signal: new AbortController().signal, timeoutMs: 10_000 },
  );
  expect(unknown).toEqual([]);
  for (const { path, manifest } of own) {
    for (const { file, sha256 } of manifest.components) {
      expect(sha256Of(readFileSync(join(base, path, file)))).toBe(sha256);
    }
  }
  return own
    .toSorted((a, b) => Date.parse(a.manifest.startedAt) - Date.parse(b.manifest.startedAt))
    .map(({ manifest }) => manifest.runId);
}
