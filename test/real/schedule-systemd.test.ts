/** An installed timer under a real systemd: its service makes a set, and finishes what a kill left. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runtimes } from "#test/support/sandbox.ts";
import {
  hasSystemd,
  type SystemdMachine,
  type SystemdMachines,
  startSystemdMachines,
} from "#test/support/systemd-machine.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/schedule.ts";
const unitDirectory = "/etc/systemd/system";

let machines: SystemdMachines | undefined;
let machine: SystemdMachine;

beforeAll(async () => {
  if (!hasSystemd) return;
  machines = await startSystemdMachines();
  machine = await machines.boot("schedule");
}, 120_000);

afterAll(() => machines?.[Symbol.asyncDispose]());

/** A job whose one file is archived without a compressor, and a tar that can be made to wait. */
function prepare(): void {
  machine.shell(
    `rm -rf ${unitDirectory}/lastgood-* /etc/lastgood /var/backups/* /var/lib/lastgood /srv/*; mkdir -p /srv/app /var/backups`,
  );
  const lines = [
    "HOST_NAME=web1",
    "APP_DIR=/srv/app",
    "APP_MIN_MB=0",
    "BACKUP_DIR=/var/backups",
    "MIN_FREE_GB=0",
  ];
  machine.write("/srv/app/index.php", "<?php echo 1;\n");
  machine.write("/etc/lastgood/backup.env", [...lines, "COMPRESSION=gzip", ""].join("\n"));
  machine.write(
    "/usr/local/bin/gzip",
    '#!/bin/sh\ncase "$*" in *--version*) ;; *) [ -e /srv/slow ] && sleep 60 ;; esac\nexec /usr/bin/gzip "$@"\n',
  );
  machine.shell("chmod 755 /usr/local/bin/gzip; systemctl daemon-reload; systemctl reset-failed");
}

const property = (unit: string, name: string) => machine.shell(`systemctl show --value -p ${name} ${unit}`);
const status = () => JSON.parse(machine.shell("cat /var/lib/lastgood/backup/status.json"));
const names = (directory: string) =>
  machine.tryShell(`ls -A ${directory}`).stdout.split("\n").filter(Boolean);

describe.skipIf(!hasSystemd).each(runtimes)("a timer that was installed with %s", (runtime) => {
  test("is on, its hardened service makes a set, and remove takes all of it away", async () => {
    prepare();
    const args = ["install", "--with", "systemd", "--at", "0 3,11,19 * * *"];
    expect(await machine.run(runtime, script, args)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(property("lastgood-backup.timer", "ActiveState")).toBe("active");
    expect(machine.shell("systemctl is-enabled lastgood-recover-backup.service")).toBe("enabled");
    expect(machine.shell("systemctl list-timers --all --no-legend")).toMatch(
      / (03|11|19):00:00 .*lastgood-backup\.timer/,
    );
    machine.shell("systemctl start lastgood-backup.service");
    expect(property("lastgood-backup.service", "Result")).toBe("success");
    expect(status().lastRun.outcome).toBe("complete");
    expect(names("/var/backups/web1/backup")).toHaveLength(1);
    const shown = await machine.run(runtime, script, ["show", "--json"]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ duplicates: [], unscheduled: [], ignored: [] });

    // Enabled, and yet it will not elapse before the next boot.
    machine.shell("systemctl stop lastgood-backup.timer");
    const stopped = await machine.run(runtime, script, ["show"]);
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stdout).toContain("MISSING    nothing starts the job backup");
    expect(stopped.stdout).toContain("enabled, and not started: systemctl start lastgood-backup.timer");
    machine.shell("systemctl start lastgood-backup.timer");

    for (const name of ["drill-backup", "health"]) {
      expect(property(`lastgood-${name}.timer`, "ActiveState")).toBe("active");
      machine.shell(`systemctl start lastgood-${name}.service`);
      expect([name, property(`lastgood-${name}.service`, "Result")]).toEqual([name, "success"]);
    }
    const { drills } = JSON.parse(machine.shell("cat /var/lib/lastgood/backup/drill.json"));
    expect(drills).toMatchObject([{ outcome: "complete", components: [{ name: "application" }] }]);
    expect(JSON.parse(machine.shell("cat /var/lib/lastgood/backup/health.json")).problems).toEqual({});

    expect(await machine.run(runtime, script, ["remove"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(property("lastgood-backup.timer", "LoadState")).toBe("not-found");
    expect(machine.tryShell(`find ${unitDirectory} -name 'lastgood-*'`).stdout).toBe("");
  });

  test("has what a kill -9 of everything in its service left finished by ExecStopPost, and reported", async () => {
    prepare();
    await machine.run(runtime, script, ["install", "--with", "systemd"]);
    machine.shell("touch /srv/slow; systemctl start --no-block lastgood-backup.service");
    await waitFor(() => machine.tryShell("pgrep -x sleep").exitCode === 0, {
      what: "the archive to begin",
      timeoutMs: 30_000,
    });
    expect(names("/var/backups").some((name) => name.startsWith(".partial"))).toBe(true);
    machine.shell("rm /srv/slow; systemctl kill --signal=KILL lastgood-backup.service");
    await waitFor(() => property("lastgood-backup.service", "ActiveState") === "failed", {
      what: "the service to have failed",
      timeoutMs: 40_000,
    });
    expect(names("/var/backups").filter((name) => name.startsWith("."))).toEqual([]);
    expect(names("/var/lib/lastgood/backup")).not.toContain("journal.json");
    expect(machine.shell("cat /var/log/backup-run.log")).toContain("died without an ending");
    machine.shell("systemctl reset-failed; systemctl start lastgood-backup.service");
    expect(status().lastRun.outcome).toBe("complete");
  });

  test("that is asked to stop ends the run, which cleans up after itself", async () => {
    prepare();
    await machine.run(runtime, script, ["install", "--with", "systemd"]);
    machine.shell("touch /srv/slow; systemctl start --no-block lastgood-backup.service");
    await waitFor(() => machine.tryShell("pgrep -x sleep").exitCode === 0, {
      what: "the archive to begin",
      timeoutMs: 30_000,
    });
    machine.shell("systemctl stop lastgood-backup.service");
    expect(status().lastRun.outcome).toBe("interrupted");
    expect(names("/var/backups").filter((name) => name.startsWith("."))).toEqual([]);
    expect(machine.tryShell("pgrep -x sleep").exitCode).toBe(1);
  });
});

test.skipIf(!hasSystemd)(
  "schedule show says that cron does not run, and nothing of it when it does",
  async () => {
    prepare();
    const program = "/usr/sbin/cron";
    machine.write(program, "#!/bin/sh\nexec sleep infinity\n");
    machine.write("/usr/lib/systemd/system/cron.service", `[Service]\nExecStart=${program}\n`);
    machine.write("/etc/cron.d/backups", "0 3 * * * root bun /opt/lastgood/scripts/backup-run.ts\n");
    machine.shell(`chmod 755 ${program}; systemctl daemon-reload`);
    const show = async () => {
      const { exitCode, stdout } = await machine.run("bun", script, ["show"]);
      return { exitCode, problems: stdout.split("\n").filter((line) => line.startsWith("PROBLEM")) };
    };
    const problems = ["PROBLEM    Cron does not run: nothing in its files starts"];
    expect(await show()).toEqual({ exitCode: 1, problems });
    machine.shell("systemctl start cron.service");
    expect(await show()).toEqual({ exitCode: 0, problems: [] });
  },
);
