/** What every store must do that has a directory of this host as its base, by whatever way it is reached. */
import { expect } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { type Sandbox, treeOf } from "#test/support/sandbox.ts";

const { signal } = new AbortController();
const limits = { signal, timeoutMs: 20_000 };
const transfer = { signal, stallMs: 20_000, bytesPerSecond: undefined, onBytes: () => undefined };

/** For a base: what shells and programs take for something else. */
export const nastyName = '-Backup "Server" it\'s $HOME `x`';

/** Every operation, on files of any name; `base` is the store's, and empty. */
export async function expectEveryOperation(remote: Remote, base: string, sandbox: Sandbox): Promise<void> {
  await remote.check(limits);
  const names = ["-rf", "größe", "new*", 'a "b" it\'s $(touch x)'];
  for (const [index, name] of names.entries()) {
    const content = randomBytes(1000 + index);
    const local = sandbox.path(`local-${index}`);
    writeFileSync(local, content);
    await remote.upload(local, `.part/${name}`, transfer);
    expect(readFileSync(join(base, ".part", name)).equals(content)).toBe(true);
    expect(await remote.hash(`.part/${name}`, transfer)).toBe(
      createHash("sha256").update(content).digest("hex"),
    );
  }
  expect(statSync(join(base, ".part")).mode & 0o777).toBe(0o700);
  expect(statSync(join(base, ".part/größe")).mode & 0o777).toBe(0o600);
  expect(new Set(await remote.list(".part", limits))).toEqual(new Set(names));
  expect(await remote.list("", limits)).toEqual([".part"]);
  expect(await remote.list("nothing/here", limits)).toEqual([]);
  await expect(remote.list(".part/größe", limits)).rejects.toThrow("it is no directory");

  await remote.writeFile(".part/text", "first", limits);
  await remote.writeFile(".part/text", "größe\n\nend\n", limits);
  expect(await remote.readFile(".part/text", limits)).toBe("größe\n\nend\n");
  await remote.writeFile(".part/empty", "", limits);
  expect(await remote.readFile(".part/empty", limits)).toBe("");
  expect(await remote.readFile(".part/none", limits)).toBeUndefined();

  expect(await remote.rename(".part", "web1/app/a set", limits)).toBe(true);
  mkdirSync(join(base, "web1/app/taken"));
  symlinkSync("nowhere", join(base, "web1/app/link"));
  await remote.writeFile(".other/x", "", limits);
  for (const taken of ["a set", "taken", "link"]) {
    expect(await remote.rename(".other", `web1/app/${taken}`, limits)).toBe(false);
  }
  await remote.writeFile("web1/app/a set/manifest.json", "{}\n", limits);
  expect(await remote.readManifests(3, limits)).toEqual([{ path: "web1/app/a set", text: "{}\n" }]);
  expect(await remote.readManifests(2, limits)).toEqual([]);

  await sandbox.write("outside/kept", "");
  symlinkSync(sandbox.path("outside"), join(base, "web1/app/a set/link"));
  for (const path of ["a set", "taken", "link", "gone"]) await remote.remove(`web1/app/${path}`, limits);
  await remote.removeEmptyParents("web1/app/a set", limits);
  expect(existsSync(sandbox.path("outside/kept"))).toBe(true);
  expect(await treeOf(base)).toEqual([".other/", ".other/x"]);
}

/** The refusal that an operation must end with. */
export async function refusalOf(action: Promise<unknown>): Promise<OpsError> {
  const error = await action.then(
    (value) => new Error(`It was not refused: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof OpsError) return error;
  throw error;
}

/** A base that is not there stays so: nothing is written, and nothing is said to be empty. */
export async function expectNoBase(remote: Remote, base: string, sandbox: Sandbox): Promise<void> {
  const local = await sandbox.write("local", "x");
  for (const act of [
    () => remote.check(limits),
    () => remote.upload(local, "a/b", transfer),
    () => remote.writeFile("a/b", "x", limits),
    () => remote.readManifests(3, limits),
    () => remote.readFile("a/b", limits),
    () => remote.list("", limits),
    () => remote.rename("a", "b", limits),
  ]) {
    expect((await refusalOf(act())).hint).toMatch(/^Create /);
  }
  expect(existsSync(base)).toBe(false);
}
