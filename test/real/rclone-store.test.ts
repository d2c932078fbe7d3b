/** A store that is a remote of rclone, on real servers: every operation, and every way in which it can fail. */
import { describe, expect, test } from "bun:test";
import { createHash, randomBytes, randomInt } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { OpsError } from "#lib/core/ops-error.ts";
import { readLocalSet } from "#lib/stores/local-set.ts";
import { putSet } from "#lib/stores/put-set.ts";
import { listRemoteSets, removeRemoteSet } from "#lib/stores/remote-sets.ts";
import { isRoot, isSystemAdmin } from "#test/support/capabilities.ts";
import { startCuttingProxy } from "#test/support/cutting-proxy.ts";
import { startObjectServer } from "#test/support/object-server.ts";
import { hasRclone, startRcloneServer } from "#test/support/rclone-server.ts";
import {
  changeUnseen,
  type OpenedStore,
  objectsConfig,
  openRcloneStore,
  rcloneRemote,
  type StoreKind,
  storeKinds,
} from "#test/support/rclone-store.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { hasSshd, startSshServer } from "#test/support/ssh-server.ts";
import { makeLocalSet, sha256Of } from "#test/unit/stores/stored-set.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const signal = new AbortController().signal;
const limits = { signal, timeoutMs: 20_000 };
const transfer = { signal, stallMs: 20_000, bytesPerSecond: undefined, onBytes: () => undefined };
const own = {
  host: { name: "web1", machineId: "m1", formerIds: [] },
  job: "app",
  layout: "{host}/{job}/{stamp}",
};
const relativePath = "web1/app/20261120T030000Z";
const nobody = 65_534;

async function refusalOf(action: Promise<unknown>): Promise<OpsError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OpsError) return error;
  throw new Error(`It was not refused: ${error}`);
}

async function fileOf(sandbox: Sandbox, bytes: number): Promise<{ path: string; sha256: string }> {
  const content = randomBytes(bytes);
  const path = sandbox.path(`local-${bytes}`);
  writeFileSync(path, content);
  return { path, sha256: createHash("sha256").update(content).digest("hex") };
}

async function localSet(sandbox: Sandbox) {
  makeLocalSet(sandbox.path("set"), { runId: "run-1" });
  const set = await readLocalSet(sandbox.path("set"), 1000);
  if (set === undefined) throw new Error("The set is there");
  return set;
}

/** Whatever is listed must be whole; gives how many sets that is. */
async function countWhole({ remote, read }: OpenedStore): Promise<number> {
  const { own: sets, unknown } = await listRemoteSets(remote, own, limits);
  expect(unknown).toEqual([]);
  for (const { path, manifest } of sets) {
    for (const { file, sha256 } of manifest.components)
      expect(sha256Of(read(`${path}/${file}`))).toBe(sha256);
    expect(read(`${path}/SHA256SUMS`).toString()).toContain("manifest.json");
  }
  return sets.length;
}

