import { expect, test } from "bun:test";
import { syncDirectory } from "#lib/tools/fsync.ts";

test("syncDirectory() passes over a file system that has no such call, as /proc has none, and no other error", async () => {
  expect(await syncDirectory("/proc")).toBeUndefined();
  await expect(syncDirectory("/proc/no-such-directory")).rejects.toMatchObject({ code: "ENOENT" });
});
