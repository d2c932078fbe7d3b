/** A store that fails on purpose: at the nth of its operations, before it or in the middle of it. */
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { createDirectoryRemote } from "#lib/stores/directory-remote.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";

const env = { PATH: process.env.PATH ?? "" };

/** A target with the settings that tests seldom change. */
export function targetOf(changes: Partial<StoreTarget> & Pick<StoreTarget, "address">): StoreTarget {
  return {
    name: "nas",
    isRequired: false,
    layout: "{host}/{job}/{stamp}",
    defaultTier: "daily",
    tiers: [],
    retention: { last: 3, daily: 0, weekly: 0, monthly: 0, yearly: 0, timeZone: "UTC" },
    maxRemovals: 20,
    timeoutMs: 60_000,
    stallMs: 10_000,
    bytesPerSecond: undefined,
    mount: undefined,
    keyFile: undefined,
    knownHostsFile: undefined,
    rcloneConfig: undefined,
    ...changes,
  };
}

export function directoryRemote(base: string): Remote {
  const address = { kind: "directory", path: base } as const;
  return createDirectoryRemote(
    { ...targetOf({ address }), address },
    { exec: createExec(env), clock: systemClock, env },
  );
}

export type Fault = "before" | "half" | "after";

export interface FaultyRemote extends Remote {
  /** How many operations it was asked for so far. */
  readonly operations: () => number;
}

/** Fail at operation `at`, counted from 1: before it is done, when it is done, or with half of an upload there. */
export function breakRemote(remote: Remote, base: string, at: number, fault: Fault): FaultyRemote {
  let count = 0;
  const cut = () => new OpsError("The connection was cut", { outcome: "failed" });
  const wrap =
    <Args extends readonly unknown[], Value>(operation: (...args: Args) => Promise<Value>) =>
    async (...args: Args): Promise<Value> => {
      count += 1;
      if (count !== at) return operation(...args);
      if (fault === "before") throw cut();
      await operation(...args);
      throw cut();
    };
  const upload: Remote["upload"] = async (localPath, path, transfer) => {
    count += 1;
    if (count === at && fault === "before") throw cut();
    await remote.upload(localPath, path, transfer);
    if (count !== at) return;
    if (fault === "half") await truncate(join(base, path), 1);
    throw cut();
  };
  return {
    ...remote,
    operations: () => count,
    check: wrap(remote.check),
    list: wrap(remote.list),
    readManifests: wrap(remote.readManifests),
    upload,
    hash: wrap(remote.hash),
    writeFile: wrap(remote.writeFile),
    readFile: wrap(remote.readFile),
    rename: wrap(remote.rename),
    remove: wrap(remote.remove),
    removeEmptyParents: wrap(remote.removeEmptyParents),
  };
}