describe.skipIf(!hasRclone)("A store by rclone", () => {
  test.each(storeKinds)(
    "does every operation over %s, on files and directories of any name",
    async (kind) => {
      await using sandbox = await createSandbox();
      await using store = await openRcloneStore(sandbox, kind);
      const { remote, files } = store;
      await remote.check(limits);
      expect(await files()).toEqual([]);
      const names = ["-rf", "it's", '[x]{y}*? "q"', "# größe"];
      for (const [index, name] of names.entries()) {
        const local = await fileOf(sandbox, 1000 + index);
        await remote.upload(local.path, `.part/${name}`, transfer);
        expect(await remote.hash(`.part/${name}`, transfer)).toBe(local.sha256);
      }
      expect(new Set(await remote.list(".part", limits))).toEqual(new Set(names));
      expect(await remote.list("", limits)).toEqual([".part"]);
      expect(await remote.list("nothing/here", limits)).toEqual([]);
      await remote.writeFile(".part/text", "first", limits);
      await remote.writeFile(".part/text", "größe\ntwo", limits);
      expect(await remote.readFile(".part/text", limits)).toBe("größe\ntwo");
      await remote.writeFile(".part/empty", "", limits);
      expect(await remote.readFile(".part/empty", limits)).toBe("");
      expect(await remote.readFile(".part/none", limits)).toBeUndefined();
      const name = 'web1/app/# a [x]{y}* "set"';
      expect(await remote.rename(".part", name, limits)).toBe(true);
      expect(await files()).toEqual(
        [...names, "empty", "text"].map((file) => `${name}/${file}`).sort((a, b) => (a < b ? -1 : 1)),
      );
      await remote.writeFile(".other/x", "y", limits);
      expect(await remote.rename(".other", name, limits)).toBe(false);
      await remote.writeFile(`${name}/manifest.json`, "{}\n", limits);
      await remote.writeFile(".hidden/app/s/manifest.json", "{}\n", limits);
      await remote.writeFile("web1/app/too/deep/manifest.json", "{}\n", limits);
      for (const _again of [1, 2]) {
        expect(await remote.readManifests(3, limits)).toEqual([{ path: name, text: "{}\n" }]);
      }
      for (const path of [name, "web1/app/too", ".hidden", "gone"]) await remote.remove(path, limits);
      await remote.removeEmptyParents(name, limits);
      expect(await remote.list("", limits)).toEqual([".other"]);
      expect(await remote.readManifests(3, limits)).toEqual([]);
      expect(await files()).toEqual([".other/x"]);
    },
    60_000,
  );

  test.each(["", "/etc", "../up", "a/../../b", "a//b", ".", "a\nb"])("never removes %j", async (path) => {
    await using sandbox = await createSandbox();
    const remote = rcloneRemote(sandbox, `:local:${sandbox.directory}`);
    expect((await refusalOf(remote.remove(path, limits))).message).toContain("no path below");
  });

  test.skipIf(!hasSshd)(
    "removes no file that a symlink leads to",
    async () => {
      await using sandbox = await createSandbox();
      await using server = await startSshServer();
      const kept = await sandbox.write("outside/kept", "");
      mkdirSync(sandbox.path("base", "set"), { recursive: true });
      symlinkSync(sandbox.path("outside"), sandbox.path("base", "set", "link"));
      const config = await sandbox.write(
        "sftp.conf",
        `[nas]\ntype = sftp\nhost = 127.0.0.1\nport = ${server.port}\nuser = root\nkey_file = ${server.keyFile}\nserver_command = /usr/lib/openssh/sftp-server\n`,
      );
      const error = await refusalOf(
        rcloneRemote(sandbox, `nas:${sandbox.path("base")}`, { config }).remove("set", limits),
      );
      expect(error.hint).toContain("symlink");
      expect(existsSync(kept)).toBe(true);
      await rcloneRemote(sandbox, `:local:${sandbox.path("base")}`).remove("set", limits);
      expect(existsSync(kept)).toBe(true);
      expect(existsSync(sandbox.path("base", "set"))).toBe(false);
    },
    60_000,
  );

  test("hashes what is there, where the remote would say what was sent", async () => {
    await using sandbox = await createSandbox();
    const base = sandbox.path("base");
    mkdirSync(base);
    const config = await sandbox.write(
      "hasher.conf",
      `[remembers]\ntype = hasher\nremote = ${base}\nhashes = sha256\nmax_age = off\n`,
    );
    const remote = rcloneRemote(sandbox, "remembers:", { config });
    const local = await fileOf(sandbox, 1000);
    await remote.upload(local.path, "file", transfer);
    expect(await remote.hash("file", transfer)).toBe(local.sha256);
    changeUnseen(`${base}/file`, (content) => content.writeUInt8(content.readUInt8(0) ^ 1, 0));
    expect(await remote.hash("file", transfer)).not.toBe(local.sha256);
  });

  test("says how far an upload is, and keeps to its limit of speed", async () => {
    await using sandbox = await createSandbox();
    await using store = await openRcloneStore(sandbox, "webdav");
    const local = await fileOf(sandbox, 12_000_000);
    const seen: number[] = [];
    const startedAt = performance.now();
    await store.remote.upload(local.path, "p/f", {
      ...transfer,
      bytesPerSecond: 4_000_000,
      onBytes: (bytes) => seen.push(bytes),
    });
    // rclone lets the first 4 MiB pass.
    expect(performance.now() - startedAt).toBeGreaterThan(1500);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(12_000_000);
  });
});

