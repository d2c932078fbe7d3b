import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { enqueue } from "#lib/stores/upload-queue.ts";
import { breakRemote, directoryRemote, type Fault, type FaultyRemote } from "#test/support/faulty-remote.ts";
import { createSandbox, treeOf } from "#test/support/sandbox.ts";
import { createStoreWorld, runsIn, startOf, storeIn } from "#test/unit/backup/store-world.ts";
import { makeLocalSet, manifest } from "#test/unit/stores/stored-set.ts";

const tiered = { layout: "{tier}/{stamp}", tiers: [{ name: "biweekly", days: [1, 15] }] };
const keepOne = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0, timeZone: "UTC" };

const down: Remote["check"] = () => Promise.reject(new OpsError("The host is down", { outcome: "failed" }));
const hang = () => new Promise<never>(() => undefined);
const outcomes = (sent: { parts: readonly { kind: string; outcome: string }[] }) =>
  sent.parts.map(({ kind, outcome }) => `${kind} ${outcome}`);

describe("sendToStores() cut off", () => {
  test.each<Fault>(["before", "half", "after"])(
    "at any operation of a store (%s) lists no half set, and the next run leaves each set there exactly once",
    async (fault) => {
      for (let at = 1; ; at += 1) {
        await using sandbox = await createSandbox();
        const world = createStoreWorld(sandbox);
        const whole = storeIn(sandbox, "nas", tiered);
        await world.run(14, [whole]);
        const broken: FaultyRemote = breakRemote(whole.remote, whole.base, at, fault);
        const cut = await world.run(15, [{ ...whole, remote: broken }]);
        if (broken.operations() < at) {
          expect(at).toBeGreaterThan(15);
          expect(outcomes(cut)).toEqual(["store complete", "retention complete"]);
          return;
        }
        expect(cut.problems.length).toBeGreaterThan(0);
        await runsIn(whole.base, tiered.layout);
        const next = await world.run(16, [whole]);
        // What was begun is continued, not swept.
        expect({ at, problems: next.problems, notes: next.notes }).toEqual({ at, problems: [], notes: [] });
        expect({ at, runs: await runsIn(whole.base, tiered.layout) }).toEqual({
          at,
          runs: ["run-14", "run-15", "run-16"],
        });
        expect(readdirSync(whole.base).filter((name) => name.startsWith("."))).toEqual([]);
        expect(readdirSync(world.queueOf("nas"))).toEqual([]);
      }
    },
  );

  test("at a store's deadline leaves what hangs, while another store gets the set", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const good = storeIn(sandbox, "nas");
    const hanging = storeIn(sandbox, "far", { timeoutMs: 300 }, (remote) => ({ ...remote, hash: hang }));
    const startedMs = performance.now();
    const sent = await world.run(1, [hanging, good]);
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(outcomes(sent)).toEqual(["store failed", "store complete", "retention complete"]);
    expect(sent.problems.join()).toContain("it took longer than STORE_FAR_TIMEOUT");
    expect(sent.waitingPaths).toEqual([sandbox.path("local", "run-1")]);
    expect(await runsIn(good.base)).toEqual(["run-1"]);
    expect(await runsIn(hanging.base)).toEqual([]);
  });

  test.each(["SHA256SUMS", "rename"])(
    "at a store's deadline makes no set there when the answer (%s) comes after all",
    async (held) => {
      await using sandbox = await createSandbox();
      const world = createStoreWorld(sandbox);
      const answer = Promise.withResolvers<void>();
      const answered = Promise.withResolvers<void>();
      const hold = async <Value>(name: string, promise: Promise<Value>) => {
        const value = await promise;
        if (!name.endsWith(held)) return value;
        await answer.promise;
        answered.resolve();
        return value;
      };
      const asked: string[] = [];
      const late = storeIn(sandbox, "far", { timeoutMs: 300 }, (remote) => ({
        ...remote,
        writeFile: (path, text, limits) => {
          asked.push(path.replace(/.*\//, ""));
          return hold(path, remote.writeFile(path, text, limits));
        },
        rename: (from, to, limits) => {
          asked.push("rename");
          return hold("rename", remote.rename(from, to, limits));
        },
      }));
      await world.run(1, [late]);
      answer.resolve();
      await answered.promise;
      for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
      expect(asked.at(-1)).toBe(held);
      expect(await runsIn(late.base)).toEqual([]);
      expect(readdirSync(world.queueOf("far"))).toHaveLength(1);
    },
  );

  test("during retention says that the set is there, and of a required store too that it has not failed", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    let listings = 0;
    const store = storeIn(sandbox, "nas", { timeoutMs: 1000, isRequired: true }, (remote) => ({
      ...remote,
      readManifests: (depth, limits) => (++listings === 1 ? remote.readManifests(depth, limits) : hang()),
    }));
    const sent = await world.run(1, [store]);
    expect(await runsIn(store.base)).toEqual(["run-1"]);
    expect(outcomes(sent)).toEqual(["store partial"]);
    expect(sent.hasRequiredFailed).toBe(false);
    expect(sent.problems.join()).toContain("has the set, but");
    expect(sent.problems.join()).not.toContain("wait");
  });

  test("before the set has arrived does not take it for arrived because its local copy, and so its entry, is gone", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { timeoutMs: 500, isRequired: true });
    await world.run(5, [{ ...store, remote: { ...store.remote, check: down } }]);
    // A clock that was set back makes the new set the oldest: the one that hangs comes after it.
    const remote: Remote = {
      ...store.remote,
      check: async () => rmSync(sandbox.path("local", "run-1"), { recursive: true }),
      upload: hang,
    };
    const sent = await world.run(1, [{ ...store, remote }]);
    expect(outcomes(sent)).toEqual(["store failed"]);
    expect(sent.problems.join()).toContain("does not have the set");
    expect(sent.hasRequiredFailed).toBe(true);
  });

  test("by the run's own signal ends with its reason, and the set waits", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const stop = new AbortController();
    const reason = new OpsError("Ended by SIGTERM", { outcome: "interrupted" });
    const store = storeIn(sandbox, "nas", {}, (remote) => ({
      ...remote,
      upload: () => {
        stop.abort(reason);
        return hang();
      },
    }));
    await expect(world.run(1, [store], { signal: stop.signal })).rejects.toBe(reason);
    expect(readdirSync(world.queueOf("nas"))).toHaveLength(1);
  });
});

