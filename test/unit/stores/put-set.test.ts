import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { readLocalSet } from "#lib/stores/local-set.ts";
import { putSet } from "#lib/stores/put-set.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { listRemoteSets, removeRemoteSet, sweepRemote } from "#lib/stores/remote-sets.ts";
import { breakRemote, directoryRemote, type Fault } from "#test/support/faulty-remote.ts";
import { createSandbox, type Sandbox, treeOf } from "#test/support/sandbox.ts";
import { makeLocalSet, manifest, sha256Of } from "#test/unit/stores/stored-set.ts";

const signal = new AbortController().signal;
const limits = { signal, timeoutMs: 10_000 };
const transfer = { signal, stallMs: 10_000, bytesPerSecond: undefined, onBytes: () => undefined };
const own = {
  host: { name: "web1", machineId: "m1", formerIds: [] },
  job: "app",
  layout: "{host}/{job}/{stamp}",
};
const relativePath = "web1/app/20261120T030000Z";

/** A finished set of two components in a local destination. */
async function localSet(sandbox: Sandbox, runId = "run-1") {
  const path = sandbox.path(`local-${runId}`);
  makeLocalSet(path, { runId });
  const set = await readLocalSet(path, 1000);
  if (set === undefined) throw new Error("The set is there");
  return set;
}

/** Whatever is listed must be whole; gives how many sets that is. */
async function countWhole(base: string): Promise<number> {
  const { own: sets, unknown } = await listRemoteSets(directoryRemote(base), own, limits);
  expect(unknown).toEqual([]);
  for (const set of sets) {
    for (const { file, sha256 } of set.manifest.components) {
      const content = readFileSync(join(base, set.path, file));
      expect(sha256Of(content)).toBe(sha256);
    }
    expect(readFileSync(join(base, set.path, "SHA256SUMS"), "utf8")).toContain("manifest.json");
  }
  return sets.length;
}

async function storeIn(sandbox: Sandbox): Promise<{ base: string; remote: Remote }> {
  const base = sandbox.path("nas base");
  mkdirSync(base, { recursive: true });
  return { base, remote: directoryRemote(base) };
}

