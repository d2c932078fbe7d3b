/** `predeploy-backup` and the legacy orchestrator on the same units of a real systemd. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  defineUnits,
  everyUnit,
  mostAtOnce,
  mountNas,
  pgbackrest,
  readTraces,
  restics,
  sanoid,
  spansOf,
  syncoids,
  writeStages,
} from "#test/support/predeploy-units.ts";
import { type Runtime, runtimes } from "#test/support/sandbox.ts";
import {
  hasSystemd,
  type SystemdMachine,
  type SystemdMachines,
  startSystemdMachines,
} from "#test/support/systemd-machine.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/predeploy-backup.ts";
/** Matches the script's process, and not the shell that looks for it. */
const ownProcess = "'[p]redeploy-backup.ts'";
const roomy = { backup: "60g", postgresql: "25g" };
const untilGo = "while [ ! -e /run/t/go ]; do sleep 0.02; done";

let machines: SystemdMachines;
let machine: SystemdMachine;

describe.skipIf(!hasSystemd)("predeploy-backup", () => {
  beforeAll(async () => {
    machines = await startSystemdMachines();
    machine = await machines.boot("forge");
    mountNas(machine, roomy);
  }, 120_000);

  beforeEach(() => machine.clear());

  afterAll(async () => {
    await machines[Symbol.asyncDispose]();
  }, 60_000);

  const run = (
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    runtime: Runtime = "bun",
  ) => machine.run(runtime, script, args, { env });
  /** The report's lines without time and label. */
  const reportOf = () =>
    machine
      .shell("cat /var/log/backup-run.log")
      .split("\n")
      .flatMap((line) => /stage\.report: (.*)$/.exec(line)?.[1] ?? []);
  const isActive = (unit: string) =>
    ["activating", "active"].includes(machine.shell(`systemctl show -P ActiveState ${unit}.service`));

  test.each(runtimes)(
    "shows in a dry run what it would start, and starts nothing, on %s",
    async (runtime) => {
      defineUnits(machine);
      const { exitCode, stdout } = await run(["--dry-run"], {}, runtime);
      expect(exitCode).toBe(0);
      expect(stdout).toContain("Dry run: Would start 15 backups");
      for (const unit of everyUnit) expect(stdout).toContain(`unit ${unit}.service: `);
      expect(stdout).not.toContain("replication-info");
      expect(readTraces(machine).size).toBe(0);
      expect(machine.tryShell("ls /var/lib/lastgood /var/log/backup-run.log").stdout).toBe("");
    },
  );

  test("says in a dry run what would not be started, and that this is no deployment", async () => {
    defineUnits(machine);
    machine.write("/etc/lastgood/stages.yaml", "stages: [{ title: All, units: [sanoid, t-gone] }]\n");
    const { exitCode, stdout } = await run(["--dry-run"], { PREDEPLOY_STAGES: "/etc/lastgood/stages.yaml" });
    expect(exitCode).toBe(2);
    expect(stdout).toContain("t-gone.service would not be started: does not exist");
  });

  test.each(runtimes)("runs everything and says so in the legacy script's lines, on %s", async (runtime) => {
    defineUnits(machine);
    const { exitCode, stdout, stderr } = await run(["--json"], {}, runtime);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      total_services: 15,
      successful: 15,
      failed: 0,
      timed_out: 0,
      skipped: 0,
      failure_rate_percent: 0,
      exit_code: 0,
      deploy: "yes",
    });
    expect(reportOf()).toEqual([
      "Total services: 15",
      "Successful: 15",
      "Failed: 0",
      "Timed out: 0",
      "Skipped (already running): 0",
      "All backups completed successfully!",
    ]);
    expect(new Set(readTraces(machine).keys())).toEqual(new Set(everyUnit));
  });

  test("runs one stage after another, units of a stage at the same time, never more than the limit", async () => {
    defineUnits(machine, Object.fromEntries(everyUnit.map((unit) => [unit, "sleep 0.4"])));
    const sample =
      "while [ ! -e /run/t.end ]; do systemctl list-units --plain --no-legend --state=active,activating,deactivating " +
      '"restic-backup-*.service" | wc -l; done >/run/t.samples';
    machine.shell(`rm -f /run/t.end; (setsid sh -c '${sample}' >/dev/null 2>&1 &)`);
    const { exitCode } = await run();
    machine.shell("touch /run/t.end");
    expect(exitCode).toBe(0);
    const samples = machine.shell("cat /run/t.samples").split("\n").map(Number);
    expect(Math.max(...samples)).toBeLessThanOrEqual(3);
    const stages = [[sanoid], syncoids, [pgbackrest], restics].map((units) => spansOf(machine, units));
    for (const [index, stage] of stages.entries()) {
      const before = stages[index - 1] ?? [];
      expect(Math.min(...stage.map(([began]) => began))).toBeGreaterThan(
        Math.max(0, ...before.map(([, ended]) => ended)),
      );
    }
    const [alone, unlimited = 0, alsoAlone, limited] = stages.map(mostAtOnce);
    expect([alone, alsoAlone, limited]).toEqual([1, 1, 3]);
    expect(unlimited).toBeGreaterThan(3);
  });

  test("skips a unit that runs already with a warning, does not call that complete, and leaves it alone", async () => {
    defineUnits(machine, { "restic-backup-plex": untilGo });
    machine.shell("systemctl start --no-block restic-backup-plex.service");
    await waitFor(() => isActive("restic-backup-plex"), { what: "the timer's run" });
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(1);
    expect(stderr).toContain("restic-backup-plex.service already running - skipping");
    expect(reportOf()).toEqual(
      expect.arrayContaining(["Total services: 15", "Successful: 14", "Skipped (already running): 1"]),
    );
    expect(isActive("restic-backup-plex")).toBe(true);
  });

  test("knows a unit by its own name when a stage calls it by another", async () => {
    defineUnits(machine);
    machine.shell("ln -s sanoid.service /run/systemd/system/snapshots.service; systemctl daemon-reload");
    const stages = "stages: [{ title: All, units: [snapshots, sanoid] }]\n";
    machine.write("/etc/lastgood/stages.yaml", stages);
    const { exitCode, stdout } = await run(["--json"], { PREDEPLOY_STAGES: "/etc/lastgood/stages.yaml" });
    const names = JSON.parse(stdout).units.map(({ name }: { readonly name: string }) => name);
    expect([exitCode, names]).toEqual([0, ["sanoid.service"]]);
  });

  test("refuses before anything is started when a disk is really full, or not mounted", async () => {
    defineUnits(machine);
    machine.shell(
      "mkdir -p /mnt/small && mount -t tmpfs -o size=96m tmpfs /mnt/small && " +
        "dd if=/dev/zero of=/mnt/small/file bs=1M 2>/dev/null; test -s /mnt/small/file",
    );
    const stages = writeStages(machine, (text) =>
      text.replaceAll("/mnt/nas-postgresql", "/mnt/small").replace("_gb: 20", "_gb: 0.01"),
    );
    const full = await run([], { PREDEPLOY_STAGES: stages });
    machine.shell("umount /mnt/small");
    const unmounted = await run([], { PREDEPLOY_STAGES: stages });
    expect([full.exitCode, unmounted.exitCode]).toEqual([2, 2]);
    expect(full.stderr).toContain("Insufficient space on /mnt/small: 0GB available, need 0.01GB");
    expect(unmounted.stderr).toContain('Cannot use "/mnt/small": nothing is mounted there');
    expect(readTraces(machine).size).toBe(0);
  });

  test("says with the legacy script's words that there is not enough room", async () => {
    defineUnits(machine);
    mountNas(machine, { ...roomy, backup: "12g" });
    const { exitCode, stdout, stderr } = await run(["--json"]);
    mountNas(machine, roomy);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Insufficient space on /mnt/nas-backup: 12GB available, need 50GB");
    expect(JSON.parse(stdout)).toMatchObject({ total_services: 0, exit_code: 2, deploy: "no" });
  });

  test("ends with 1 when 13 % failed or timed out, and shows the last lines of what failed", async () => {
    defineUnits(machine, {
      "syncoid-tank-prowlarr": "echo no route to nas-1; false",
      "restic-backup-lidarr": "sleep 600",
    });
    const stages = writeStages(machine, (text) => text.replace("timeout: 45m", "timeout: 3s"));
    const { exitCode, stdout, stderr } = await run(["--json"], { PREDEPLOY_STAGES: stages });
    expect(exitCode).toBe(1);
    expect(reportOf()).toEqual([
      "Total services: 15",
      "Successful: 13",
      "Failed: 1",
      "Timed out: 1",
      "Skipped (already running): 0",
      "Failed services:",
      "  - syncoid-tank-prowlarr.service: exit-code",
      "Timed out services:",
      "  - restic-backup-lidarr.service",
      "Partial failure: 14% of backups did not complete successfully",
      "This is within acceptable threshold for deployment",
    ]);
    expect(stderr).toContain("no route to nas-1");
    expect(isActive("restic-backup-lidarr")).toBe(false);
    const units: { name: string; lastLines: string[] }[] = JSON.parse(stdout).units;
    expect(units.find(({ name }) => name === "syncoid-tank-prowlarr.service")?.lastLines).toContain(
      "no route to nas-1",
    );
  });

  test.each([
    [7, 1, "Partial failure: 50% of backups did not complete successfully"],
    [8, 2, "CRITICAL: More than 50% of backups failed (57%)"],
  ])("with %i of 14 counted failures ends with %i", async (count, exit, line) => {
    const failing = [...syncoids, pgbackrest, ...restics].slice(0, count);
    defineUnits(machine, Object.fromEntries(failing.map((unit) => [unit, "false"])));
    const { exitCode } = await run();
    expect(exitCode).toBe(exit);
    expect(reportOf()).toContain(line);
  });

  test("ends with 1 when Sanoid alone fails, or restic could not read a file, and goes on", async () => {
    defineUnits(machine, { sanoid: "false" });
    expect((await run()).exitCode).toBe(1);
    expect(readTraces(machine).size).toBe(15);
    machine.clear();
    defineUnits(machine, { "restic-backup-plex": "exit 3" }, { "restic-backup-plex": "SuccessExitStatus=3" });
    const { exitCode, stdout } = await run(["--json"]);
    expect([exitCode, JSON.parse(stdout).partial]).toEqual([1, 1]);
  });

  test("ends with 2 when a required unit fails, a pattern matches nothing, or nothing is executed", async () => {
    defineUnits(machine, { "pgbackrest-full-backup": "false" });
    const required = writeStages(machine, (text) =>
      text.replace("    limit: 1\n", "    limit: 1\n    policy: required\n"),
    );
    expect((await run([], { PREDEPLOY_STAGES: required })).exitCode).toBe(2);
    machine.shell(
      "rm /run/systemd/system/syncoid-*.service; systemctl daemon-reload; systemctl reset-failed",
    );
    const unmatched = await run();
    expect(unmatched.exitCode).toBe(2);
    expect(unmatched.stderr).toContain("No unit matches syncoid-*.service");
    machine.write("/etc/lastgood/one.yaml", "stages:\n  - title: One\n    units: [pgbackrest-full-backup]\n");
    machine.shell(
      "systemctl mask --runtime --now pgbackrest-full-backup.service 2>/dev/null || ln -sf /dev/null /run/systemd/system/pgbackrest-full-backup.service; systemctl daemon-reload",
    );
    const nothing = await run([], { PREDEPLOY_STAGES: "/etc/lastgood/one.yaml" });
    expect(nothing.exitCode).toBe(2);
    expect(nothing.stderr).toContain("No backup was executed");
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])("stops on %s what it started, and nothing of others", async (signal, expected) => {
    defineUnits(machine, { "syncoid-tank-plex": untilGo, "syncoid-tank-radarr": untilGo });
    machine.shell("systemctl start --no-block syncoid-tank-radarr.service");
    await waitFor(() => isActive("syncoid-tank-radarr"), { what: "the timer's run" });
    const running = machine.start("bun", script, ["--json"]);
    await waitFor(() => isActive("syncoid-tank-plex"), { what: "our run", timeoutMs: 20_000 });
    machine.shell(`kill -s ${signal.slice(3)} $(pgrep -f ${ownProcess})`);
    const { exitCode, stdout } = await running.exited;
    expect(exitCode).toBe(expected);
    expect([isActive("syncoid-tank-plex"), isActive("syncoid-tank-radarr")]).toEqual([false, true]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ outcome: "interrupted", deploy: "no", exit_code: expected });
    const units: { name: string; verdict: string }[] = report.units;
    expect(units.find(({ name }) => name === "syncoid-tank-plex.service")?.verdict).toBe("stopped");
    expect(readTraces(machine).has(pgbackrest)).toBe(false);
  });

  test("leaves a truthful record when it is killed, and what runs to systemd", async () => {
    defineUnits(machine, { "syncoid-tank-plex": untilGo });
    machine.write(
      "/etc/lastgood/stages.yaml",
      `stages:
  - { title: First, units: [sanoid] }
  - { title: Second, units: [syncoid-tank-plex], commands: [[sh, -c, "${untilGo}"]] }
`,
    );
    const env = { PREDEPLOY_STAGES: "/etc/lastgood/stages.yaml" };
    const running = machine.start("bun", script, [], { env });
    const began = () =>
      isActive("syncoid-tank-plex") && machine.tryShell("pgrep -f '^sh -c [w]hile'").exitCode === 0;
    await waitFor(began, { what: "our run", timeoutMs: 20_000 });
    machine.shell(`kill -KILL $(pgrep -f ${ownProcess})`);
    await running.exited;
    const log = await waitFor(
      () => {
        const text = machine.tryShell(
          "cat /var/log/backup-run.log; test ! -e /var/lib/lastgood/predeploy/journal.json",
        );
        return text.exitCode === 0 && text.stdout.includes("recover") && text.stdout;
      },
      { what: "the guardian's recovery", timeoutMs: 20_000 },
    );
    expect(log).toContain("predeploy-backup (run ");
    expect(log).toContain("died without an ending");
    expect(log).toMatch(
      /Left to systemd: syncoid-tank-plex\.service, which it started at .* and did not see end/,
    );
    expect(log).toMatch(/Left to itself: sh -c while .*, which it started at .* and did not see end/);
    expect(log).not.toContain("Left to systemd: sanoid.service");
    expect([isActive("syncoid-tank-plex"), began()]).toEqual([true, true]);
    machine.shell("pkill -f '^sh -c [w]hile'");
  });

  test("lets no second one begin, and waits for a deployment that holds the lock", async () => {
    defineUnits(machine, { sanoid: untilGo });
    const running = machine.start("bun", script, []);
    await waitFor(() => isActive(sanoid), { what: "the first run", timeoutMs: 20_000 });
    const second = await run();
    machine.shell("touch /run/t/go");
    expect([second.exitCode, (await running.exited).exitCode]).toEqual([75, 0]);
    machine.shell(
      "rm -f /run/t/deployed; (setsid flock /var/lock/lastgood-predeploy.lock sh -c 'touch /run/t.held; sleep 0.5; rm /run/t.held' >/dev/null 2>&1 &)",
    );
    await waitFor(() => machine.tryShell("test -e /run/t.held").exitCode === 0, { what: "the deployment" });
    expect((await run([], { LOCK_WAIT: "20s" })).exitCode).toBe(0);
  });

  test("works by systemd's own socket where no bus daemon runs", async () => {
    defineUnits(machine, { "restic-backup-plex": "sleep 0.2; exit 1" });
    machine.shell("systemctl stop dbus.socket dbus.service");
    const { exitCode, stdout } = await run(["--json"]);
    machine.shell("systemctl start dbus.socket dbus.service");
    expect([exitCode, JSON.parse(stdout).successful, JSON.parse(stdout).failed]).toEqual([1, 14, 1]);
  });
});