describe("sendToStores() with sets that wait", () => {
  test("says how many wait for a store that is down, and brings them oldest first when it is back", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: { ...keepOne, last: 9 } });
    for (const day of [3, 1, 2]) {
      const sent = await world.run(day, [{ ...store, remote: { ...store.remote, check: down } }]);
      expect(outcomes(sent)).toEqual(["store failed"]);
      expect(sent.problems.join()).toContain(
        `The host is down; ${{ 3: "1 set waits", 1: "2 sets wait", 2: "3 sets wait" }[day]}`,
      );
    }
    const back = await world.run(4, [store]);
    expect(outcomes(back)).toEqual(["store complete", "retention complete"]);
    expect(back.waitingPaths).toEqual([]);
    const uploaded = world.logged.filter((line) => line.startsWith("set.uploaded"));
    expect(uploaded.map((line) => /run-\d/.exec(line)?.[0])).toEqual(["run-1", "run-2", "run-3", "run-4"]);
    expect(await runsIn(store.base)).toEqual(["run-1", "run-2", "run-3", "run-4"]);
  });

  test("brings what it can within its limit of time, and goes on there in the next run", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { timeoutMs: 1500 });
    for (const day of [1, 2]) await world.run(day, [{ ...store, remote: { ...store.remote, check: down } }]);
    const slow: Remote = {
      ...store.remote,
      upload: (local, path, transfer) =>
        path.includes("run-2") ? hang() : store.remote.upload(local, path, transfer),
    };
    const sent = await world.run(3, [{ ...store, remote: slow }]);
    expect(await runsIn(store.base)).toEqual(["run-1"]);
    expect(sent.problems.join()).toContain("2 sets wait");
    expect(sent.waitingPaths).toEqual([sandbox.path("local", "run-2"), sandbox.path("local", "run-3")]);
    await world.run(4, [{ ...store, target: { ...store.target, timeoutMs: 60_000 } }]);
    expect(await runsIn(store.base)).toEqual(["run-2", "run-3", "run-4"]);
  });

  test("lets one that is damaged hold up no other, names it, prunes nothing, and keeps it waiting", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: keepOne });
    const isDown = { ...store, remote: { ...store.remote, check: down } };
    for (const day of [1, 2, 3]) await world.run(day, [isDown]);
    writeFileSync(sandbox.path("local", "run-1", "database-shop.sql.zst"), "rotten");
    rmSync(sandbox.path("local", "run-2", "application.tar.zst"));
    const sent = await world.run(4, [store]);
    expect(await runsIn(store.base)).toEqual(["run-3", "run-4"]);
    expect(outcomes(sent)).toEqual(["store partial"]);
    expect(sent.problems).toHaveLength(2);
    expect(sent.problems[0]).toContain(startOf(1));
    expect(sent.problems[0]).toContain("another SHA-256");
    expect(sent.problems[1]).toContain(startOf(2));
    expect(sent.waitingPaths).toEqual([sandbox.path("local", "run-1"), sandbox.path("local", "run-2")]);
  });

  test("gives up what is more than a store's ceiling once it has been tried, never the newest complete one", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { maxWaiting: 2, retention: { ...keepOne, last: 9 } });
    const isDown = { ...store, remote: { ...store.remote, check: down } };
    for (const day of [1, 2]) await world.run(day, [isDown]);
    const third = await world.run(3, [isDown], { manifest: { outcome: "partial" } });
    expect(third.problems).toHaveLength(2);
    expect(third.problems[1]).toContain(`will not get the set of ${startOf(1)}`);
    expect(third.problems[1]).toContain("STORE_NAS_MAX_WAITING (2)");
    expect(third.waitingPaths).toEqual([sandbox.path("local", "run-2"), sandbox.path("local", "run-3")]);
    for (const day of [4, 5]) await world.run(day, [isDown], { manifest: { outcome: "partial" } });
    const back = await world.run(6, [store]);
    // What waited is uploaded before anything is given up.
    expect(await runsIn(store.base)).toEqual(["run-2", "run-5", "run-6"]);
    expect(back.problems).toEqual([]);
  });

  test("has a set wait that its run had named when it died, and forgets one that it had not", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas");
    const { path } = world.makeSet(1);
    for (const day of [1, 2]) {
      const set = { runId: `run-${day}`, startedAt: startOf(day), path, outcome: "complete" } as const;
      await enqueue(world.queueOf("nas"), { ...set, isPublished: false });
    }
    const sent = await world.run(3, [store]);
    expect([sent.problems, await runsIn(store.base)]).toEqual([[], ["run-1", "run-3"]]);
    expect(world.logged.join("\n")).toContain(`queue.settled: The run of ${startOf(2)} ended before`);
  });

  test("keeps the problems of many short", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const full = storeIn(sandbox, "nas", {}, (remote) => ({
      ...remote,
      upload: () => Promise.reject(new OpsError("No space left", { outcome: "failed" })),
    }));
    for (let day = 1; day < 9; day += 1)
      await world.run(day, [{ ...full, remote: { ...full.remote, check: down } }]);
    const sent = await world.run(9, [full]);
    expect(sent.problems).toHaveLength(4);
    expect(sent.problems.at(-1)).toContain("6 more sets");
    expect(sent.waitingPaths).toHaveLength(9);
    expect(outcomes(sent)).toEqual(["store failed"]);
  });

  test("has failed a required store when it has others but not the new one", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { isRequired: true }, (remote) => ({
      ...remote,
      hash: async (path, transfer) => (path.includes("run-2") ? "0".repeat(64) : remote.hash(path, transfer)),
    }));
    await world.run(1, [{ ...store, remote: { ...store.remote, check: down } }]);
    const sent = await world.run(2, [store]);
    expect(await runsIn(store.base)).toEqual(["run-1"]);
    expect(outcomes(sent)).toEqual(["store failed"]);
    expect(sent.hasRequiredFailed).toBe(true);
  });

  test("drops one whose local set is gone and names it, unless the store has it", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas");
    await world.run(1, [{ ...store, remote: { ...store.remote, check: down } }]);
    // The manifest arrives, but not the answer.
    const mute: Remote = {
      ...store.remote,
      writeFile: async (path, text, limits) => {
        await store.remote.writeFile(path, text, limits);
        if (path.endsWith("manifest.json"))
          throw new OpsError("The connection was cut", { outcome: "failed" });
      },
    };
    rmSync(sandbox.path("local", "run-1"), { recursive: true });
    const lost = await world.run(2, [{ ...store, remote: mute }]);
    expect(lost.problems[0]).toContain(`${sandbox.path("local", "run-1")} is gone`);
    expect(await runsIn(store.base)).toEqual(["run-2"]);
    rmSync(sandbox.path("local", "run-2"), { recursive: true });
    const next = await world.run(3, [store]);
    expect(next.problems).toEqual([]);
    expect(await runsIn(store.base)).toEqual(["run-2", "run-3"]);
    expect(readdirSync(world.queueOf("nas"))).toEqual([]);
  });

  test("says of one whose place another set has taken that it is gone, and uploads not that other one", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas");
    await world.run(1, [{ ...store, remote: { ...store.remote, check: down } }]);
    makeLocalSet(sandbox.path("local", "run-1"), { runId: "run-other", startedAt: startOf(1) });
    const sent = await world.run(2, [store]);
    expect(sent.problems.join()).toContain("is gone");
    expect(await runsIn(store.base)).toEqual(["run-2"]);
  });

  test("says what is lost also when the store is cut off after that", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { timeoutMs: 500 });
    await world.run(1, [{ ...store, remote: { ...store.remote, check: down } }]);
    rmSync(sandbox.path("local", "run-1"), { recursive: true });
    const sent = await world.run(2, [{ ...store, remote: { ...store.remote, upload: hang } }]);
    expect(sent.problems).toHaveLength(2);
    expect(sent.problems[1]).toContain("run-1 is gone");
  });

  test("is done with a store that goes down on the way: one problem, and no other set is tried", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas");
    for (const day of [1, 2]) await world.run(day, [{ ...store, remote: { ...store.remote, check: down } }]);
    let [isUp, tried] = [true, 0];
    const goesDown: Remote = {
      ...store.remote,
      check: (limits) => (isUp ? store.remote.check(limits) : down(limits)),
      upload: () => {
        isUp = false;
        tried += 1;
        return Promise.reject(new OpsError("The connection was cut", { outcome: "failed" }));
      },
    };
    const sent = await world.run(3, [{ ...store, remote: goesDown }]);
    expect(tried).toBe(1);
    expect(sent.problems).toHaveLength(1);
    expect(sent.problems[0]).toContain("The connection was cut; 3 sets wait");
  });

  test("moves a damaged entry aside and says so, even when the store is down", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", {}, (remote) => ({ ...remote, check: down }));
    mkdirSync(world.queueOf("nas"), { recursive: true });
    writeFileSync(join(world.queueOf("nas"), "20261101-run-1.json"), "{");
    const sent = await world.run(2, [store]);
    expect(sent.notes.join()).toContain("20261101-run-1.json.bad");
    expect(sent.problems.join()).toContain("1 set waits");
  });

  test("says that the set could not be queued, and uploads nothing, when the state directory cannot be written", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    await sandbox.write("state", "a file in its place");
    const store = storeIn(sandbox, "nas", { isRequired: true });
    const sent = await world.run(1, [store]);
    expect(sent.problems.join()).toContain("could not even be queued");
    expect(sent.hasRequiredFailed).toBe(true);
    expect(await runsIn(store.base)).toEqual([]);
  });

  test("takes a set that could not be queued for no set that has arrived", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas");
    // In the way of the entry's temporary file.
    mkdirSync(join(world.queueOf("nas"), `20261101030000000-run-1.json.${process.pid}.tmp`), {
      recursive: true,
    });
    const sent = await world.run(1, [store]);
    expect(sent.problems.join()).toContain("could not even be queued");
    expect(outcomes(sent)).toEqual(["store failed"]);
  });
});

