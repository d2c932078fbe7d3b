import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listSets, newestFirst } from "#lib/stores/set-listing.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { createSandbox, projectDirectory } from "#test/support/sandbox.ts";
import { putSet } from "#test/unit/stores/stored-set.ts";

const request = {
  layout: "{host}/{job}/{stamp}",
  host: { name: "web1", machineId: "m1", hardwareId: "h1", formerIds: ["m0", "h0"] },
  job: "app",
  deadlineMs: 5000,
};

test("listSets() tells own sets from those of another job, host or installation, and from what is no set", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const at = (name: string) => join(root, "web1/app", name);
  putSet(at("own"));
  putSet(at("former"), { host: { name: "web1", machineId: "m0" } });
  putSet(at("no-id"), { host: { name: "web1" } });
  putSet(at("reinstalled"), { host: { name: "web1", machineId: "m9" } });
  putSet(at("moved"), { host: { name: "web1", machineId: "m1", hardwareId: "h0" } });
  putSet(at("clone"), { host: { name: "web1", machineId: "m1", hardwareId: "h9" } });
  putSet(at("reinstalled-elsewhere"), { host: { name: "web1", machineId: "m9", hardwareId: "h9" } });
  putSet(at("other-job"), { job: "shop" });
  putSet(at("other-host"), { host: { name: "web2", machineId: "m1" } });
  mkdirSync(at("empty"), { recursive: true });
  mkdirSync(at("broken"), { recursive: true });
  writeFileSync(join(at("broken"), "manifest.json"), "{");
  mkdirSync(at("newer"), { recursive: true });
  writeFileSync(join(at("newer"), "manifest.json"), '{"schema": 2, "more": true}');
  putSet(at(".partial-x"));
  putSet(sandbox.path("elsewhere"));
  symlinkSync(sandbox.path("elsewhere"), at("link"));
  putSet(join(root, "too-shallow"));

  const listing = await listSets(root, request);
  const names = (paths: readonly { path: string }[]) =>
    paths.map(({ path }) => path.slice(at("/").length)).toSorted();
  expect(names(listing.own)).toEqual(["former", "moved", "no-id", "own"]);
  expect(names(listing.foreign)).toEqual([
    "clone",
    "other-host",
    "other-job",
    "reinstalled",
    "reinstalled-elsewhere",
  ]);
  const reasonOf = (name: string) => listing.foreign.find(({ path }) => path === at(name))?.reason;
  expect(reasonOf("reinstalled")).toContain("add m9 to HOST_FORMER_IDS");
  expect(reasonOf("reinstalled-elsewhere")).toContain("add m9 and h9 to HOST_FORMER_IDS");
  expect(reasonOf("clone")).toContain("add h9 to HOST_FORMER_IDS");
  expect(names(listing.unknown)).toEqual(["broken", "empty", "newer"]);
  expect(listing.unknown.find(({ path }) => path === at("newer"))?.problem).toContain("version 2");
});

test("listSets() does not follow a manifest that is a symlink", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  putSet(sandbox.path("elsewhere"));
  mkdirSync(join(root, "web1/app/x"), { recursive: true });
  symlinkSync(sandbox.path("elsewhere", "manifest.json"), join(root, "web1/app/x/manifest.json"));
  const { own, unknown } = await listSets(root, request);
  expect(own).toEqual([]);
  expect(unknown).toHaveLength(1);
});

test("listSets() takes what cannot be listed at all for no empty store", async () => {
  await using sandbox = await createSandbox();
  const root = await sandbox.write("backups", "no directory");
  await expect(listSets(root, request)).rejects.toThrow("ENOTDIR");
});

test.skipIf(!isRoot)("listSets() finds its sets beside directories that its user may not read", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const own = putSet(join(root, "web1/app/own"));
  for (const name of ["lost+found", "web1/shop"]) mkdirSync(join(root, name), { mode: 0o700 });
  const script = `
    import { listSets } from "#lib/stores/set-listing.ts";
    process.setuid(65534);
    const { own, unknown } = await listSets(${JSON.stringify(root)}, ${JSON.stringify(request)});
    console.log(JSON.stringify({ own: own.map(({ path }) => path), closed: unknown.map(({ path }) => path) }));`;
  chmodSync(sandbox.directory, 0o755);
  for (const path of ["", "own", "own/manifest.json"])
    chownSync(join(root, "web1/app", path), 65_534, 65_534);
  const { stdout, stderr } = spawnSync(process.execPath, ["--eval", script], {
    cwd: projectDirectory,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  const found = JSON.parse(stdout);
  expect(found.own).toEqual([own]);
  expect(new Set(found.closed)).toEqual(new Set([join(root, "lost+found"), join(root, "web1/shop")]));
});

test("listSets() finds nothing where there is nothing yet", async () => {
  await using sandbox = await createSandbox();
  expect(await listSets(sandbox.path("missing"), request)).toEqual({ own: [], foreign: [], unknown: [] });
});

test("newestFirst() goes by the manifests, whatever the names", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  putSet(join(root, "web1/app/a"), { startedAt: "2026-11-20T03:00:00.000Z", runId: "newest" });
  putSet(join(root, "web1/app/z"), { startedAt: "2026-11-19T03:00:00.000Z", runId: "older" });
  putSet(join(root, "web1/app/p"), {
    startedAt: "2026-11-21T03:00:00.000Z",
    outcome: "partial",
    runId: "partial",
  });
  const order = newestFirst(await listSets(root, request)).map((set) => set.manifest.runId);
  expect(order).toEqual(["partial", "newest", "older"]);
});