describe("putSet()", () => {
  test("leaves the set as it lies in the local destination, byte for byte", async () => {
    await using sandbox = await createSandbox();
    const { base, remote } = await storeIn(sandbox);
    const set = await localSet(sandbox);
    const path = await putSet(remote, { set, relativePath, limits, transfer });
    expect(path).toBe(relativePath);
    expect(await treeOf(join(base, path))).toEqual(await treeOf(set.path));
    expect(readFileSync(join(base, path, "manifest.json"), "utf8")).toBe(set.manifestText);
  });

  test.each<Fault>(["before", "half", "after"])(
    "cut off at any of its operations (%s) lists nothing that is not whole, and the next attempt completes it",
    async (fault) => {
      await using sandbox = await createSandbox();
      const set = await localSet(sandbox);
      for (let at = 1; ; at += 1) {
        const { base, remote } = await storeIn(sandbox);
        const broken = breakRemote(remote, base, at, fault);
        const first = await putSet(broken, { set, relativePath, limits, transfer }).catch((error) => error);
        if (broken.operations() < at) {
          expect(at).toBeGreaterThan(8);
          return;
        }
        expect(first).toBeInstanceOf(Error);
        expect(await countWhole(base)).toBeLessThanOrEqual(1);
        expect(await putSet(remote, { set, relativePath, limits, transfer })).toBe(relativePath);
        expect(await countWhole(base)).toBe(1);
        const swept = await sweepRemote(remote, { ...own, waiting: [] }, limits);
        expect(swept).toEqual([]);
        rmSync(base, { recursive: true });
      }
    },
  );

  test("is done at once when the store has the set already", async () => {
    await using sandbox = await createSandbox();
    const { base, remote } = await storeIn(sandbox);
    const set = await localSet(sandbox);
    await putSet(remote, { set, relativePath, limits, transfer });
    const counting = breakRemote(remote, base, 0, "before");
    expect(await putSet(counting, { set, relativePath, limits, transfer })).toBe(relativePath);
    // The manifest and the sums were read.
    expect(counting.operations()).toBe(2);
    expect(await countWhole(base)).toBe(1);
    expect((await treeOf(base)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test.each([
    ["is short", (file: string) => truncateSync(file, 3)],
    ["is not there", (file: string) => rmSync(file)],
  ])(
    "gives no manifest to what a mount in the store let come to its name in part: a file %s",
    async (_what, harm) => {
      await using sandbox = await createSandbox();
      const { base, remote } = await storeIn(sandbox);
      const set = await localSet(sandbox);
      const path = join(base, await putSet(remote, { set, relativePath, limits, transfer }));
      rmSync(join(path, "manifest.json"));
      harm(join(path, set.manifest.components.at(-1)?.file ?? ""));
      expect(await putSet(remote, { set, relativePath, limits, transfer })).toBe(relativePath);
      expect(await countWhole(base)).toBe(1);
    },
  );

  test("takes the next name when another set has it, and touches that one not", async () => {
    await using sandbox = await createSandbox();
    const { base, remote } = await storeIn(sandbox);
    const [one, two] = [await localSet(sandbox, "run-1"), await localSet(sandbox, "run-2")];
    await putSet(remote, { set: one, relativePath, limits, transfer });
    expect(await putSet(remote, { set: two, relativePath, limits, transfer })).toBe(`${relativePath}-2`);
    expect(await putSet(remote, { set: two, relativePath, limits, transfer })).toBe(`${relativePath}-2`);
    expect(await countWhole(base)).toBe(2);
  });

  test("begins again when what an earlier attempt left is wrong, and gives up when it arrives wrong twice", async () => {
    await using sandbox = await createSandbox();
    const { base, remote } = await storeIn(sandbox);
    const set = await localSet(sandbox);
    let wrong = 1;
    const lying: Remote = {
      ...remote,
      hash: async (path, options) => (wrong-- > 0 ? "0".repeat(64) : remote.hash(path, options)),
    };
    await putSet(lying, { set, relativePath, limits, transfer });
    expect(await countWhole(base)).toBe(1);
    const other = await localSet(sandbox, "run-2");
    const broken: Remote = { ...remote, hash: async () => "0".repeat(64) };
    await expect(putSet(broken, { set: other, relativePath, limits, transfer })).rejects.toThrow(
      "another SHA-256",
    );
    expect((await treeOf(base)).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

test("putSet() fails when the manifest does not read back as it was written", async () => {
  await using sandbox = await createSandbox();
  const { remote } = await storeIn(sandbox);
  const set = await localSet(sandbox);
  const lossy: Remote = {
    ...remote,
    writeFile: (path, text, options) =>
      remote.writeFile(path, path.endsWith("manifest.json") ? text.slice(0, -2) : text, options),
  };
  await expect(putSet(lossy, { set, relativePath, limits, transfer })).rejects.toThrow(
    "reads back otherwise",
  );
});

describe("removeRemoteSet()", () => {
  test.each<Fault>(["before", "after"])(
    "cut off at any of its operations (%s) leaves the set whole or hidden, and what is hidden is swept",
    async (fault) => {
      await using sandbox = await createSandbox();
      const set = await localSet(sandbox);
      for (let at = 1; ; at += 1) {
        const { base, remote } = await storeIn(sandbox);
        await putSet(remote, { set, relativePath, limits, transfer });
        const broken = breakRemote(remote, base, at, fault);
        const stored = { path: relativePath, manifest: set.manifest };
        await removeRemoteSet(broken, stored, limits).catch(() => undefined);
        if (broken.operations() < at) {
          expect(await treeOf(base)).toEqual([]);
          return;
        }
        if ((await countWhole(base)) === 1) await removeRemoteSet(remote, stored, limits);
        await sweepRemote(remote, { ...own, waiting: [] }, limits);
        expect((await treeOf(base)).filter((name) => !name.endsWith("/"))).toEqual([]);
        rmSync(base, { recursive: true });
      }
    },
  );

  test("refuses a set that is another one by now", async () => {
    await using sandbox = await createSandbox();
    const { base, remote } = await storeIn(sandbox);
    const set = await localSet(sandbox);
    await putSet(remote, { set, relativePath, limits, transfer });
    const planned = { path: relativePath, manifest: manifest({ runId: "another" }) };
    await expect(removeRemoteSet(remote, planned, limits)).rejects.toThrow("not the set that was planned");
    expect(await countWhole(base)).toBe(1);
  });
});

test("sweepRemote() removes what dead uploads of this job left, and nothing of others, of another machine of its name or of sets that wait", async () => {
  await using sandbox = await createSandbox();
  const { base, remote } = await storeIn(sandbox);
  const names = [
    ".partial-web1+app+dead",
    ".partial-web1+app+dead+m1",
    ".partial-web1+app+alive+m2",
    ".partial-web1+app+waits",
    ".partial-web1+app+waits+m1",
    ".partial-web1+other+dead",
    ".partial-web2+app+dead",
    ".removing-web1+app+old",
    ".removing-web1+app+old+m2",
    ".removing-web2+app+old",
    "somebody's",
  ];
  for (const name of names) mkdirSync(join(base, name));
  const swept = await sweepRemote(remote, { ...own, waiting: ["waits"] }, limits);
  expect(new Set(swept)).toEqual(
    new Set([
      ".partial-web1+app+dead",
      ".partial-web1+app+dead+m1",
      ".partial-web1+app+waits",
      ".removing-web1+app+old",
    ]),
  );
  const left = names.filter((name) => !swept.includes(name)).map((name) => `${name}/`);
  expect(new Set(await treeOf(base))).toEqual(new Set(left));
});

test("listRemoteSets() throws rather than take a base that is gone for an empty one", async () => {
  await using sandbox = await createSandbox();
  await expect(listRemoteSets(directoryRemote(sandbox.path("gone")), own, limits)).rejects.toThrow("gone");
});