describe("sendToStores() in its retention", () => {
  test("removes the oldest first and never more than its ceiling, and says how many are left", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: keepOne, maxRemovals: 2 });
    for (let day = 1; day <= 6; day += 1) await world.run(day, [store], { mayPrune: false });
    const sent = await world.run(7, [store]);
    expect(await runsIn(store.base)).toEqual(["run-3", "run-4", "run-5", "run-6", "run-7"]);
    expect(sent.notes.join()).toContain("4 more sets");
  });

  test("keeps the set that has just arrived, though a clock that was set back makes it the oldest", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: keepOne });
    for (const day of [9, 10, 1]) await world.run(day, [store]);
    expect(await runsIn(store.base)).toEqual(["run-1", "run-10"]);
  });

  test("counts each tier by itself, and names what lies in none of today's", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { ...tiered, retention: keepOne });
    makeLocalSet(join(store.base, "yearly", "20251231T030000Z"), { startedAt: startOf(-304) });
    for (const day of [1, 2, 3, 15, 16]) await world.run(day, [store]);
    expect(readdirSync(join(store.base, "biweekly"))).toEqual(["20261115T030000Z"]);
    expect(readdirSync(join(store.base, "daily"))).toEqual(["20261116T030000Z"]);
    const sent = await world.run(17, [store]);
    expect(readdirSync(join(store.base, "yearly"))).toEqual(["20251231T030000Z"]);
    expect(sent.notes).toEqual(["Left alone in nas, since no tier of today has it: yearly/20251231T030000Z"]);
  });

  test("counts all sets together where the layout has no tiers, wherever an earlier one has put them", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: keepOne });
    makeLocalSet(join(store.base, "app", "web1", "20261101T030000Z"), { startedAt: startOf(1) });
    const sent = await world.run(2, [store]);
    expect([await runsIn(store.base), sent.notes]).toEqual([["run-2"], []]);
  });

  test("removes nothing for a run that lacks something, though the set is uploaded", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: keepOne });
    await world.run(1, [store]);
    const sent = await world.run(2, [store], { mayPrune: false, manifest: { outcome: "partial" } });
    expect(outcomes(sent)).toEqual(["store complete"]);
    expect(await runsIn(store.base)).toEqual(["run-1", "run-2"]);
  });

  test.each([
    ["is empty", async () => []],
    [
      "lacks the new set",
      async (remote: Remote, ...args: Parameters<Remote["readManifests"]>) =>
        (await remote.readManifests(...args)).filter(({ text }) => !text.includes("run-3")),
    ],
    [
      "cannot be had whole",
      async () => {
        throw new OpsError("The answer is not whole", { outcome: "failed" });
      },
    ],
  ])("removes nothing when the listing %s", async (_what, readManifests) => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: keepOne });
    for (const day of [1, 2]) await world.run(day, [store], { mayPrune: false });
    let isFirst = true;
    const wrong: Remote = {
      ...store.remote,
      readManifests: (depth, limits) => {
        if (!isFirst) return readManifests(store.remote, depth, limits);
        isFirst = false;
        return store.remote.readManifests(depth, limits);
      },
    };
    const sent = await world.run(3, [{ ...store, remote: wrong }]);
    expect(outcomes(sent)).toEqual(["store complete", "retention failed"]);
    expect(await runsIn(store.base)).toEqual(["run-1", "run-2", "run-3"]);
  });

  test("touches no set of others, and none that it cannot read", async () => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const store = storeIn(sandbox, "nas", { retention: keepOne });
    const at = (name: string) => join(store.base, "web1", "app", name);
    makeLocalSet(at("other-host"), { host: { name: "web2", machineId: "m2" }, startedAt: startOf(1) });
    makeLocalSet(at("other-job"), { job: "shop", startedAt: startOf(1) });
    makeLocalSet(at("other-machine"), { host: { name: "web1", machineId: "m0" }, startedAt: startOf(1) });
    mkdirSync(at("no-manifest"));
    writeFileSync(join(at("no-manifest"), "precious"), "x");
    mkdirSync(at("newer-schema"));
    writeFileSync(join(at("newer-schema"), "manifest.json"), JSON.stringify({ ...manifest(), schema: 2 }));
    const before = await treeOf(store.base);
    for (const day of [5, 6, 7]) await world.run(day, [store]);
    const left = (await treeOf(store.base)).filter((name) => !name.includes("20261107T"));
    expect(left).toEqual([...before]);
    expect(existsSync(at("20261107T030000Z"))).toBe(true);
    const sent = await world.run(8, [store]);
    expect(sent.notes.join()).toContain("newer-schema");
    expect(sent.notes.join()).toContain("other-machine: of an earlier installation");
  });
});

