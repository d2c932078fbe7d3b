import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type PartialOwner, partialName } from "#lib/core/set-layout.ts";
import { sweepLeftovers } from "#lib/stores/sweep-leftovers.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { createSandbox } from "#test/support/sandbox.ts";
import { putSet } from "#test/unit/stores/stored-set.ts";

const request = {
  host: { name: "web1", machineId: "m1", hardwareId: "h1", formerIds: ["former-id-of-32-letters"] },
  job: "app",
  layout: "{host}/{job}/{stamp}",
  isRunAlive: async (runId: string) => runId === "alive",
  deadlineMs: 5000,
};

function putPartial(root: string, owner: Partial<PartialOwner>): string {
  const path = join(root, partialName({ host: "web1", job: "app", runId: "dead", ...owner }));
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "application.tar.zst"), "half");
  return path;
}

test("sweepLeftovers() removes partials of dead runs of this job, and no others: a clone of this machine may be writing", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const dead = [
    putPartial(root, {}),
    putPartial(root, { machine: "m1.h1" }),
    putPartial(root, { machine: "m1" }),
    putPartial(root, { machine: "m1.former-i" }),
  ];
  const stay = [
    putPartial(root, { runId: "alive" }),
    putPartial(root, { job: "shop" }),
    putPartial(root, { host: "web2" }),
    putPartial(root, { machine: "m2.h2" }),
    putPartial(root, { machine: "m1.h2" }),
  ];
  mkdirSync(join(root, ".partial-of-somebody-else"));
  const swept = await sweepLeftovers(root, request);
  expect(new Set(swept.removed)).toEqual(new Set(dead));
  const reasons = new Map(swept.left.map(({ path, reason }) => [path, reason]));
  expect(new Set(reasons.keys())).toEqual(new Set([stay[0] ?? "", stay[3] ?? "", stay[4] ?? ""]));
  expect(reasons.get(stay[0] ?? "")).toBe("its run is alive");
  expect(reasons.get(stay[4] ?? "")).toContain("another machine");
  for (const path of [...stay, join(root, ".partial-of-somebody-else")]) expect(existsSync(path)).toBe(true);
});

test("sweepLeftovers() does not follow a symlink that bears a partial's name", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  mkdirSync(root);
  const victim = putSet(sandbox.path("victim"));
  const link = join(root, partialName({ host: "web1", job: "app", runId: "dead" }));
  symlinkSync(victim, link);
  const swept = await sweepLeftovers(root, request);
  expect(swept.removed).toEqual([]);
  expect(swept.left[0]?.path).toBe(link);
  expect(existsSync(join(victim, "manifest.json"))).toBe(true);
});

test("sweepLeftovers() finishes a removal that was cut short, of this job alone", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const cutShort = (name: string, job: string) => {
    const path = putSet(join(root, "web1", job, name), { job });
    const hidden = join(dirname(path), `.removing-${name}`);
    renameSync(path, hidden);
    return hidden;
  };
  const ours = [cutShort("one", "app"), cutShort("two", "app")];
  const theirs = [cutShort("three", "shop"), cutShort("four", "shop")];
  // The manifest may be the first file that goes.
  for (const path of [ours[1], theirs[1]]) rmSync(join(path ?? "", "manifest.json"));
  const swept = await sweepLeftovers(root, request);
  expect(new Set(swept.removed)).toEqual(new Set(ours));
  for (const path of theirs) expect(existsSync(path)).toBe(true);
});

test.skipIf(!isRoot)("sweepLeftovers() names what it cannot remove, and goes on", async () => {
  await using sandbox = await createSandbox();
  const root = sandbox.path("backups");
  const [stuck, dead] = [putPartial(root, { runId: "stuck" }), putPartial(root, { runId: "dead" })];
  mkdirSync(join(stuck, "mount"));
  // Nobody removes a mount point.
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", join(stuck, "mount")]);
  try {
    const swept = await sweepLeftovers(root, request);
    expect(swept.removed).toEqual([dead]);
    expect(swept.left).toMatchObject([{ path: stuck, reason: expect.stringContaining("busy") }]);
  } finally {
    execFileSync("umount", [join(stuck, "mount")]);
  }
});
