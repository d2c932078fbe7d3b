import { expect, test } from "bun:test";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import {
  applyChanges,
  type Change,
  disableScriptChange,
  editFileChange,
  removeFileChange,
  systemctlChange,
  writeFileChange,
} from "#lib/cron/changes.ts";
import { copyFiles } from "#lib/cron/disable-entries.ts";
import { replaceFile } from "#lib/cron/replace-file.ts";
import { hasLoopDevices, isRoot } from "#test/support/capabilities.ts";
import { createMachineRoot, type MachineRoot } from "#test/support/machine-root.ts";
import { createSandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";

async function onMachine(body: (machine: MachineRoot) => Promise<void>): Promise<void> {
  await using sandbox = await createSandbox();
  await body(await createMachineRoot(sandbox));
}

const failing: Change = {
  what: "fail",
  apply: () => Promise.reject(new OpsError("No luck", { outcome: "failed", hint: "Try again" })),
  undo: () => Promise.reject(new Error("must not be undone")),
};

const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

test.skipIf(!isRoot)("applyChanges() undoes all it did when one change fails", async () => {
  await onMachine(async ({ machine, path, read, write }) => {
    await write("/etc/cron.d/old", "old\n", 0o600);
    await write("/etc/cron.d/edited", "one\n");
    await write("/etc/cron.daily/script", "#!/bin/sh\n", 0o755);
    const error = await refusal(
      applyChanges([
        writeFileChange(machine, "/etc/cron.d/new", "new\n"),
        writeFileChange(machine, "/etc/cron.d/old", "replaced\n"),
        editFileChange(machine, "/etc/cron.d/edited", { before: "one\n", after: "two\n", what: "edit" }),
        disableScriptChange(machine, "/etc/cron.daily/script"),
        removeFileChange(machine, "/etc/cron.d/old"),
        failing,
      ]),
    );
    expect(error).toMatchObject({
      message: "Cannot fail: nothing was changed",
      hint: "Try again",
      problems: [],
    });
    expect(new Set(readdirSync(path("/etc/cron.d")))).toEqual(new Set(["old", "edited"]));
    expect(read("/etc/cron.d/old")).toBe("old\n");
    expect(statSync(path("/etc/cron.d/old")).mode & 0o777).toBe(0o600);
    expect(read("/etc/cron.d/edited")).toBe("one\n");
    expect(statSync(path("/etc/cron.daily/script")).mode & 0o777).toBe(0o755);
  });
});

test("applyChanges() names what it could not undo", async () => {
  const stuck = {
    what: "write /x",
    apply: async () => undefined,
    undo: () => Promise.reject(new Error("disk gone")),
  };
  expect(await refusal(applyChanges([stuck, failing]))).toMatchObject({
    message: "Cannot fail: undone in part",
    problems: ["Cannot undo: write /x: disk gone"],
  });
});

test.skipIf(!isRoot)(
  "editFileChange() keeps owner and mode, and refuses a file that somebody else has changed",
  async () => {
    await onMachine(async ({ machine, path, read, write }) => {
      const file = "/var/spool/cron/crontabs/deploy";
      await write(file, "one\n", 0o600);
      chownSync(path(file), 1000, 101);
      await editFileChange(machine, file, { before: "one\n", after: "two\n", what: "edit" }).apply();
      const { uid, gid, mode } = statSync(path(file));
      expect([read(file), uid, gid, mode & 0o7777]).toEqual(["two\n", 1000, 101, 0o600]);
      const late = editFileChange(machine, file, { before: "one\n", after: "three\n", what: "edit" });
      expect(await refusal(late.apply())).toMatchObject({
        message: expect.stringContaining("was changed by somebody else"),
      });
      expect(read(file)).toBe("two\n");
    });
  },
);

test.skipIf(!isRoot)(
  "replaceFile() leaves nothing beside the file, also after a call that was killed",
  async () => {
    await onMachine(async ({ path, write }) => {
      await write("/etc/cron.d/.job.lastgood-new", "half");
      await replaceFile(path("/etc/cron.d/job"), "whole\n", { uid: 0, gid: 0, mode: 0o644 });
      expect(readdirSync(path("/etc/cron.d"))).toEqual(["job"]);
      expect(statSync(path("/etc/cron.d/job")).mode & 0o7777).toBe(0o644);
    });
  },
);

test.skipIf(!hasLoopDevices)(
  "replaceFile() on a full disk leaves the old file whole and nothing beside it",
  async () => {
    await withSmallFileSystem({ sizeMb: 1, type: "tmpfs" }, async ({ directory }) => {
      const file = join(directory, "job");
      writeFileSync(file, "old\n");
      try {
        writeFileSync(join(directory, "filler"), Buffer.alloc(2 * 1024 * 1024));
      } catch {
        // The disk is full now, as it should be.
      }
      const error = await refusal(replaceFile(file, "x".repeat(64 * 1024), { uid: 0, gid: 0, mode: 0o644 }));
      expect(error).toMatchObject({ code: "ENOSPC" });
      expect(readFileSync(file, "utf8")).toBe("old\n");
      expect(new Set(readdirSync(directory))).toEqual(new Set(["filler", "job"]));
    });
  },
);

test("systemctlChange() fails by what systemctl says last", async () => {
  await onMachine(async ({ machine }) => {
    const error = await refusal(systemctlChange(machine, ["enable", "missing.timer"], undefined).apply());
    expect(error).toMatchObject({
      message: expect.stringMatching(/^systemctl enable missing.timer failed: .*missing.timer/),
    });
  });
});

test.skipIf(!isRoot)("copyFiles() keeps owner and mode below a directory of root's alone", async () => {
  await onMachine(async ({ machine, path, write }) => {
    await write("/var/spool/cron/crontabs/root", "x\n", 0o600);
    mkdirSync(path("/etc/a b"));
    await write("/etc/a b/-c", "y\n", 0o640);
    await copyFiles(
      machine,
      ["/var/spool/cron/crontabs/root", "/etc/a b/-c"],
      "/var/lib/lastgood/schedule/1",
    );
    const copies = path("/var/lib/lastgood/schedule/1");
    expect(statSync(copies).mode & 0o777).toBe(0o700);
    expect(statSync(join(copies, "var/spool/cron/crontabs/root")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(copies, "etc/a b/-c"), "utf8")).toBe("y\n");
    expect(await refusal(copyFiles(machine, ["/etc/none"], "/var/lib/x"))).toMatchObject({
      outcome: "failed",
    });
    expect(existsSync(path("/var/lib/x/etc/none"))).toBe(false);
  });
});