test.each(["check", "upload", "readManifests", "remove"] as const)(
  "sendToStores() takes no error that nobody foresaw in %s for a store's, and serves the others before it throws it",
  async (operation) => {
    await using sandbox = await createSandbox();
    const world = createStoreWorld(sandbox);
    const bug = new TypeError("x is undefined");
    const good = storeIn(sandbox, "good", { retention: keepOne });
    const bad = storeIn(sandbox, "bad", { retention: keepOne });
    await world.run(1, [good, bad]);
    const remote: Remote = { ...bad.remote, [operation]: () => Promise.reject(bug) };
    const sent = world.run(2, [{ ...bad, remote }, good]);
    expect(await sent.catch((error: unknown) => error)).toBe(bug);
    expect(await runsIn(good.base)).toEqual(["run-2"]);
  },
);

test("sendToStores() brings the first set from a tier's day on to that tier, the late ones of an outage too", async () => {
  await using sandbox = await createSandbox();
  const world = createStoreWorld(sandbox);
  const store = storeIn(sandbox, "nas", { ...tiered, retention: { ...keepOne, last: 30 } });
  await world.run(2, [store]);
  for (const day of [13, 14, 16, 17])
    await world.run(day, [{ ...store, remote: { ...store.remote, check: down } }]);
  await world.run(18, [store]);
  expect(readdirSync(join(store.base, "biweekly")).sort()).toEqual(["20261102T030000Z", "20261116T030000Z"]);
  expect(readdirSync(join(store.base, "daily"))).toHaveLength(4);
});

