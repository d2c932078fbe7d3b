/** A store that is a remote of rclone, with a real server: every operation, and every way in which it can fail. */
import { describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { createRcloneRemote } from "#lib/stores/rclone-remote.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { createExec } from "#lib/tools/exec.ts";
import { targetOf } from "#test/support/faulty-remote.ts";
import { hasRclone, startRcloneServer } from "#test/support/rclone-server.ts";
import { createSandbox, type Sandbox, treeOf } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const signal = new AbortController().signal;
const limits = { signal, timeoutMs: 20_000 };
const transfer = { signal, stallMs: 20_000, bytesPerSecond: undefined, onBytes: () => undefined };

function remoteOf(sandbox: Sandbox, remote: string, rcloneConfig?: string): Remote {
  const address = { kind: "rclone", remote } as const;
  return createRcloneRemote(
    { ...targetOf({ address, rcloneConfig }), address },
    { exec: createExec(sandbox.environment), cacheDirectory: sandbox.path("cache") },
  );
}

async function refusalOf(action: Promise<unknown>): Promise<OpsError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OpsError) return error;
  throw new Error(`It was not refused: ${error}`);
}

/** A base behind the server, or beside it. */
async function openBase(sandbox: Sandbox, kind: "webdav" | "local") {
  const base = sandbox.path("served", "the base");
  mkdirSync(base, { recursive: true });
  if (kind === "local") {
    return {
      base,
      remote: remoteOf(sandbox, `:local:${base}`),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const server = await startRcloneServer(sandbox.path("served"));
  const remote = remoteOf(sandbox, "dav:the base", server.configFile);
  return { base, remote, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe.skipIf(!hasRclone)("A store by rclone", () => {
  test.each(["webdav", "local"] as const)(
    "does every operation over %s, on files of any name",
    async (kind) => {
      await using sandbox = await createSandbox();
      await using opened = await openBase(sandbox, kind);
      const { base, remote } = opened;
      await remote.check(limits);
      expect(await treeOf(base)).toEqual([]);
      const names = ["a b", "-rf", "it's", "[x]{y}*", "größe"];
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
      await remote.writeFile(".other/x", "y", limits);
      expect(await remote.rename(".other", "web1/app/a set", limits)).toBe(false);
      await remote.writeFile("web1/app/a set/manifest.json", "{}\n", limits);
      for (const _again of [1, 2]) {
        expect(await remote.readManifests(3, limits)).toEqual([{ path: "web1/app/a set", text: "{}\n" }]);
      }
      await remote.remove("web1/app/a set", limits);
      await remote.remove("web1/app/a set", limits);
      await remote.removeEmptyParents("web1/app/a set", limits);
      expect(await remote.readManifests(3, limits)).toEqual([]);
      expect(await treeOf(base)).toEqual([".other/", ".other/x"]);
    },
    60_000,
  );

  test.each(["", "/etc", "../up", "a/../../b"])("never removes %j", async (path) => {
    await using sandbox = await createSandbox();
    const remote = remoteOf(sandbox, `:local:${sandbox.directory}`);
    expect((await refusalOf(remote.remove(path, limits))).message).toContain("no path below");
  });

  describe("is refused, in its own words with a hint, when", () => {
    test("the password is wrong, or the server is gone", async () => {
      await using sandbox = await createSandbox();
      mkdirSync(sandbox.path("served"));
      await using server = await startRcloneServer(sandbox.path("served"));
      const wrong = await refusalOf(remoteOf(sandbox, "wrong:", server.configFile).check(limits));
      expect(wrong.message).toMatch(/401|Unauthorized/);
      expect(wrong.hint).toContain("account");
      await server.stop();
      const gone = await refusalOf(remoteOf(sandbox, "dav:", server.configFile).check(limits));
      expect(gone.message).toContain("connection refused");
      expect(gone.hint).toContain("Is the remote up");
    });

    test("the remote is unknown", async () => {
      await using sandbox = await createSandbox();
      const error = await refusalOf(remoteOf(sandbox, "nope:x", "/dev/null").check(limits));
      expect(error.message).toContain("didn't find section");
      expect(error.hint).toContain("rclone config");
    });

    test("the base is missing, and it is not created", async () => {
      await using sandbox = await createSandbox();
      const error = await refusalOf(remoteOf(sandbox, `:local:${sandbox.path("none")}`).check(limits));
      expect(error.hint).toContain("rclone mkdir");
      expect(existsSync(sandbox.path("none"))).toBe(false);
    });

    test("its disk is full", async () => {
      await using sandbox = await createSandbox();
      const local = await sandbox.write("local", "");
      writeFileSync(local, randomBytes(8_000_000));
      await withSmallFileSystem({ sizeMb: 4, type: "tmpfs" }, async ({ directory }) => {
        const error = await refusalOf(
          remoteOf(sandbox, `:local:${directory}`).upload(local, "p/file", transfer),
        );
        expect(error.hint).toContain("Free space");
      });
    });

    test.each([
      ["half of it is missing", '[{"Path":"web1/app/s/manifest.json","Name":"mani'],
      ["it is no list", "{}"],
      ["it is empty", ""],
    ])("its listing is wrong: %s", async (_what, answer) => {
      await using sandbox = await createSandbox();
      await sandbox.fake("rclone", `#!/bin/sh\nprintf '%s' '${answer}'\n`);
      const remote = remoteOf(sandbox, "any:x");
      expect((await refusalOf(remote.readManifests(3, limits))).message).toContain("not whole");
      expect((await refusalOf(remote.list("", limits))).message).toContain("not whole");
    });
  });

  test("replaces what a server that died in the middle has kept", async () => {
    await using sandbox = await createSandbox();
    mkdirSync(sandbox.path("served", "base"), { recursive: true });
    await using server = await startRcloneServer(sandbox.path("served"));
    const remote = remoteOf(sandbox, "dav:base", server.configFile);
    const content = randomBytes(30_000_000);
    const local = await sandbox.write("local", "");
    writeFileSync(local, content);
    const cut = refusalOf(remote.upload(local, ".part/file", { ...transfer, bytesPerSecond: 5_000_000 }));
    await server.stop();
    await cut;
    writeFileSync(join(sandbox.path("served", "base"), "junk"), "x");
    await server.start();
    await remote.upload(local, ".part/file", transfer);
    expect(await remote.hash(".part/file", transfer)).toBe(
      createHash("sha256").update(content).digest("hex"),
    );
  }, 60_000);

  // A server of webdav asks its file system about every entry: 1,000 of them take it seconds.
  test.each([
    ["webdav", isWhole ? 1000 : 100],
    ["local", 1000],
  ] as const)(
    "lists sets over %s, %i of them, and fetches none that it knows",
    async (kind, count) => {
      await using sandbox = await createSandbox();
      await using opened = await openBase(sandbox, kind);
      const text = `${JSON.stringify({ filler: "größe ".repeat(300) }, null, 2)}\n`;
      for (let index = 0; index < count; index += 1) {
        const directory = join(opened.base, "web1", "app", `set ${index}`);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, "manifest.json"), text);
      }
      for (const what of ["first", "again"]) {
        const startedAt = performance.now();
        const listed = await opened.remote.readManifests(3, { signal, timeoutMs: 60_000 });
        console.log(
          `${count} sets listed by rclone over ${kind}, ${what}: ${Math.round(performance.now() - startedAt)} ms`,
        );
        expect(new Set(listed.map(({ path }) => path)).size).toBe(count);
        expect(listed.every((one) => one.text === text)).toBe(true);
        await sandbox.fake("rclone", '#!/bin/sh\n[ "$1" = copy ] && exit 9\nexec /usr/bin/rclone "$@"\n');
      }
    },
    120_000,
  );
});
