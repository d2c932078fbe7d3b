import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkOneFileSystem } from "#lib/preflight/check-one-file-system.ts";
import { createExec } from "#lib/tools/exec.ts";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";

const asker = {
  exec: createExec({ PATH: process.env.PATH ?? "" }),
  timeoutMs: 10_000,
  signal: new AbortController().signal,
};

test.skipIf(!hasLoopDevices)(
  "checkOneFileSystem() names the directory on the way that is a mount",
  async () => {
    await withSmallFileSystem({ sizeMb: 1, type: "tmpfs" }, async ({ directory }) => {
      const root = dirname(directory);
      const path = "mount/app/20261120T030000Z";
      expect((await checkOneFileSystem(asker, root, path))?.message).toBe(
        `Cannot put sets into "${directory}": it is on another file system than "${root}"`,
      );
      mkdirSync(join(directory, "app"));
      expect((await checkOneFileSystem(asker, root, path))?.message).toContain(`"${directory}"`);
      expect(await checkOneFileSystem(asker, directory, "app/20261120T030000Z")).toBeUndefined();
      expect(await checkOneFileSystem(asker, root, "not/yet/20261120T030000Z")).toBeUndefined();
      expect(await checkOneFileSystem(asker, root, "20261120T030000Z")).toBeUndefined();
    });
  },
);
