import { describe, expect, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { exists } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { waitFor } from "#test/support/wait-for.ts";

const isMounted = (directory: string) => readFileSync("/proc/mounts", "utf8").includes(directory);
const loopDevices = () => execFileSync("/sbin/losetup", ["--all"], { encoding: "utf8" });

describe.skipIf(!hasLoopDevices)("withSmallFileSystem()", () => {
  test.each(["ext4", "tmpfs"] as const)("gives an %s that can be filled", async (type) => {
    let seen = "";
    await withSmallFileSystem({ sizeMb: 8, type }, ({ directory }) => {
      seen = directory;
      writeFileSync(join(directory, "fits"), "x");
      expect(() => writeFileSync(join(directory, "too big"), Buffer.alloc(9 * 1024 * 1024))).toThrow(
        "ENOSPC",
      );
    });
    expect(isMounted(seen)).toBe(false);
    expect(await exists(seen)).toBe(false);
  });

  test("removes it when the body throws, even frozen and in use", async () => {
    let holder: ChildProcess | undefined;
    let seen = "";
    const failing = withSmallFileSystem({ sizeMb: 8, type: "ext4" }, ({ directory, freeze }) => {
      seen = directory;
      holder = spawn("sleep", ["600"], { cwd: directory, stdio: "ignore" });
      freeze();
      throw new Error("the body failed");
    });
    await expect(failing).rejects.toThrow("the body failed");
    expect(isMounted(seen)).toBe(false);
    expect(await exists(seen)).toBe(false);
    holder?.kill("SIGKILL");
    await waitFor(() => !loopDevices().includes(seen.replace("mount", "image")), {
      what: "the loop device to go",
    });
  });

  test("hangs a writer while frozen and lets it go on when thawed", async () => {
    await withSmallFileSystem({ sizeMb: 8, type: "ext4" }, async ({ directory, freeze, thaw }) => {
      freeze();
      const writer = spawn("touch", [join(directory, "file")], { stdio: "ignore" });
      const ended = new Promise<number | null>((resolve) => writer.once("exit", resolve));
      const state = () => readFileSync(`/proc/${writer.pid}/stat`, "utf8").split(") ")[1]?.[0];
      await waitFor(() => state() === "D", { what: "the writer to hang" });
      expect(await exists(join(directory, "file"))).toBe(false);
      thaw();
      expect(await ended).toBe(0);
      expect(await exists(join(directory, "file"))).toBe(true);
    });
  });

  test("makes it read-only on request", async () => {
    await withSmallFileSystem({ sizeMb: 8, type: "ext4" }, ({ directory, makeReadOnly }) => {
      makeReadOnly();
      expect(() => writeFileSync(join(directory, "file"), "")).toThrow("EROFS");
    });
  });
});
