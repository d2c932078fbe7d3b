/**
 * The legacy orchestrator and ours side by side on the same units of a real systemd: each known defect must show in the legacy
 * script and not in ours.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  defineUnits,
  everyUnit,
  mostAtOnce,
  mountNas,
  readTraces,
  restics,
  spansOf,
  syncoids,
  writeStages,
} from "#test/support/predeploy-units.ts";
import {
  hasSystemd,
  type SystemdMachine,
  type SystemdMachines,
  startSystemdMachines,
} from "#test/support/systemd-machine.ts";

const legacyScript = "/opt/lastgood/migrations-from-bash/predeploy/legacy/backup-orchestrator.sh";
/** Without the checks of unset variables it gets beyond [D9] and [D11], to its other defects. */
const lenient = "s/^set -euo pipefail/set -eo pipefail/";
const roomy = { backup: "60g", postgresql: "25g" };

let machines: SystemdMachines;
let machine: SystemdMachine;

const runLegacy = (edit = "", args = "") =>
  machine.tryShell(`sed '${edit}' ${legacyScript} | bash -s -- ${args} 2>&1`);
const runOurs = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  machine.run("bun", "scripts/predeploy-backup.ts", [...args, "-v"], { env });

/** systemd keeps a unit loaded that a timer is to start. */
function loadByTimers(units: readonly string[]): void {
  machine.units(
    Object.fromEntries(units.map((unit) => [`${unit}.timer`, "[Timer]\nOnCalendar=2099-01-01\n"])),
  );
  machine.shell(`systemctl start ${units.map((unit) => `${unit}.timer`).join(" ")}`);
}