test("sendToStores() takes the local destination by another path for no store, and prunes nothing there", async () => {
  await using sandbox = await createSandbox();
  const world = createStoreWorld(sandbox);
  const local = storeIn(sandbox, "local", { layout: "{stamp}", retention: keepOne });
  world.makeSet(1);
  const sent = await world.run(2, [local]);
  expect(outcomes(sent)).toEqual(["store failed"]);
  expect(sent.problems.join()).toContain("it is a local destination by another path");
  expect(sent.problems.join()).toContain("Correct STORE_LOCAL_URL");
  expect(await runsIn(local.base, "{stamp}")).toEqual(["run-1", "run-2"]);
  expect(readdirSync(world.queueOf("local"))).toHaveLength(1);
});

test("sendToStores() lets a set that is dated in the future take no tier's place, nor a true set's", async () => {
  await using sandbox = await createSandbox();
  const world = createStoreWorld(sandbox);
  const store = storeIn(sandbox, "nas", { ...tiered, retention: keepOne });
  const path = join(store.base, "biweekly", "21000101T000000Z");
  makeLocalSet(path, { runId: "wrong", startedAt: "2100-01-01T00:00:00.000Z" });
  for (const day of [15, 16]) await world.run(day, [store]);
  const { notes } = await world.run(17, [store]);
  expect(notes.join()).toContain("Left alone in nas: biweekly/21000101T000000Z: it is dated in the future");
  expect(await runsIn(store.base, tiered.layout)).toEqual(["run-15", "run-17", "wrong"]);
  expect(readdirSync(join(store.base, "biweekly"))).toHaveLength(2);
});

