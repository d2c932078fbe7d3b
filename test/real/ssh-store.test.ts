/** A store that is reached by ssh, with a real sshd: every operation, and every way in which it can fail. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { createSshRemote } from "#lib/stores/ssh-remote.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { startCuttingProxy } from "#test/support/cutting-proxy.ts";
import { targetOf } from "#test/support/faulty-remote.ts";
import { createSandbox, type Sandbox, treeOf } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { hasSshd, type SshServer, startSshServer } from "#test/support/ssh-server.ts";

const env = { PATH: process.env.PATH ?? "", HOME: "/nonexistent" };
const signal = new AbortController().signal;
const limits = { signal, timeoutMs: 20_000 };
const transfer = { signal, stallMs: 20_000, bytesPerSecond: undefined, onBytes: () => undefined };
const baseName = '-Backup "Server" it\'s $HOME `x`';

describe.skipIf(!hasSshd)("A store by ssh", () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const remoteOf = (path: string, changes: Partial<StoreTarget> = {}, port = server.port): Remote => {
    const address = { kind: "ssh", host: "127.0.0.1", port, user: "root", path } as const;
    const keys = { keyFile: server.keyFile, knownHostsFile: server.knownHostsFile };
    const access = { exec: createExec(env), clock: systemClock, env };
    return createSshRemote({ ...targetOf({ address, ...keys, ...changes }), address }, access);
  };
  /** A base whose name holds what shells take for something else. */
  const baseIn = (sandbox: Sandbox) => {
    const base = sandbox.path(baseName);
    mkdirSync(base);
    return base;
  };

  test("does every operation in a base of any name, on files of any name", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const remote = remoteOf(base);
    const names = ["a b", "-rf", "it's", '"quoted"', "$(touch x)", "größe", "new*"];
    await remote.check(limits);
    for (const [index, name] of names.entries()) {
      const content = randomBytes(1000 + index);
      const local = await sandbox.write(`local-${index}`, "");
      writeFileSync(local, content);
      await remote.upload(local, `.part/${name}`, transfer);
      expect(await remote.hash(`.part/${name}`, transfer)).toBe(
        createHash("sha256").update(content).digest("hex"),
      );
    }
    expect(new Set(await remote.list(".part", limits))).toEqual(new Set(names));
    expect(await remote.list("", limits)).toEqual([".part"]);
    expect(await remote.list("nothing/here", limits)).toEqual([]);
    await remote.writeFile(".part/text", "one\ntwo", limits);
    expect(await remote.readFile(".part/text", limits)).toBe("one\ntwo");
    expect(await remote.readFile(".part/none", limits)).toBeUndefined();
    expect(await remote.rename(".part", "web1/app/a set", limits)).toBe(true);
    await remote.writeFile(".other/x", "", limits);
    expect(await remote.rename(".other", "web1/app/a set", limits)).toBe(false);
    await remote.writeFile("web1/app/a set/manifest.json", "{}\n", limits);
    expect(await remote.readManifests(3, limits)).toEqual([{ path: "web1/app/a set", text: "{}\n" }]);
    symlinkSync("/etc", join(base, "web1/app/a set/link"));
    await remote.remove("web1/app/a set", limits);
    await remote.removeEmptyParents("web1/app/a set", limits);
    expect(existsSync("/etc/passwd")).toBe(true);
    expect(await treeOf(base)).toEqual([".other/", ".other/x"]);
  });

  test.each(["", "/etc", "../up", "a/../../b", "a//b", ".", "a\nb"])("never removes %j", async (path) => {
    await using sandbox = await createSandbox();
    await expect(remoteOf(baseIn(sandbox)).remove(path, limits)).rejects.toThrow("no path below");
  });

  describe("is refused, in its own words with a hint, when", () => {
    const refusalOf = async (action: Promise<unknown>): Promise<OpsError> => {
      const error = await action.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error instanceof OpsError) return error;
      throw new Error(`It was not refused: ${error}`);
    };

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
      const remote = remoteOf(base);
      expect((await refusalOf(remote.check(limits))).hint).toContain("Create the base");
      const local = await sandbox.write("local", "x");
      await refusalOf(remote.upload(local, "a/b", transfer));
      await refusalOf(remote.readManifests(3, limits));
      await refusalOf(remote.list("", limits));
      expect(existsSync(base)).toBe(false);
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
      const address = { kind: "ssh", host: "127.0.0.1", port: 1, user: "root", path: base } as const;
      const fakeEnv = { ...env, PATH: `${sandbox.bin}:${env.PATH}` };
      const access = { exec: createExec(fakeEnv), clock: systemClock, env: fakeEnv };
      const remote = createSshRemote({ ...targetOf({ address }), address }, access);
      for (const action of [
        remote.check(limits),
        remote.list("", limits),
        remote.readManifests(3, limits),
        remote.readFile("x", limits),
      ]) {
        expect((await refusalOf(action)).message).toMatch(/not whole/);
      }
    });
  });

  test("takes an answer behind what a login shell says first", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    await sandbox.fake("ssh", '#!/bin/sh\necho Welcome to the NAS\nexec /usr/bin/ssh "$@"\n');
    const address = { kind: "ssh", host: "127.0.0.1", port: server.port, user: "root", path: base } as const;
    const fakeEnv = { ...env, PATH: `${sandbox.bin}:${env.PATH}` };
    const keys = { keyFile: server.keyFile, knownHostsFile: server.knownHostsFile };
    const access = { exec: createExec(fakeEnv), clock: systemClock, env: fakeEnv };
    const remote = createSshRemote({ ...targetOf({ address, ...keys }), address }, access);
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
    for (let round = 0; round < 20; round += 1) {
      const path = `.part-${round}/file`;
      await using proxy = await startCuttingProxy(server.port, {
        afterBytes: randomInt(3000, content.length),
        how: "cut",
      });
      // Known by the name of the real one's port only: the key is the same.
      const hosts = await sandbox.write(
        "proxy_hosts",
        readFileSync(server.knownHostsFile, "utf8").replace(/\]:\d+/, `]:${proxy.port}`),
      );
      const cut = remoteOf(base, { knownHostsFile: hosts }, proxy.port);
      await expect(cut.upload(local, path, transfer)).rejects.toThrow(OpsError);
      await remoteOf(base).upload(local, path, transfer);
      expect(await remoteOf(base).hash(path, transfer)).toBe(sum);
    }
  }, 120_000);

  test("gives up a connection that moves nothing", async () => {
    await using sandbox = await createSandbox();
    const base = baseIn(sandbox);
    const local = await sandbox.write("local", "");
    writeFileSync(local, randomBytes(20_000_000));
    await using proxy = await startCuttingProxy(server.port, { afterBytes: 1_000_000, how: "stall" });
    const hosts = await sandbox.write(
      "proxy_hosts",
      readFileSync(server.knownHostsFile, "utf8").replace(/\]:\d+/, `]:${proxy.port}`),
    );
    const stalled = remoteOf(base, { knownHostsFile: hosts }, proxy.port).upload(local, "p/f", {
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
    // The last chunk needs no waiting for: a little less than a second.
    expect(performance.now() - startedAt).toBeGreaterThan(700);
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
    chmodSync(join(base, "web1"), 0o755);
    await sandbox.fake("ssh", '#!/bin/sh\n/usr/bin/ssh "$@" | head -c 100000\n');
    const fakeEnv = { ...env, PATH: `${sandbox.bin}:${env.PATH}` };
    const address = { kind: "ssh", host: "127.0.0.1", port: server.port, user: "root", path: base } as const;
    const keys = { keyFile: server.keyFile, knownHostsFile: server.knownHostsFile };
    const cut = createSshRemote(
      { ...targetOf({ address, ...keys }), address },
      { exec: createExec(fakeEnv), clock: systemClock, env: fakeEnv },
    );
    await expect(cut.readManifests(3, limits)).rejects.toThrow("not whole");
  });
});