describe.skipIf(!hasRclone)("A store by rclone is refused, in its own words with a hint, when", () => {
  test.each(["webdav", "sftp"] as const)(
    "the password of %s is wrong, or its server is gone",
    async (protocol) => {
      await using sandbox = await createSandbox();
      mkdirSync(sandbox.path("served"));
      await using server = await startRcloneServer({ protocol, directory: sandbox.path("served") });
      const config = server.configFile;
      const wrong = await refusalOf(rcloneRemote(sandbox, "wrong:", { config }).check(limits));
      expect(wrong.message).toMatch(/401 Unauthorized|unable to authenticate/);
      expect(wrong.hint).toContain("account");
      await server.stop();
      const gone = await refusalOf(rcloneRemote(sandbox, "served:", { config }).check(limits));
      expect(gone.message).toContain("connection refused");
      expect(gone.hint).toContain("Is the remote up");
    },
  );

  test("the remote is unknown", async () => {
    await using sandbox = await createSandbox();
    const error = await refusalOf(rcloneRemote(sandbox, "nope:x", { config: "/dev/null" }).check(limits));
    expect(error.message).toContain("didn't find section");
    expect(error.hint).toContain("rclone config");
  });

  test("rclone is not installed", async () => {
    await using sandbox = await createSandbox();
    const remote = rcloneRemote(sandbox, "any:x", { env: { PATH: sandbox.bin } });
    expect((await refusalOf(remote.check(limits))).hint).toContain("apt-get install rclone");
  });

  test.each(["webdav", "sftp", "local"] as const)(
    "the base over %s is missing, and it is not created",
    async (kind) => {
      await using sandbox = await createSandbox();
      await using opened = await openRcloneStore(sandbox, kind);
      const { remote } = opened;
      const gone = sandbox.path("served", "the base");
      rmSync(gone, { recursive: true });
      const local = await fileOf(sandbox, 10);
      for (const act of [
        () => remote.check(limits),
        () => remote.upload(local.path, "a/b", transfer),
        () => remote.writeFile("a/b", "x", limits),
        () => remote.readFile("a/b", limits),
        () => remote.readManifests(3, limits),
        () => remote.list("", limits),
        () => remote.list("a", limits),
        () => remote.rename("a", "b", limits),
        () => remote.remove("a", limits),
      ]) {
        expect((await refusalOf(act())).hint).toMatch(/^Create /);
      }
      expect(existsSync(gone)).toBe(false);
    },
    60_000,
  );

  test("the bucket is missing, and it is not created; a place in it may be empty", async () => {
    await using sandbox = await createSandbox();
    await using server = startObjectServer();
    const config = await sandbox.write("objects.conf", objectsConfig(server.url));
    const error = await refusalOf(rcloneRemote(sandbox, "cloud:other/sets", { config }).check(limits));
    expect(error.hint).toMatch(/^Create /);
    await rcloneRemote(sandbox, "cloud:bucket/sets", { config }).check(limits);
    server.refuse = () => true;
    const denied = await refusalOf(rcloneRemote(sandbox, "cloud:bucket/sets", { config }).check(limits));
    expect(denied.hint).toContain("account");
  }, 30_000);

  test.skipIf(!isRoot).each([
    ["webdav", /./],
    ["sftp", /permission denied/i],
  ] as const)("it may not write over %s", async (protocol, words) => {
    await using sandbox = await createSandbox();
    mkdirSync(sandbox.path("served", "base"), { recursive: true });
    const directory = sandbox.path("served");
    await using server = await startRcloneServer({ protocol, directory, uid: nobody });
    const remote = rcloneRemote(sandbox, "served:base", { config: server.configFile });
    expect((await refusalOf(remote.check(limits))).message).toMatch(words);
  });

  test.skipIf(!isSystemAdmin).each([
    // As a server, rclone does not always say of a full disk that it is full.
    ["webdav", /405 Method Not Allowed/],
    ["sftp", /no space left on device|on closed pipe/],
    ["local", /no space left|too big for remaining/],
  ] as const)("the disk of %s is full", async (kind, words) => {
    await using sandbox = await createSandbox();
    const local = await fileOf(sandbox, 8_000_000);
    await withSmallFileSystem({ sizeMb: 4, type: "tmpfs" }, async ({ directory }) => {
      await using server =
        kind === "local" ? undefined : await startRcloneServer({ protocol: kind, directory });
      const remote =
        server === undefined
          ? rcloneRemote(sandbox, `:local:${directory}`)
          : rcloneRemote(sandbox, "served:", { config: server.configFile });
      const error = await refusalOf(remote.upload(local.path, "p/file", transfer));
      expect(error.message).toMatch(words);
      expect(error.hint).toMatch(/Free space|shows its room|has its disk room/);
    });
  });

  test.each([
    ["half of it is missing", '[{"Path":"web1/app/s","Name":"s","IsDir":tr', 0],
    ["it is no list", "{}", 0],
    ["it is empty", "", 0],
    ["a directory below has gone meanwhile", "[\n]", 3],
    ["a directory below may not be read", "[\n]", 6],
    ["the connection was cut", "[\n]", 5],
  ])("its listing is wrong: %s", async (_what, answer, exitCode) => {
    await using sandbox = await createSandbox();
    await sandbox.fake(
      "rclone",
      `#!/bin/sh\ncase "$*" in *"--stat "*|backend*) exec /usr/bin/rclone "$@";; esac\nprintf '%s' '${answer}'\nexit ${exitCode}\n`,
    );
    const remote = rcloneRemote(sandbox, `:local:${sandbox.directory}`);
    await refusalOf(remote.readManifests(3, limits));
    if (exitCode !== 3) await refusalOf(remote.list("", limits));
  });

  test("nothing moves any more, or rclone itself says nothing", async () => {
    await using sandbox = await createSandbox();
    const local = await fileOf(sandbox, 10);
    for (const body of ['echo \'{"stats":{"bytes":5}}\' >&2; sleep 0.1', "sleep 1"]) {
      await sandbox.fake(
        "rclone",
        `#!/bin/sh\n[ "$1" = copyto ] || exec /usr/bin/rclone "$@"\nwhile :; do ${body}; done\n`,
      );
      const remote = rcloneRemote(sandbox, `:local:${sandbox.directory}`);
      const error = await refusalOf(remote.upload(local.path, "p/f", { ...transfer, stallMs: 600 }));
      expect(error.message).toContain("nothing has moved for 0.6 s");
    }
  }, 30_000);
});

