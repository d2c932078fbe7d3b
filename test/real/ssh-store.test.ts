/** A store that is reached by ssh, with a real sshd: every operation, and every way in which it can fail. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes, randomInt } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { createSshRemote } from "#lib/stores/ssh-remote.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { type CuttingProxy, startCuttingProxy } from "#test/support/cutting-proxy.ts";
import { targetOf } from "#test/support/faulty-remote.ts";
import { expectEveryOperation, expectNoBase, nastyName, refusalOf } from "#test/support/remote-operations.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { hasSshd, type SshServer, startSshServer } from "#test/support/ssh-server.ts";

const env = { PATH: process.env.PATH ?? "", HOME: "/nonexistent" };
const { signal } = new AbortController();
const limits = { signal, timeoutMs: 20_000 };
const transfer = { signal, stallMs: 20_000, bytesPerSecond: undefined, onBytes: () => undefined };

interface Connection {
  readonly changes?: Partial<StoreTarget>;
  readonly port?: number;
  /** What the programs that it runs see. */
  readonly environment?: Readonly<Record<string, string>>;
}

function connectTo(
  { keyFile, knownHostsFile, port: itsPort }: SshServer,
  path: string,
  { changes, port = itsPort, environment = env }: Connection = {},
): Remote {
  const address = { kind: "ssh", host: "127.0.0.1", port, user: "root", path } as const;
  const access = { exec: createExec(environment), clock: systemClock, env: environment };
  return createSshRemote({ ...targetOf({ address, keyFile, knownHostsFile, ...changes }), address }, access);
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

/** A base whose name holds what shells take for something else. */
function baseIn(sandbox: Sandbox): string {
  const base = sandbox.path(nastyName);
  mkdirSync(base);
  return base;
}

/** What a program sees when the sandbox's fakes come first. */
function fakesOf(sandbox: Sandbox): Readonly<Record<string, string>> {
  return { ...env, PATH: `${sandbox.bin}:${env.PATH}` };
}

/** A directory of these programs alone, for the PATH of a server. */
function programsIn(sandbox: Sandbox, programs: Readonly<Record<string, string>>): string {
  mkdirSync(sandbox.path("programs"));
  for (const [name, program] of Object.entries(programs)) {
    symlinkSync(program, sandbox.path("programs", name));
  }
  return sandbox.path("programs");
}

/** Without `sh`: the shell of busybox has its other programs built in. */
const busybox = (...applets: readonly string[]) =>
  Object.fromEntries(applets.map((applet) => [applet, "/usr/bin/busybox"]));
const posix = {
  sh: "/bin/dash",
  ...busybox("cat", "ls", "mkdir", "mv", "rm", "rmdir", "sync", "wc", "true"),
};

describe.skipIf(!hasSshd)("A store by ssh", () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const remoteOf = (path: string, changes: Partial<StoreTarget> = {}, port = server.port): Remote =>
    connectTo(server, path, { changes, port });

  /** Through a proxy: the server is known by another port, the key is the same. */
  const remoteThrough = async ({ port }: CuttingProxy, sandbox: Sandbox, base: string) => {
    const hosts = readFileSync(server.knownHostsFile, "utf8").replace(/\]:\d+/, `]:${port}`);
    return remoteOf(base, { knownHostsFile: await sandbox.write(`hosts-${port}`, hosts) }, port);
  };

  test("does every operation in a base of any name, on files of any name", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    await expectEveryOperation(remoteOf(base), base, sandbox);
  });

  test.each(["", "/etc", "../up", "a/../../b", "a//b", ".", "a\nb"])("never removes %j", async (path) => {
    await using sandbox = await createSandbox();
    await expect(remoteOf(baseIn(sandbox)).remove(path, limits)).rejects.toThrow("no path below");
  });

  describe("is refused, in its own words with a hint, when", () => {
    test.each([
      [
        "the host key has changed",
        () => ({ knownHostsFile: server.changedHostsFile }),
        "IDENTIFICATION HAS CHANGED",
        "never accepted unseen",
      ],
      [
        "the host key is unknown",
        () => ({ knownHostsFile: "/dev/null" }),
        "Host key verification failed",
        "known_hosts",
      ],
      [
        "the key is not let in",
        () => ({ keyFile: server.otherKeyFile }),
        "Permission denied (publickey",
        "authorized_keys",
      ],
    ] as const)("%s", async (_when, changes, words, hint) => {
      await using sandbox = await createSandbox();
      const error = await refusalOf(remoteOf(baseIn(sandbox), changes()).check(limits));
      expect(error.message).toContain(words);
      expect(error.hint).toContain(hint);
    });

    test("nobody listens", async () => {
      const error = await refusalOf(remoteOf("/tmp", {}, 1).check(limits));
      expect(error.message).toContain("Connection refused");
    });

    test("the base is missing, and it is not created", async () => {
      await using sandbox = await createSandbox();
      const base = sandbox.path("not mounted");
      await expectNoBase(remoteOf(base), base, sandbox);
    });

    test("its disk is full", async () => {
      await using sandbox = await createSandbox();
      const local = await sandbox.write("local", "");
      writeFileSync(local, randomBytes(8_000_000));
      await withSmallFileSystem({ sizeMb: 4, type: "tmpfs" }, async ({ directory }) => {
        const error = await refusalOf(remoteOf(directory).upload(local, "p/file", transfer));
        expect(error.message).toContain("No space left");
        expect(error.hint).toContain("Free space");
      });
    });

    test("its file system is read-only", async () => {
      await withSmallFileSystem({ sizeMb: 4, type: "tmpfs" }, async ({ directory, makeReadOnly }) => {
        makeReadOnly();
        expect((await refusalOf(remoteOf(directory).check(limits))).message).toContain("not writable");
      });
    });

    test("a login script there says something instead of the answer", async () => {
      await using sandbox = await createSandbox();
      const base = baseIn(sandbox);
      await sandbox.fake("ssh", "#!/bin/sh\necho Welcome to the NAS\n");
      const local = await sandbox.write("local", "x");
      const remote = connectTo(server, base, { environment: fakesOf(sandbox) });
      for (const act of [
        () => remote.check(limits),
        () => remote.list("", limits),
        () => remote.readManifests(3, limits),
        () => remote.readFile("x", limits),
        () => remote.rename("x", "y", limits),
        () => remote.hash("x", transfer),
        () => remote.upload(local, "x", transfer),
      ]) {
        expect((await refusalOf(act())).message).toMatch(/not whole/);
      }
    });
  });

  test("takes an answer behind what a login shell says first", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    await sandbox.fake("ssh", '#!/bin/sh\necho Welcome to the NAS\nexec /usr/bin/ssh "$@"\n');
    const remote = connectTo(server, base, { environment: fakesOf(sandbox) });
    await remote.check(limits);
    await remote.writeFile("web1/app/s/manifest.json", "{}", limits);
    expect(await remote.readManifests(3, limits)).toEqual([{ path: "web1/app/s", text: "{}" }]);
  });

  test("goes on where a cut connection left it, at 20 random places, until every byte is there", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const content = randomBytes(3_000_000);
    const local = await sandbox.write("local", "");
    writeFileSync(local, content);
    const sum = createHash("sha256").update(content).digest("hex");
    const paths = Array.from({ length: 20 }, (_, index) => `.part-${index}/file`);
    const cutOff = async (path: string) => {
      const afterBytes = randomInt(3000, content.length);
      await using proxy = await startCuttingProxy(server.port, { afterBytes, how: "cut" });
      const cut = await remoteThrough(proxy, sandbox, base);
      await expect(cut.upload(local, path, transfer)).rejects.toThrow(OpsError);
    };
    await Promise.all(paths.map(cutOff));
    await server.untilIdle();
    const finish = async (path: string) => {
      const sent: number[] = [];
      const before = sizeOf(join(base, path));
      await remoteOf(base).upload(local, path, { ...transfer, onBytes: (bytes) => sent.push(bytes) });
      expect(sent.at(-1)).toBe(content.length - before);
      expect(await remoteOf(base).hash(path, transfer)).toBe(sum);
    };
    await Promise.all(paths.map(finish));
    const again: number[] = [];
    await remoteOf(base).upload(local, ".part-0/file", {
      ...transfer,
      onBytes: (bytes) => again.push(bytes),
    });
    expect(again).toEqual([]);
  }, 120_000);

  test("replaces what is longer than the file, or no file at all", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const local = await sandbox.write("local", "short");
    const kept = await sandbox.write("kept", "kept");
    await remoteOf(base).writeFile("p/longer", "much longer", limits);
    mkdirSync(join(base, "p/directory/full"), { recursive: true });
    symlinkSync(kept, join(base, "p/link"));
    for (const path of ["p/longer", "p/directory", "p/link"]) {
      await remoteOf(base).upload(local, path, transfer);
      expect(readFileSync(join(base, path), "utf8")).toBe("short");
    }
    expect(readFileSync(kept, "utf8")).toBe("kept");
  });

  test("writes a small file whole or not at all, wherever the connection is cut", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const text = randomBytes(500_000).toString("hex");
    for (let round = 0; round < 5; round += 1) {
      await remoteOf(base).writeFile("set/manifest.json", "old", limits);
      const afterBytes = randomInt(3000, text.length);
      await using proxy = await startCuttingProxy(server.port, { afterBytes, how: "cut" });
      const cut = await remoteThrough(proxy, sandbox, base);
      await expect(cut.writeFile("set/manifest.json", text, limits)).rejects.toThrow(OpsError);
      await server.untilIdle();
      expect(readdirSync(join(base, "set"))).toEqual(["manifest.json"]);
      expect(readFileSync(join(base, "set/manifest.json"), "utf8")).toBe("old");
    }
  });

  test("gives up a connection that moves nothing", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const local = await sandbox.write("local", "");
    writeFileSync(local, randomBytes(20_000_000));
    await using proxy = await startCuttingProxy(server.port, { afterBytes: 1_000_000, how: "stall" });
    const remote = await remoteThrough(proxy, sandbox, base);
    const stalled = remote.upload(local, "p/f", {
      ...transfer,
      stallMs: 1500,
    });
    await expect(stalled).rejects.toThrow("took nothing for 1.5 s");
  });

  test("keeps to its limit of speed", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const local = await sandbox.write("local", "");
    writeFileSync(local, randomBytes(2_000_000));
    const startedAt = performance.now();
    await remoteOf(base).upload(local, "p/f", { ...transfer, bytesPerSecond: 2_000_000 });
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`2 MB at 2 MB/s took ${seconds.toFixed(1)} s`);
    expect(seconds).toBeGreaterThan(0.9);
    expect(seconds).toBeLessThan(10);
  });

  test("lists 1,000 sets in one go, and throws when the answer is cut", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const text = `${JSON.stringify({ filler: "größe ".repeat(300) }, null, 2)}\n`;
    for (let index = 0; index < 1000; index += 1) {
      const directory = join(base, "web1", "app", `set ${index}`);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "manifest.json"), text);
    }
    const startedAt = performance.now();
    const listed = await remoteOf(base).readManifests(3, limits);
    console.log(`1,000 sets listed by ssh in ${Math.round(performance.now() - startedAt)} ms`);
    expect(listed).toHaveLength(1000);
    expect(listed.every((one) => one.text === text)).toBe(true);
    expect(new Set(listed.map(({ path }) => path)).size).toBe(1000);
    await sandbox.fake("ssh", '#!/bin/sh\n/usr/bin/ssh "$@" | head -c 100000\n');
    const cut = connectTo(server, base, { environment: fakesOf(sandbox) });
    await expect(cut.readManifests(3, limits)).rejects.toThrow("not whole");
  });

  test.skipIf(!hasLoopDevices)(
    "throws when a directory there is damaged, instead of passing over it",
    async () => {
      await withSmallFileSystem({ sizeMb: 20, type: "ext4" }, async (fileSystem) => {
        const remote = remoteOf(fileSystem.directory);
        for (const host of ["web1", "web2"])
          await remote.writeFile(`${host}/app/s/manifest.json`, "{}", limits);
        expect(await remote.readManifests(3, limits)).toHaveLength(2);
        fileSystem.damage("/web1/app");
        await refusalOf(remote.readManifests(3, limits));
        await refusalOf(remote.list("web1/app", limits));
      });
    },
  );
});

