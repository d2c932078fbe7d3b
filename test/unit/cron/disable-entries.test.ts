import { expect, test } from "bun:test";
import { statSync, symlinkSync, writeFileSync } from "node:fs";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { applyChanges } from "#lib/cron/changes.ts";
import { planDisabling } from "#lib/cron/disable-entries.ts";
import { findEntries } from "#lib/cron/find-entries.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { createMachineRoot, type MachineRoot } from "#test/support/machine-root.ts";
import { createSandbox } from "#test/support/sandbox.ts";

const at = { now: new Date("2026-11-21T08:00:00Z"), timeZone: "UTC" };
const line = "0 3 * * * root /x/backup-run.sh\n";
const units = "/etc/systemd/system";

async function onMachine(
  body: (machine: MachineRoot, find: () => Promise<readonly ScheduleEntry[]>) => Promise<void>,
): Promise<void> {
  await using sandbox = await createSandbox();
  const machine = await createMachineRoot(sandbox);
  await body(machine, async () => (await findEntries(machine.machine, at)).entries);
}

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "no refusal",
    (error: Error) => error.message,
  );

test.skipIf(!isRoot)(
  "planDisabling() makes comments of lines and takes the permission of scripts, and nothing else",
  async () => {
    await onMachine(async ({ machine, read, write, path }, find) => {
      await write(
        "/etc/cron.d/two",
        `# first\n${line}0 4 * * * root true\n@daily root /x/backup-run.sh 50\\%\n`,
      );
      await write("/etc/cron.daily/nightly", "#!/bin/sh\n/x/backup-run.sh\n", 0o755);
      const { changes, files } = await planDisabling(machine, await find(), "20261121");
      expect(files).toEqual(["/etc/cron.d/two", "/etc/cron.daily/nightly"]);
      expect(changes.map(({ what }) => what)).toEqual([
        "comment out /etc/cron.d/two:2, /etc/cron.d/two:4",
        "make /etc/cron.daily/nightly not executable",
      ]);
      await applyChanges(changes);
      expect(read("/etc/cron.d/two")).toBe(
        "# first\n# disabled by lastgood on 20261121: 0 3 * * * root /x/backup-run.sh\n0 4 * * * root true\n" +
          "# disabled by lastgood on 20261121: @daily root /x/backup-run.sh 50\\%\n",
      );
      expect(statSync(path("/etc/cron.daily/nightly")).mode & 0o777).toBe(0o644);
      const left = (await find()).filter(({ flaw }) => flaw === undefined);
      expect(left).toEqual([]);
    });
  },
);

test("planDisabling() refuses a line that is no longer what was found", async () => {
  await onMachine(async ({ machine, write }, find) => {
    await write("/etc/cron.d/job", line);
    const entries = await find();
    await write("/etc/cron.d/job", `0 5 * * * root true\n${line}`);
    expect(await messageOf(planDisabling(machine, entries, "20261121"))).toBe(
      'Cannot disable "/etc/cron.d/job": line 1 was changed by somebody else at the same time',
    );
  });
});

test("planDisabling() refuses what it could damage: a link, and bytes that are not UTF-8", async () => {
  await onMachine(async ({ machine, write, path }, find) => {
    writeFileSync(path("/etc/cron.d/latin1"), Buffer.from(`# f\xfcr\n${line}`, "latin1"));
    expect(await messageOf(planDisabling(machine, await find(), "20261121"))).toContain("it is not UTF-8");
    await write("/etc/cron.d/latin1", "");
    await write("/root/of-link", line);
    symlinkSync(path("/root/of-link"), path("/etc/cron.d/link"));
    expect(await messageOf(planDisabling(machine, await find(), "20261121"))).toContain("it is a link");
  });
});

test("planDisabling() disables units of the system, and leaves those of a user and instances to a person", async () => {
  await onMachine(async ({ machine, write }, find) => {
    const service = "[Service]\nExecStart=/x/backup-run.sh\n";
    await write(`${units}/own.service`, service);
    await write(`${units}/own.timer`, "[Timer]\nOnBootSec=1h\n");
    const { changes, files } = await planDisabling(machine, await find(), "20261121");
    expect([files, changes.map(({ what }) => what)]).toEqual([[], ["systemctl disable own.timer"]]);
    const home = "/home/deploy/.config/systemd/user";
    await write(`${home}/mine.service`, service);
    await write(`${home}/mine.timer`, "[Timer]\nOnBootSec=1h\n");
    expect(await messageOf(planDisabling(machine, await find(), "20261121"))).toContain("systemctl --user");
  });
});
