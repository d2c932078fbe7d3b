/** `predeploy-backup` for other hosts by ssh, for a user's own units, with jobs and commands, and asked on a terminal. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Runtime, runtimes } from "#test/support/sandbox.ts";
import {
  hasSystemd,
  oneshot,
  type SystemdMachine,
  type SystemdMachines,
  startSystemdMachines,
} from "#test/support/systemd-machine.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/predeploy-backup.ts";
const stages = "/etc/lastgood/stages.yaml";
const heldJob =
  "SYSTEM_STATE=true\nBACKUP_DIR=/run/t/backups\nLOCK_FILE=/run/t/held.lock\nLOCK_BUSY_EXIT=0\n";
const untilGo = "while [ ! -e /run/t/go ]; do sleep 0.02; done";
const ports = { nas1: 2201, nas2: 2202 } as const;

let machines: SystemdMachines;
let nas1: SystemdMachine;
let nas2: SystemdMachine;

interface UnitReport {
  readonly host?: string;
  readonly name: string;
  readonly verdict: string;
  readonly lastLines: readonly string[];
}

/** Both share one loopback; nas1 is where the script runs as well. */
function connectBySsh(): void {
  nas1.shell("mkdir -p -m 700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519");
  const key = nas1.shell("cat /root/.ssh/id_ed25519.pub");
  const hostKeys = [nas1, nas2].map((machine) => {
    const port = ports[machine.name as keyof typeof ports];
    machine.write("/etc/ssh/sshd_config.d/port.conf", `Port ${port}\n`);
    machine.write("/root/.ssh/authorized_keys", `${key}\n`);
    machine.shell("chmod 700 /root/.ssh; ssh-keygen -A; systemctl stop ssh.socket; systemctl restart ssh");
    return `[127.0.0.1]:${port} ${machine.shell("cat /etc/ssh/ssh_host_ed25519_key.pub")}\n`;
  });
  nas1.write("/root/.ssh/known_hosts", hostKeys.join(""));
  const hosts = Object.entries({ ...ports, nas3: 2203 }).map(
    ([name, port]) => `Host ${name}\n  HostName 127.0.0.1\n  Port ${port}\n`,
  );
  nas1.write("/root/.ssh/config", hosts.join(""));
}