describe.skipIf(!hasRclone)("Sets in a store by rclone", () => {
  test.each(["webdav", "sftp"] as const)(
    "are listed when they are whole: its server over %s dies in the middle of an upload",
    async (protocol) => {
      await using sandbox = await createSandbox();
      mkdirSync(sandbox.path("served", "base"), { recursive: true });
      const directory = sandbox.path("served");
      await using server = await startRcloneServer({ protocol, directory });
      const remote = rcloneRemote(sandbox, "served:base", { config: server.configFile });
      const local = await fileOf(sandbox, 30_000_000);
      const begun = Promise.withResolvers<void>();
      const cut = refusalOf(
        remote.upload(local.path, ".part/file", {
          ...transfer,
          bytesPerSecond: 5_000_000,
          onBytes: () => begun.resolve(),
        }),
      );
      await begun.promise;
      await server.stop();
      await cut;
      await server.start();
      expect(await remote.readManifests(1, limits)).toEqual([]);
      await remote.upload(local.path, ".part/file", transfer);
      expect(await remote.hash(".part/file", transfer)).toBe(local.sha256);
      // What the first attempt left bears no name of its own.
      expect(await remote.list(".part", limits)).toEqual(["file"]);
    },
    60_000,
  );

  test("arrive although connections are cut at random places", async () => {
    await using sandbox = await createSandbox();
    mkdirSync(sandbox.path("served", "base"), { recursive: true });
    const directory = sandbox.path("served");
    await using server = await startRcloneServer({ protocol: "webdav", directory });
    const config = server.configFile;
    const local = await fileOf(sandbox, 3_000_000);
    for (let round = 0; round < (isWhole ? 20 : 2); round += 1) {
      const afterBytes = randomInt(2000, 3_000_000);
      await using proxy = await startCuttingProxy(server.port, { afterBytes, how: "cut" });
      server.addRemote(`cut${round}`, proxy.port);
      const path = `.part-${round}/file`;
      await refusalOf(
        rcloneRemote(sandbox, `cut${round}:base`, { config }).upload(local.path, path, transfer),
      );
      const remote = rcloneRemote(sandbox, "served:base", { config });
      await remote.upload(local.path, path, transfer);
      expect(await remote.hash(path, transfer)).toBe(local.sha256);
    }
  }, 180_000);

  // Objects are renamed one by one: the place where a rename is cut off is what matters.
  test("are whole or not listed, wherever an object store refuses to go on", async () => {
    await using sandbox = await createSandbox();
    const set = await localSet(sandbox);
    const put = (store: OpenedStore) => putSet(store.remote, { set, relativePath, limits, transfer });
    const requestsOf = async (act: (store: OpenedStore) => Promise<unknown>, prepare = false) => {
      await using store = await openRcloneStore(sandbox, "objects");
      if (prepare) await put(store);
      let count = 0;
      refuseFrom(store, () => {
        count += 1;
        return false;
      });
      await act(store);
      return count;
    };
    const total = await requestsOf(put);
    for (let at = isWhole ? 1 : randomInt(1, 9); at <= total; at += isWhole ? 1 : randomInt(30, 60)) {
      await using store = await openRcloneStore(sandbox, "objects");
      let count = 0;
      refuseFrom(store, () => ++count >= at);
      await put(store).then(
        () => undefined,
        (error: unknown) => expect(error).toBeInstanceOf(OpsError),
      );
      refuseFrom(store, () => false);
      expect(await countWhole(store)).toBeLessThanOrEqual(1);
      await put(store);
      expect(await countWhole(store)).toBe(1);
    }
    const removal = async (store: OpenedStore) => {
      const { own: sets } = await listRemoteSets(store.remote, own, limits);
      for (const stored of sets) await removeRemoteSet(store.remote, stored, limits);
    };
    const removalTotal = await requestsOf(removal, true);
    for (let at = isWhole ? 1 : randomInt(1, 9); at <= removalTotal; at += isWhole ? 1 : randomInt(30, 60)) {
      await using store = await openRcloneStore(sandbox, "objects");
      await put(store);
      let count = 0;
      refuseFrom(store, () => ++count >= at);
      await removal(store).catch((error: unknown) => expect(error).toBeInstanceOf(OpsError));
      refuseFrom(store, () => false);
      expect(await countWhole(store)).toBeLessThanOrEqual(1);
    }
  }, 600_000);

  // rclone's own servers keep the time of a directory from before, so that what is known of it stays; what is in a set is
  // for verification to say.
  test.each(["local", "objects", "unmovable"] as const)(
    "are no longer listed over %s when their manifest is gone",
    async (kind) => {
      await using sandbox = await createSandbox();
      await using store = await openRcloneStore(sandbox, kind);
      for (const name of ["a", "b"]) store.write(`web1/app/${name}/manifest.json`, `{"name":"${name}"}`);
      store.write("web1/app/b/archive", "x");
      const list = async () => new Set((await store.remote.readManifests(3, limits)).map(({ path }) => path));
      for (const _again of [1, 2]) expect(await list()).toEqual(new Set(["web1/app/a", "web1/app/b"]));
      store.removeFile("web1/app/b/manifest.json");
      expect(await list()).toEqual(new Set(["web1/app/a"]));
    },
    30_000,
  );

  test("are read again when what is kept of them is damaged, and forgotten when they are gone", async () => {
    await using sandbox = await createSandbox();
    await using store = await openRcloneStore(sandbox, "local");
    store.write("web1/app/a/manifest.json", "the manifest");
    await store.remote.readManifests(3, limits);
    const kept = () => readdirSync(sandbox.path("cache"));
    expect(kept()).toHaveLength(1);
    truncateSync(sandbox.path("cache", kept()[0]!), 70);
    expect(await store.remote.readManifests(3, limits)).toEqual([
      { path: "web1/app/a", text: "the manifest" },
    ]);
    await store.remote.remove("web1/app/a", limits);
    expect(await store.remote.readManifests(3, limits)).toEqual([]);
    expect(kept()).toEqual([]);
  });

  const many = isWhole ? 1000 : 100;
  const counts: readonly (readonly [StoreKind, number])[] = [
    ["webdav", many],
    ["sftp", many],
    ["local", many],
    // An object store lists a thousand names in one answer.
    ["objects", 1000],
  ];
  test.each(counts)(
    "are all listed over %s, %i of them, and none is fetched twice",
    async (kind, count) => {
      await using sandbox = await createSandbox();
      await using store = await openRcloneStore(sandbox, kind, { remembers: true });
      const text = `${JSON.stringify({ filler: "größe ".repeat(300) }, null, 2)}\n`;
      for (let index = 0; index < count; index += 1) store.write(`web1/app/set ${index}/manifest.json`, text);
      for (const what of ["first", "again"]) {
        const startedAt = performance.now();
        const listed = await store.remote.readManifests(3, { signal, timeoutMs: 60_000 });
        console.log(
          `${count} sets listed by rclone over ${kind}, ${what}: ${Math.round(performance.now() - startedAt)} ms`,
        );
        expect(new Set(listed.map(({ path }) => path)).size).toBe(count);
        expect(listed.every((one) => one.text === text)).toBe(true);
        await sandbox.fake("rclone", '#!/bin/sh\n[ "$1" = copy ] && exit 9\nexec /usr/bin/rclone "$@"\n');
      }
    },
    180_000,
  );
});

function refuseFrom({ objects }: OpenedStore, refuse: () => boolean): void {
  if (objects !== undefined) objects.refuse = refuse;
}