test("sendToStores() lists and plans a store of 1,000 sets in under a second", async () => {
  await using sandbox = await createSandbox();
  const world = createStoreWorld(sandbox);
  const retention = { ...keepOne, last: 2000, daily: 30 };
  const store = storeIn(sandbox, "nas", { ...tiered, retention }, (_plain, base) => directoryRemote(base));
  for (let index = 0; index < 1000; index += 1) {
    const at = new Date(Date.UTC(2024, 0, 1, index * 12)).toISOString();
    const path = join(store.base, "daily", `${at.slice(0, 19).replaceAll(/[-:]/g, "")}Z`);
    mkdirSync(path, { recursive: true });
    writeFileSync(
      join(path, "manifest.json"),
      JSON.stringify(manifest({ runId: `old-${index}`, startedAt: at })),
    );
  }
  const [startedMs, before] = [performance.now(), process.cpuUsage()];
  const sent = await world.run(1, [store]);
  const { user, system } = process.cpuUsage(before);
  const [tookMs, busyMs] = [performance.now() - startedMs, (user + system) / 1000];
  console.log(
    `1,000 sets: sent, listed twice and planned in ${tookMs.toFixed(0)} ms, ${busyMs.toFixed(0)} ms of them busy`,
  );
  expect(sent.problems).toEqual([]);
  expect(sent.parts.at(-1)?.message).toContain("kept 1001, removed 0");
  // By the clock it depends on what else the machine does.
  expect(busyMs).toBeLessThan(1000);
});
