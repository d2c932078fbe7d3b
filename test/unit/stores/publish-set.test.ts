import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publishSet } from "#lib/stores/publish-set.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const exec = createExec({ PATH: process.env.PATH ?? "" });

function partial(sandbox: Sandbox, name = ".partial-1") {
  const root = sandbox.path("backups");
  const partialDir = join(root, name);
  mkdirSync(partialDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(partialDir, "application.tar.zst"), name);
  return {
    exec,
    root,
    partialDir,
    files: ["application.tar.zst"],
    relativePath: "web1/app/20261120T030000Z",
    deadlineMs: 5000,
  };
}

test("publishSet() moves the whole set to its name, and makes the directories to it for the owner alone", async () => {
  await using sandbox = await createSandbox();
  const request = partial(sandbox);
  const path = await publishSet(request);
  expect(path).toBe(join(request.root, "web1/app/20261120T030000Z"));
  expect(readdirSync(path)).toEqual(["application.tar.zst"]);
  expect(existsSync(request.partialDir)).toBe(false);
  expect(statSync(join(request.root, "web1")).mode & 0o777).toBe(0o700);
});

test("publishSet() never replaces what is there: not a set, not an empty directory, not a file", async () => {
  await using sandbox = await createSandbox();
  const taken = sandbox.path("backups", "web1/app/20261120T030000Z");
  mkdirSync(taken, { recursive: true });
  expect(await publishSet(partial(sandbox, ".partial-1"))).toBe(`${taken}-2`);
  expect(readdirSync(taken)).toEqual([]);
  writeFileSync(`${taken}-3`, "a file");
  expect(await publishSet(partial(sandbox, ".partial-2"))).toBe(`${taken}-4`);
  expect(readdirSync(`${taken}-2`)).toEqual(["application.tar.zst"]);
});

test("publishSet() gives every one of many at once a name of its own", async () => {
  await using sandbox = await createSandbox();
  const names = Array.from({ length: 12 }, (_, index) => `.partial-${index}`);
  const paths = await Promise.all(names.map((name) => publishSet(partial(sandbox, name))));
  expect(new Set(paths).size).toBe(names.length);
  const contents = await Promise.all(paths.map((path) => Bun.file(join(path, "application.tar.zst")).text()));
  expect(new Set(contents)).toEqual(new Set(names));
});

test("publishSet() gives mv's words, and leaves the partial, when the name cannot be made", async () => {
  await using sandbox = await createSandbox();
  const request = { ...partial(sandbox), relativePath: `web1/app/${"x".repeat(300)}` };
  await expect(publishSet(request)).rejects.toThrow("File name too long");
  expect(existsSync(request.partialDir)).toBe(true);
});