describe.skipIf(!hasSystemd)("predeploy-backup", () => {
  beforeAll(async () => {
    machines = await startSystemdMachines();
    nas1 = await machines.boot("nas1");
    nas2 = await machines.boot("nas2");
    connectBySsh();
  }, 120_000);

  beforeEach(() => {
    for (const machine of [nas1, nas2]) machine.clear();
  });

  afterAll(async () => {
    await machines[Symbol.asyncDispose]();
  }, 60_000);

  const run = (args: readonly string[], runtime: Runtime = "bun") =>
    nas1.run(runtime, script, args, { env: { PREDEPLOY_STAGES: stages } });
  const unitsOf = (stdout: string): readonly UnitReport[] => JSON.parse(stdout).units;
  const isActive = (machine: SystemdMachine, unit: string) =>
    machine.shell(`systemctl show -P ActiveState ${unit}.service`) === "activating";

  test.each(runtimes)(
    "runs the units of several hosts by ssh, and lets one forbid the deployment, on %s",
    async (runtime) => {
      nas1.write(
        stages,
        "preflight: [{ path: /, min_free_gb: 0.01, mount: false }]\nstages: [{ title: All, units: [backup-*], limit: 1 }]\n",
      );
      for (const machine of [nas1, nas2]) {
        const isSecond = machine === nas2;
        machine.units({
          "backup-a.service": oneshot(isSecond ? "echo the disk of nas2 is gone; false" : "true"),
          "backup-b.service": oneshot(isSecond ? "false" : "true"),
          "backup-c.service": oneshot("true"),
        });
      }
      const { exitCode, stdout, stderr } = await run(["--host", "nas1,root@nas2", "--json", "-v"], runtime);
      expect(exitCode).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        total_services: 6,
        successful: 4,
        failed: 2,
        failure_rate_percent: 66,
        deploy: "no",
      });
      expect(new Set(unitsOf(stdout).map(({ host, name, verdict }) => `${host} ${name} ${verdict}`))).toEqual(
        new Set([
          ...["a", "b", "c"].map((name) => `nas1 backup-${name}.service success`),
          ...["a failed", "b failed", "c success"].map(
            (one) => `root@nas2 backup-${one.replace(" ", ".service ")}`,
          ),
        ]),
      );
      expect(unitsOf(stdout).flatMap(({ lastLines }) => lastLines)).toContain("the disk of nas2 is gone");
      expect(stderr).toContain("nas1: Disk space check passed: / has ");
      expect(stderr).toContain("root@nas2: CRITICAL: More than 50% of backups failed (66%)");
    },
  );

  test("goes on with the other hosts when one cannot be reached, and does not call that a success", async () => {
    nas1.write(stages, "stages: [{ title: All, units: [backup-a] }]\n");
    for (const machine of [nas1, nas2]) machine.units({ "backup-a.service": oneshot("touch /run/t/ran") });
    const { exitCode, stderr } = await run(["--host", "nas3,nas2"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("nas3: Cannot reach systemd: ");
    expect(stderr).toContain("Connection refused");
    expect(nas2.tryShell("test -e /run/t/ran").exitCode).toBe(0);
  });

  test("stops on every host what it started, and sees a unit end though ssh is cut meanwhile", async () => {
    nas1.write(stages, "stages: [{ title: All, units: [backup-a, backup-b] }]\n");
    for (const machine of [nas1, nas2]) {
      machine.units({ "backup-a.service": oneshot(untilGo), "backup-b.service": oneshot("true") });
    }
    const running = nas1.start("bun", script, ["--host", "nas1,nas2", "--json"], {
      env: { PREDEPLOY_STAGES: stages },
    });
    for (const machine of [nas1, nas2]) {
      await waitFor(() => isActive(machine, "backup-a"), { what: machine.name, timeoutMs: 20_000 });
    }
    nas2.shell("pkill -f 's[y]stemd-stdio-bridge'");
    await waitFor(() => running.stderr().includes("nas2: Lost systemd"), {
      what: "the loss to be noticed",
      timeoutMs: 20_000,
    });
    nas2.shell("touch /run/t/go");
    await waitFor(() => !isActive(nas2, "backup-a"), { what: "the end of nas2's backup" });
    // Its end is known before the run is told to end.
    await waitFor(() => nas1.shell("cat /var/log/backup-run.log").includes("nas2: Stage 1 complete"), {
      what: "nas2's end",
      timeoutMs: 20_000,
    });
    nas1.shell("kill $(pgrep -f '[p]redeploy-backup.ts')");
    const { exitCode, stdout } = await running.exited;
    expect(exitCode).toBe(143);
    expect(isActive(nas1, "backup-a")).toBe(false);
    const verdicts = unitsOf(stdout).map(({ host, name, verdict }) => `${host} ${name} ${verdict}`);
    expect(verdicts).toContain("nas2 backup-a.service success");
    expect(verdicts).toContain("nas1 backup-a.service stopped");
  });

  test("runs a user's own units by that user's manager", async () => {
    nas1.shell(
      "id backup1 2>/dev/null || useradd --create-home --uid 1001 backup1; loginctl enable-linger backup1",
    );
    await waitFor(() => nas1.tryShell("test -S /run/user/1001/bus").exitCode === 0, {
      what: "the user's bus",
      timeoutMs: 20_000,
    });
    const home = "/home/backup1";
    nas1.write(`${home}/.config/systemd/user/backup-mine.service`, oneshot("id -un >%h/ran"));
    // journald looks at the living process to learn whose line it is.
    nas1.write(`${home}/.config/systemd/user/backup-bad.service`, oneshot("echo not mine; sleep 1; false"));
    nas1.write(`${home}/stages.yaml`, "stages: [{ title: Mine, units: [backup-*] }]\n");
    nas1.shell(`chown -R backup1: ${home}; systemctl --user --machine=backup1@ daemon-reload`);
    const { exitCode, stdout } = await nas1.run("bun", script, ["--user", "--json"], {
      user: "backup1",
      env: { PREDEPLOY_STAGES: `${home}/stages.yaml`, HOME: home },
    });
    expect(exitCode).toBe(1);
    expect(nas1.shell(`cat ${home}/ran`)).toBe("backup1");
    const bad = unitsOf(stdout).find(({ name }) => name === "backup-bad.service");
    expect(bad?.lastLines).toContain("not mine");
  });

  test("runs jobs of ours and commands as steps, and stops them gently", async () => {
    nas1.shell("mkdir -p /run/t/app /run/t/backups; echo text >/run/t/app/file");
    nas1.write(
      "/etc/lastgood/app.env",
      "APP_DIR=/run/t/app\nAPP_MIN_MB=0\nBACKUP_DIR=/run/t/backups\nMIN_FREE_GB=0\nCOMPRESSION=gzip\nVERIFY=false\n",
    );
    nas1.write("/etc/lastgood/held.env", heldJob);
    nas1.shell("chmod 600 /etc/lastgood/*.env");
    nas1.shell(
      "(setsid flock /run/t/held.lock sh -c 'touch /run/t/held; while [ -e /run/t/held ]; do sleep 0.05; done' >/dev/null 2>&1 &)",
    );
    await waitFor(() => nas1.tryShell("test -e /run/t/held").exitCode === 0, { what: "the lock of a job" });
    nas1.write(
      stages,
      `stages:
  - { title: Job, jobs: [app, held], timeout: 1m }
  - { title: Commands, commands: [[sh, -c, "echo half; exit 4"], [/nowhere/program], [sh, -c, "mkdir /run/t/once"], [sh, -c, "mkdir /run/t/once"]], limit: 1, partial_statuses: [4] }
  - { title: Slow, commands: [[sh, -c, "trap 'touch /run/t/cleaned; exit 1' TERM; sleep 60 & wait"]], timeout: 1 }
`,
    );
    const { stdout } = await run(["--json"]);
    expect(unitsOf(stdout).map(({ name, verdict }) => [name.split(" ")[0], verdict])).toEqual([
      ["job", "success"],
      // Its own exit status would be 0.
      ["job", "skipped"],
      ["sh", "partial"],
      ["/nowhere/program", "failed"],
      // The same command twice is two steps.
      ["sh", "success"],
      ["sh", "failed"],
      ["sh", "timeout"],
    ]);
    expect(nas1.shell("ls /run/t/backups/*/app/*/manifest.json | wc -l")).toBe("1");
    expect(nas1.tryShell("test -e /run/t/cleaned").exitCode).toBe(0);
  });

  test.each([
    ["y", 0, true],
    ["n", 2, false],
    ["", 2, false],
  ])("asks on a terminal, and takes %j for what it is", async (answer, exit, hasRun) => {
    nas1.write(stages, "stages: [{ title: All, units: [backup-a] }]\n");
    nas1.units({ "backup-a.service": oneshot("touch /run/t/ran") });
    const { exitCode, stdout } = nas1.tryShell(
      `echo '${answer}' | PREDEPLOY_STAGES=${stages} script --quiet --return --command "bun /opt/lastgood/${script}" /dev/null`,
    );
    expect(stdout).toContain("Run these backups now on this system? (y/N)");
    expect([exitCode, nas1.tryShell("test -e /run/t/ran").exitCode === 0]).toEqual([exit, hasRun]);
  });
});
