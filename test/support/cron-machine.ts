/**
 * A machine of its own for Debian's cron: what cron and its jobs read and write lies in the sandbox and is mounted over the
 * real places in a mount namespace, and every process is in a pid namespace. The real machine sees nothing of it.
 *
 * libfaketime sets the clock of cron alone: jobs get an environment of their own, so they have the real time. Cron's mail goes
 * through msmtp, as with Debian's msmtp-mta, to an SMTP server on loopback, which stays reachable. Needs root and overlayfs.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { projectDirectory, type Runtime, runtimeProgram, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

export interface CronMachine extends AsyncDisposable {
  /** Where a path of the machine, such as `/var/lib/lastgood`, lies for the test. */
  readonly path: (path: string) => string;
  /** Write a file of the machine, as root's. */
  readonly write: (path: string, text: string, mode?: number) => Promise<string>;
  readonly remove: (path: string) => Promise<void>;
  /** Start cron at that time of the zone, `2026-11-21 02:59:57`; /run is empty, everything else as it was. */
  readonly boot: (at: string, timeZone?: string) => Promise<void>;
  /** Wait until no job runs and no mail of cron is under way. */
  readonly untilIdle: () => Promise<void>;
  /** Every process is gone at once, as when power fails. */
  readonly powerOff: () => Promise<void>;
}

/** Mounted over the real ones; below /etc only what is written shows. */
const mounted = ["opt", "root", "srv", "usr/local/bin", "usr/sbin", "var/backups", "var/lib", "var/log"];
const spool = "var/spool/cron";

// A process namespace ends with its first process, and that ends with the pipe on its input: nothing outlives the test.
const bootScript = `
machine=$1 project=$2 program=$3 name=$4 at=$5
mount --bind "$project" "$machine/opt/lastgood"
mount --bind "$program" "$machine/usr/local/bin/$name"
mount --bind /usr/sbin/cron "$machine/usr/sbin/cron"
mount -t overlay -o "lowerdir=$machine/etc:/etc" overlay /etc
mount --bind "$machine/etc/cron.d" /etc/cron.d
mount --bind "$machine/etc/crontab" /etc/crontab
for each in ${[...mounted, spool].join(" ")}; do
  mount --rbind "$machine/$each" "/$each"
done
mount -t tmpfs tmpfs /run
mkdir -m 1777 /run/lock
mount -t tmpfs tmpfs /dev/shm
faketime "$at" /usr/sbin/cron -f &
read -r _
`;

export async function createCronMachine(
  sandbox: Sandbox,
  runtime: Runtime,
  smtpPort: number,
): Promise<CronMachine> {
  const machine = sandbox.path("machine");
  const path = (inside: string) => join(machine, inside);
  const directories = [...mounted, "etc/cron.d", "opt/lastgood", `${spool}/crontabs`];
  for (const directory of directories) await mkdir(path(directory), { recursive: true });
  const write: CronMachine["write"] = (inside, text, mode) => sandbox.write(path(inside), text, mode);
  await write("/etc/crontab", "");
  for (const mountPoint of [`/usr/local/bin/${runtime}`, "/usr/sbin/cron"]) await write(mountPoint, "");
  await symlink("/usr/bin/msmtp", path("/usr/sbin/sendmail"));
  const lines = ["host 127.0.0.1", `port ${smtpPort}`, "from cron@web1.example.org", "aliases /root/aliases"];
  await write("/root/.msmtprc", lines.map((line) => `${line}\n`).join(""), 0o600);
  await write("/root/aliases", "root: root@web1.example.org\n");

  let running: ChildProcess | undefined;
  const powerOff = async () => {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.end();
    await gone;
  };
  return {
    path,
    write,
    remove: (inside) => unlink(path(inside)),
    boot: async (at, timeZone = "UTC") => {
      const child = spawn(
        "unshare",
        [
          ...["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-eu", "-c", bootScript],
          ...["boot", machine, projectDirectory, runtimeProgram(runtime), runtime, at],
        ],
        {
          env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", TZ: timeZone },
          stdio: ["pipe", "ignore", "pipe"],
        },
      );
      running = child;
      let stderr = "";
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      await waitFor(
        () => {
          if (child.exitCode !== null) throw new Error(`The machine did not boot: ${stderr}`);
          return findCron(child.pid) !== undefined;
        },
        { what: "cron to start" },
      );
    },
    untilIdle: async () => {
      const cron = findCron(running?.pid);
      if (cron === undefined) throw new Error("Cron does not run");
      await waitFor(() => childrenOf(cron).length === 0, { what: "cron's jobs to end", timeoutMs: 30_000 });
    },
    powerOff,
    [Symbol.asyncDispose]: powerOff,
  };
}

/** Cron below `unshare`: the first shell of the namespace, faketime, cron. */
function findCron(unshare: number | undefined): number | undefined {
  if (unshare === undefined) return undefined;
  const found = childrenOf(unshare).flatMap(childrenOf).flatMap(childrenOf);
  return found.find((pid) => readProcess(pid, "comm") === "cron\n");
}

function childrenOf(pid: number): number[] {
  return readProcess(pid, `task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** A file of a process, empty when the process has just ended. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