describe.skipIf(!hasSystemd)("The legacy orchestrator and ours", () => {
  beforeAll(async () => {
    machines = await startSystemdMachines();
    machine = await machines.boot("forge");
    machine.shell("mount -t tmpfs -o size=80g tmpfs /mnt");
    mountNas(machine, roomy);
  }, 120_000);

  beforeEach(() => machine.clear());

  afterAll(async () => {
    await machines[Symbol.asyncDispose]();
  }, 60_000);

  test("[D1] takes the disk below for the NAS that is not mounted", async () => {
    defineUnits(machine);
    machine.shell("umount /mnt/nas-backup");
    const [legacy, ours] = [runLegacy(lenient), await runOurs()];
    mountNas(machine, roomy);
    expect(legacy.stdout).toContain("Disk space check passed: /mnt/nas-backup has 80GB available");
    expect(ours.exitCode).toBe(2);
    expect(ours.stderr).toContain('Cannot use "/mnt/nas-backup": nothing is mounted there');
  });

  test("[D2] rounds room up", async () => {
    defineUnits(machine);
    mountNas(machine, { ...roomy, backup: "50500m" });
    const [legacy, ours] = [runLegacy(lenient), await runOurs()];
    mountNas(machine, roomy);
    expect(legacy.stdout).toContain("/mnt/nas-backup has 50GB available");
    expect(ours.stderr).toContain("Insufficient space on /mnt/nas-backup: 49GB available, need 50GB");
  });

  test("[D3] does not see that a oneshot unit runs", async () => {
    defineUnits(machine, { "restic-backup-plex": "sleep 3" });
    loadByTimers(restics);
    machine.shell("systemctl start --no-block restic-backup-plex.service");
    const legacy = runLegacy(lenient);
    machine.shell("systemctl start --no-block restic-backup-plex.service");
    const ours = await runOurs();
    expect(legacy.stdout).toContain("Starting restic-backup-plex.service");
    expect(legacy.stdout).toContain("Skipped (already running): 0");
    expect(ours.stderr).toContain("restic-backup-plex.service already running - skipping");
  });

  test("[D4] ends like a partial failure on a mistake in the command line", async () => {
    expect(runLegacy("", "--dry-rum").exitCode).toBe(1);
    expect((await runOurs(["--dry-rum"])).exitCode).toBe(64);
  });

  test("[D5] never reaches a timeout", async () => {
    defineUnits(machine, { sanoid: "sleep 2" });
    const legacy = runLegacy(`${lenient}; s/sanoid.service 300 2/sanoid.service 1 1/`);
    const stages = writeStages(machine, (text) => text.replace("timeout: 300", "timeout: 1"));
    const ours = await runOurs([], { PREDEPLOY_STAGES: stages });
    expect(legacy.stdout).toContain("Timed out: 0");
    expect(ours.stderr).toContain("sanoid.service timed out after 1s; stopped");
  });

  test("[D6] takes the result of a run that has not ended", async () => {
    defineUnits(machine, { "syncoid-tank-plex": "sleep 2; false" });
    loadByTimers(syncoids);
    const [legacy, ours] = [runLegacy(lenient), await runOurs()];
    expect(legacy.stdout).toContain("Failed: 0");
    expect(legacy.exitCode).toBe(0);
    expect(ours.exitCode).toBe(1);
    expect(ours.stderr).toContain("syncoid-tank-plex.service: exit-code");
  });

  test("[D7] ends at a failure of Sanoid, which is to be a warning", async () => {
    defineUnits(machine, { sanoid: "false" });
    const legacy = runLegacy(lenient);
    expect([legacy.exitCode, readTraces(machine).size]).toEqual([1, 1]);
    const ours = await runOurs();
    expect([ours.exitCode, readTraces(machine).size]).toEqual([1, everyUnit.length]);
  });

  test("[D8] finds no unit that is not loaded", async () => {
    defineUnits(machine);
    const [legacy, ours] = [runLegacy(lenient), await runOurs()];
    expect(legacy.stdout).toContain("Found 0 Syncoid replication jobs");
    expect(legacy.stdout).toContain("Found 0 Restic backup services");
    expect(ours.stderr).toContain("Total services: 15");
  });

  test("[D9] dies in stage 2", async () => {
    defineUnits(machine);
    loadByTimers([...syncoids, ...restics]);
    const [legacy, ours] = [runLegacy(), await runOurs()];
    expect([legacy.exitCode, ours.exitCode]).toEqual([1, 0]);
    expect(legacy.stdout).toContain("late[$unit]: unbound variable");
    expect(legacy.stdout).not.toContain("Stage 3a");
  });

  test("[D10] runs three at a time one after another", async () => {
    defineUnits(machine, Object.fromEntries(restics.map((unit) => [unit, "sleep 0.3"])));
    loadByTimers(restics);
    runLegacy(lenient);
    const legacy = spansOf(machine, restics);
    machine.shell("rm /run/t/*");
    await runOurs();
    expect([mostAtOnce(legacy), mostAtOnce(spansOf(machine, restics))]).toEqual([1, 3]);
  });

  test("[D11] dies in the report when nothing failed", async () => {
    defineUnits(machine);
    const [legacy, ours] = [runLegacy(), await runOurs()];
    expect([legacy.exitCode, ours.exitCode]).toEqual([1, 0]);
    expect(legacy.stdout).toContain("Stage 4");
    expect(legacy.stdout).toContain("unbound variable");
    expect(ours.stderr).toContain("All backups completed successfully!");
  });

  test("[D12] calls it a success when nothing was executed", async () => {
    const busy = "[Service]\nExecStart=/bin/sleep 600\n";
    machine.units({ "sanoid.service": busy, "pgbackrest-full-backup.service": busy });
    machine.shell("systemctl start sanoid.service pgbackrest-full-backup.service");
    const legacy = runLegacy(lenient);
    machine.write(
      "/etc/lastgood/two.yaml",
      "stages:\n  - title: Two\n    units: [sanoid, pgbackrest-full-backup]\n",
    );
    const ours = await runOurs([], { PREDEPLOY_STAGES: "/etc/lastgood/two.yaml" });
    expect([legacy.exitCode, ours.exitCode]).toEqual([0, 2]);
    expect(legacy.stdout).toContain("All backups completed successfully!");
    expect(ours.stderr).toContain("No backup was executed");
  });
});
