import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { checkWritable } from "#lib/preflight/check-writable.ts";
import { createExec } from "#lib/tools/exec.ts";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";

test.skipIf(!hasLoopDevices)(
  "checkWritable() thinks of inodes where there is room and nothing can be made",
  async () => {
    const exec = createExec({ PATH: process.env.PATH ?? "" });
    const asker = { exec, timeoutMs: 10_000, signal: new AbortController().signal };
    await withSmallFileSystem({ sizeMb: 1, type: "tmpfs" }, async ({ directory }) => {
      expect(await checkWritable(asker, directory, ".partial-x", false)).toMatchObject({ passed: true });
      execFileSync("mount", ["-o", "remount,nr_inodes=1", directory]);
      const full = await checkWritable(asker, directory, ".partial-x", false);
      expect(full).toMatchObject({
        passed: false,
        message: `Cannot write to "${directory}": No space left on device`,
        hint: "Its inodes or this user's quota are used up: df -i, quota",
      });
    });
  },
);
