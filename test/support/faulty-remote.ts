/** Stores in directories for the protocol's tests: a real one, a plain one, and one that fails on purpose at its nth operation. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { access, copyFile, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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
    maxWaiting: 30,
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

/** What every store promises, in this process: without programs, limits and signals, so that a thousand operations cost little. */
export function plainRemote(base: string): Remote {
  const at = (path: string) => join(base, path);
  const makeParent = (path: string) => mkdirSync(dirname(at(path)), { recursive: true });
  const isVisible = (name: string) => !name.startsWith(".");
  return {
    description: base,
    programs: [],
    check: () => access(base),
    list: async (directory) => (existsSync(at(directory)) ? readdir(at(directory)) : []),
    readManifests: async (depth) => {
      let level = [""];
      for (let step = 0; step < depth; step += 1) {
        level = level.flatMap((path) =>
          readdirSync(at(path), { withFileTypes: true })
            .filter((entry) => entry.isDirectory() && isVisible(entry.name))
            .map((entry) => join(path, entry.name)),
        );
      }
      return level
        .filter((path) => existsSync(at(`${path}/manifest.json`)))
        .map((path) => ({ path, text: readFileSync(at(`${path}/manifest.json`), "utf8") }));
    },
    upload: async (localPath, path) => {
      makeParent(path);
      await copyFile(localPath, at(path));
    },
    hash: async (path) =>
      createHash("sha256")
        .update(await readFile(at(path)))
        .digest("hex"),
    writeFile: async (path, text) => {
      makeParent(path);
      await writeFile(`${at(path)}.new`, text);
      await rename(`${at(path)}.new`, at(path));
    },
    readFile: async (path) => (existsSync(at(path)) ? readFile(at(path), "utf8") : undefined),
    rename: async (from, to) => {
      if (existsSync(at(to))) return false;
      makeParent(to);
      await rename(at(from), at(to));
      return true;
    },
    remove: (path) => rm(at(path), { recursive: true, force: true }),
    removeEmptyParents: async (path) => {
      for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
        if (readdirSync(at(parent)).length > 0) return;
        rmdirSync(at(parent));
      }
    },
  };
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
