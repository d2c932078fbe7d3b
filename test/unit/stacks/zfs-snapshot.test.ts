/** Snapshots of ZFS datasets, by a program of that name that does what `zfs` does, in directories. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FreezePlan, RootFacts } from "#lib/core/freeze.ts";
import { findSnapshotSource } from "#lib/stacks/ask-freezing.ts";
import { createFreezer } from "#lib/stacks/create-freezer.ts";
import { type FrozenEntry, removeFrozen } from "#lib/stacks/remove-frozen.ts";
import { createExec } from "#lib/tools/exec.ts";
import { createTestJournal, freezeAccess, surveyAccess } from "#test/support/freezing.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

const zfs = (top: string, failing: string) => `#!/bin/sh
case "$1" in "${failing}") echo "cannot do it: dataset is busy" >&2; exit 1;; esac
snapshots=${top}/.zfs/snapshot
case "$1" in
  version) echo zfs-2.2;;
  snapshot) mkdir -p "$snapshots/\${2#*@}" && cp -a ${top}/app "$snapshots/\${2#*@}/";;
  destroy) [ -d "$snapshots/\${2#*@}" ] || { echo "could not find any snapshots to destroy" >&2; exit 1; }; rm -r "$snapshots/\${2#*@}";;
  list) for one in $(ls "$snapshots"); do echo "tank/apps@$one"; done;;
esac
`;

let sandbox: Sandbox;
let top: string;
let env: { readonly PATH: string };

beforeEach(async () => {
  sandbox = await createSandbox();
  top = realpathSync(sandbox.directory);
  env = { PATH: `${sandbox.bin}:/usr/bin:/bin` };
  await sandbox.write("app/data/file", "before");
});

afterEach(() => sandbox[Symbol.asyncDispose]());

function planOf(path: string): FreezePlan {
  const facts: RootFacts = {
    path,
    fileSystem: "zfs",
    mountPoint: top,
    snapshotSource: { kind: "zfs", dataset: "tank/apps", top },
    staging: undefined,
    stagingMount: undefined,
    obstacles: {},
    sharesBlocks: false,
    files: 1,
    bytes: 1,
  };
  return { strategy: "snapshot", why: "", notes: [], roots: [{ facts, strategies: ["snapshot", "none"] }] };
}

describe("A ZFS snapshot", () => {
  test("is taken of the dataset, read where ZFS shows it, and destroyed", async () => {
    await sandbox.fake("zfs", zfs(top, ""));
    const journal = createTestJournal();
    const root = join(top, "app/data");
    const freezer = createFreezer(planOf(root), freezeAccess(journal, { exec: createExec(env), env }));
    await freezer.prepare();
    expect(journal.entries).toEqual([
      { kind: "frozen", how: "zfs", path: "tank/apps@lastgood-1a2b3c4d-plex-0", mountPoint: top },
    ]);
    const frozen = await freezer.freeze();
    const path = join(top, ".zfs/snapshot/lastgood-1a2b3c4d-plex-0/app/data");
    expect(frozen.roots).toEqual([{ original: root, frozen: path }]);
    writeFileSync(join(root, "file"), "after");
    expect(await Bun.file(join(path, "file")).text()).toBe("before");
    expect(await freezer.release()).toEqual([]);
    expect([readdirSync(join(top, ".zfs/snapshot")), journal.entries]).toEqual([[], []]);
  });

  test("that cannot be taken, or whose files are out of sight, leaves the stack stopped while it is archived", async () => {
    for (const program of [zfs(top, "snapshot"), "#!/bin/sh\nexit 0\n"]) {
      await sandbox.fake("zfs", program);
      const access = freezeAccess(createTestJournal(), { exec: createExec(env), env });
      const freezer = createFreezer(planOf(join(top, "app/data")), access);
      await freezer.prepare();
      const frozen = await freezer.freeze();
      expect([frozen.strategy, frozen.mustStayStopped, frozen.notes.length]).toEqual(["none", true, 1]);
      await freezer.release();
    }
  });

  const entry: FrozenEntry = {
    kind: "frozen",
    how: "zfs",
    path: "tank/apps@lastgood-1a2b3c4d-plex-0",
    mountPoint: "/",
  };

  test("that is gone is removed, that is busy is named with the command for it", async () => {
    const access = { exec: createExec(env), timeoutMs: 10_000 };
    await sandbox.write(".zfs/snapshot/other/file", "");
    await sandbox.fake("zfs", zfs(top, ""));
    await removeFrozen(entry, access);
    await sandbox.write(".zfs/snapshot/lastgood-1a2b3c4d-plex-0/file", "");
    await sandbox.fake("zfs", zfs(top, "destroy"));
    const error = await removeFrozen(entry, access).catch((one: unknown) => one);
    expect(error).toMatchObject({
      message:
        'Cannot remove the snapshot "tank/apps@lastgood-1a2b3c4d-plex-0": cannot do it: dataset is busy',
      hint: "zfs destroy tank/apps@lastgood-1a2b3c4d-plex-0",
    });
    expect(readdirSync(join(top, ".zfs/snapshot"))).toHaveLength(2);
  });

  test("is possible for what lies on a dataset, if the program is there", async () => {
    const mount = { mountPoint: top, fileSystem: "zfs", source: "tank/apps" };
    const asker = surveyAccess({ exec: createExec(env) });
    expect(await findSnapshotSource(join(top, "app"), mount, asker)).toEqual({
      ok: false,
      reason: 'the program "zfs" is not installed',
    });
    await sandbox.fake("zfs", zfs(top, ""));
    expect(await findSnapshotSource(join(top, "app"), mount, asker)).toEqual({
      ok: true,
      value: { kind: "zfs", dataset: "tank/apps", top },
    });
    expect(await findSnapshotSource("/etc", { ...mount, fileSystem: "ext4" }, asker)).toEqual({
      ok: false,
      reason: "the data is on ext4",
    });
  });
});

describe("removeFrozen()", () => {
  const access = { exec: createExec({ PATH: "/usr/bin:/bin" }), timeoutMs: 10_000 };

  test.each([
    { kind: "frozen", how: "copy", path: "/srv/plex", mountPoint: "/" },
    { kind: "frozen", how: "copy", path: "/", mountPoint: "/" },
    { kind: "frozen", how: "btrfs", path: "/srv/.lastgood-1a2b3c4d-plex-0/app", mountPoint: "/" },
    { kind: "frozen", how: "zfs", path: "tank/apps", mountPoint: "/" },
    { kind: "frozen", how: "zfs", path: "tank/apps@daily", mountPoint: "/" },
  ] as const)("never removes what does not bear one of our names: %j", async (entry) => {
    await expect(removeFrozen(entry, access)).rejects.toThrow("it does not bear the name of one of ours");
  });

  test("removes a copy, twice without an error, and nothing through a symlink of its name", async () => {
    const kept = await sandbox.write("app/kept", "");
    const path = join(top, ".lastgood-1a2b3c4d-plex-0");
    const mountPoint = "/";
    await sandbox.write(".lastgood-1a2b3c4d-plex-0/app/file", "");
    await removeFrozen({ kind: "frozen", how: "copy", path, mountPoint }, access);
    await removeFrozen({ kind: "frozen", how: "copy", path, mountPoint }, access);
    await Bun.$`ln -s ${join(top, "app")} ${path}`;
    await removeFrozen({ kind: "frozen", how: "copy", path, mountPoint }, access);
    expect(readdirSync(top)).not.toContain(".lastgood-1a2b3c4d-plex-0");
    expect(await Bun.file(kept).exists()).toBe(true);
  });

  test("does not take it for gone while its disk is not mounted", async () => {
    const mountPoint = join(top, "disk");
    const path = join(mountPoint, ".lastgood-1a2b3c4d-plex-0");
    rmSync(mountPoint, { recursive: true, force: true });
    const removed = removeFrozen({ kind: "frozen", how: "copy", path, mountPoint }, access);
    await expect(removed).rejects.toThrow(
      `Cannot remove the copy "${path}": nothing is mounted at "${mountPoint}"`,
    );
  });
});