describe.skipIf(!hasSshd || !existsSync("/usr/bin/busybox"))("A store by ssh on a server that has", () => {
  test("busybox alone does every operation", async () => {
    await using sandbox = await createSandbox();
    const path = programsIn(sandbox, busybox("sh", "true"));
    await using server = await startSshServer({ path });
    const base = baseIn(sandbox);
    await expectEveryOperation(connectTo(server, base), base, sandbox);
  });

  test.each([
    ["openssl", { openssl: "/usr/bin/openssl" }],
    ["shasum", { shasum: "/usr/bin/shasum", perl: "/usr/bin/perl", env: "/usr/bin/env" }],
    ["busybox without links", { busybox: "/usr/bin/busybox" }],
  ])("%s for a hasher hashes", async (_name, programs) => {
    await using sandbox = await createSandbox();
    await using server = await startSshServer({ path: programsIn(sandbox, { ...posix, ...programs }) });
    const remote = connectTo(server, baseIn(sandbox));
    await remote.check(limits);
    await remote.writeFile("-f", "größe", limits);
    expect(await remote.hash("-f", transfer)).toBe(createHash("sha256").update("größe").digest("hex"));
  });

  test("no hasher is refused before anything is uploaded", async () => {
    await using sandbox = await createSandbox();
    await using server = await startSshServer({ path: programsIn(sandbox, posix) });
    const error = await refusalOf(connectTo(server, baseIn(sandbox)).check(limits));
    expect(error.message).toContain("no program for SHA-256");
    expect(error.hint).toContain("coreutils");
  });

  test("another owner for the base is refused, and names what is wrong", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const path = programsIn(sandbox, { ...posix, ...busybox("sha256sum"), sh: sandbox.path("as-nobody") });
    await sandbox.write(
      "as-nobody",
      '#!/bin/sh\nexec /usr/bin/setpriv --reuid=65534 --clear-groups /bin/sh "$@"\n',
      0o755,
    );
    await using server = await startSshServer({ path });
    const remote = connectTo(server, base);
    const local = await sandbox.write("local", "x");
    for (const act of [
      () => remote.check(limits),
      () => remote.upload(local, "a/b", transfer),
      () => remote.writeFile("a/b", "", limits),
    ]) {
      const error = await refusalOf(act());
      expect(error.message).toMatch(/not writable|Permission denied/);
      expect(error.hint).toContain("owner and mode");
    }
    // A directory of somebody else is none of ours, ours must be readable.
    mkdirSync(join(base, "web2"), { mode: 0o700 });
    mkdirSync(join(base, "web1/app/s"), { recursive: true });
    writeFileSync(join(base, "web1/app/s/manifest.json"), "{}");
    expect(await remote.readManifests(3, limits)).toEqual([{ path: "web1/app/s", text: "{}" }]);
    expect((await refusalOf(remote.list("web2", limits))).message).toContain("can't cd to ./web2");
  });
});
