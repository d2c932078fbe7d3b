/**
 * Runs whose line to a store is cut after a random number of bytes, wherever in the protocol that falls: nothing half is ever
 * listed, and the next run completes.
 */
import { describe, expect, test } from "bun:test";
import { randomInt } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import type { OpenStore } from "#lib/backup/send-to-stores.ts";
import { createSshRemote } from "#lib/stores/ssh-remote.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { startCuttingProxy } from "#test/support/cutting-proxy.ts";
import { targetOf } from "#test/support/faulty-remote.ts";
import { hasRclone, startRcloneServer } from "#test/support/rclone-server.ts";
import { rcloneRemote } from "#test/support/rclone-store.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { hasSshd, startSshServer } from "#test/support/ssh-server.ts";
import { createStoreWorld, runsIn } from "#test/unit/backup/store-world.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const places = isWhole ? 20 : 2;
/** More connections at once a server of ssh may refuse. */
const atOnce = 3;

/** A server of stores: how it is reached by a port, which may be that of a proxy. */
interface Server extends AsyncDisposable {
  readonly port: number;
  readonly open: (sandbox: Sandbox, port: number) => Promise<OpenStore>;
  /** Nothing of a cut upload goes on there. */
  readonly untilIdle: () => Promise<void>;
}

async function startSsh(): Promise<Server> {
  const server = await startSshServer();
  const env = { PATH: process.env.PATH ?? "", HOME: "/nonexistent" };
  return {
    port: server.port,
    untilIdle: server.untilIdle,
    open: async (sandbox, port) => {
      const hosts = readFileSync(server.knownHostsFile, "utf8").replace(/\]:\d+/, `]:${port}`);
      const knownHostsFile = await sandbox.write(`hosts-${port}`, hosts);
      const address = {
        kind: "ssh",
        host: "127.0.0.1",
        port,
        user: "root",
        path: sandbox.path("base"),
      } as const;
      const target = { ...targetOf({ address, keyFile: server.keyFile, knownHostsFile }), address };
      const remote = createSshRemote(target, { exec: createExec(env), clock: systemClock, env });
      return { target, remote };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function startWebdav(): Promise<Server> {
  // It serves every sandbox: they lie side by side.
  const server = await startRcloneServer({ protocol: "webdav", directory: "/" });
  return {
    port: server.port,
    untilIdle: async () => undefined,
    open: async (sandbox, port) => {
      const name = `by${port}`;
      server.addRemote(name, port);
      const remote = rcloneRemote(sandbox, `${name}:${sandbox.path("base")}`, { config: server.configFile });
      return { target: targetOf({ address: { kind: "rclone", remote: name } }), remote };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const kinds = [
  ["ssh", hasSshd, startSsh],
  ["rclone over webdav", hasRclone, startWebdav],
] as const;

describe.each(kinds)("A store by %s", (_kind, isThere, start) => {
  test.skipIf(!isThere)(
    `lists no half set when its line is cut at ${places} random bytes, and has every set once after the next run`,
    async () => {
      await using server = await start();
      let runBytes = 0;
      const cutAt = async (afterBytes: number) => {
        await using sandbox = await createSandbox();
        mkdirSync(sandbox.path("base"));
        const world = createStoreWorld(sandbox);
        await using proxy = await startCuttingProxy(server.port, { afterBytes, how: "cut", isOfAll: true });
        const cut = await world.run(1, [await server.open(sandbox, proxy.port)]);
        runBytes = Math.max(runBytes, proxy.passedBytes());
        if (Number.isFinite(afterBytes)) expect(cut.problems.length).toBeGreaterThan(0);
        await server.untilIdle();
        await runsIn(sandbox.path("base"));
        const next = await world.run(2, [await server.open(sandbox, server.port)]);
        expect({ afterBytes, problems: next.problems }).toEqual({ afterBytes, problems: [] });
        expect({ afterBytes, runs: await runsIn(sandbox.path("base")) }).toEqual({
          afterBytes,
          runs: ["run-1", "run-2"],
        });
        expect(readdirSync(sandbox.path("base")).filter((name) => name.startsWith("."))).toEqual([]);
        expect(readdirSync(world.queueOf("nas"))).toEqual([]);
      };
      await cutAt(Number.POSITIVE_INFINITY);
      // The last bytes may be those of a farewell.
      const cuts = Array.from({ length: places }, () => randomInt(1, Math.floor(runBytes * 0.95)));
      for (let first = 0; first < places; first += atOnce)
        await Promise.all(cuts.slice(first, first + atOnce).map(cutAt));
    },
    isWhole ? 600_000 : 180_000,
  );
});
