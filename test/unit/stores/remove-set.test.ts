import { expect, test } from "bun:test";
import { existsSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeSet } from "#lib/stores/remove-set.ts";
import { createSandbox } from "#test/support/sandbox.ts";
import { manifest, putSet } from "#test/unit/stores/stored-set.ts";

const ms = 5000;

test("removeSet() removes the set and the parents that it leaves empty, up to the root", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const path = putSet(join(root, "daily/2026/11/20/0300"));
  const neighbour = putSet(join(root, "daily/2026/10/01/0300"));
  await removeSet(root, { path, manifest: manifest() }, ms);
  expect(existsSync(join(root, "daily/2026/11"))).toBe(false);
  expect(existsSync(neighbour)).toBe(true);
  await removeSet(root, { path: neighbour, manifest: manifest() }, ms);
  expect(existsSync(root)).toBe(true);
  expect(existsSync(join(root, "daily"))).toBe(false);
});

test("removeSet() refuses a set that was replaced by another run's meanwhile", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const path = putSet(join(root, "a"), { runId: "run-2" });
  await expect(removeSet(root, { path, manifest: manifest() }, ms)).rejects.toThrow(
    "not the set that was planned",
  );
  expect(existsSync(path)).toBe(true);
});

test("removeSet() refuses a symlink, and what lies outside of the root", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  putSet(join(root, "real"));
  const outside = putSet(sandbox.path("outside", "set"));
  symlinkSync(outside, join(root, "link"));
  await expect(removeSet(root, { path: join(root, "link"), manifest: manifest() }, ms)).rejects.toThrow(
    "no directory",
  );
  symlinkSync(sandbox.path("outside"), join(root, "parent"));
  const through = join(root, "parent", "set");
  await expect(removeSet(root, { path: through, manifest: manifest() }, ms)).rejects.toThrow(
    "does not lie in",
  );
  expect(existsSync(join(outside, "manifest.json"))).toBe(true);
});

test("removeSet() takes the good name away before it removes the first file", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const path = putSet(join(root, "set"));
  // A name that is taken by a file makes the rename fail: then nothing may have been removed.
  writeFileSync(join(root, ".removing-run-1"), "in the way");
  await expect(removeSet(root, { path, manifest: manifest() }, ms)).rejects.toThrow();
  expect(existsSync(join(path, "application.tar.zst"))).toBe(true);
  renameSync(join(root, ".removing-run-1"), join(root, "moved"));
  await removeSet(root, { path, manifest: manifest() }, ms);
  expect(existsSync(path)).toBe(false);
});
