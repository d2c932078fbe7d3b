/** A real sshd of its own on loopback: host key, authorized key and configuration in a temporary directory. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot } from "#test/support/capabilities.ts";
import { findFreePort } from "#test/support/ports.ts";
import { waitFor } from "#test/support/wait-for.ts";

export const hasSshd = isRoot && existsSync("/usr/sbin/sshd");

export interface SshServer extends AsyncDisposable {
  readonly port: number;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** A key that is not let in. */
  readonly otherKeyFile: string;
  /** A known_hosts file with another key under this host's name. */
  readonly changedHostsFile: string;
  readonly directory: string;
  /** Wait until nothing runs there for anybody any more, not even for who was cut off. */
  readonly untilIdle: () => Promise<void>;
  /** Cut off whoever is connected, and listen no more until `start`. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

interface SshServerOptions {
  /** PATH of what runs there, instead of sshd's own. */
  readonly path?: string;
}

export async function startSshServer({ path: searchPath }: SshServerOptions = {}): Promise<SshServer> {
  if (!hasSshd) throw new Error("Cannot start sshd: it is missing, or this is not root");
  const directory = mkdtempSync(join(tmpdir(), "lastgood-sshd-"));
  const path = (name: string) => join(directory, name);
  for (const name of ["host", "client", "other"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path(name)]);
  }
  const port = await findFreePort();
  // sshd wants it, and it belongs to nobody else where sshd does not run as a service.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const keyOf = (name: string) => readFileSync(path(`${name}.pub`), "utf8");
  writeFileSync(path("authorized_keys"), keyOf("client"), { mode: 0o600 });
  writeFileSync(path("known_hosts"), `[127.0.0.1]:${port} ${keyOf("host")}`);
  writeFileSync(path("changed_hosts"), `[127.0.0.1]:${port} ${keyOf("other")}`);
  const settings = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${path("host")}`,
    `AuthorizedKeysFile ${path("authorized_keys")}`,
    `PidFile ${path("pid")}`,
    "UsePAM no",
    "StrictModes no",
    "PasswordAuthentication no",
    "PermitRootLogin yes",
    "MaxStartups 100",
    // Each session costs half as much as with the exchange that withstands quantum computers.
    "KexAlgorithms curve25519-sha256",
    // With a level above the first, root's bash reads no ~/.bashrc: what that says and costs is no part of a test.
    `SetEnv SHLVL=1${searchPath === undefined ? "" : ` PATH=${searchPath}`}`,
  ];
  writeFileSync(path("sshd_config"), settings.map((line) => `${line}\n`).join(""));

  let child: ChildProcess | undefined;
  const stop = async () => {
    const running = child;
    child = undefined;
    if (running?.pid === undefined) return;
    const ended = new Promise<void>((resolve) => running.once("exit", () => resolve()));
    // Sessions live in groups of their own: they are known by their parent.
    for (const pid of descendants(running.pid)) kill(pid);
    running.kill("SIGKILL");
    await ended;
  };
  const start = async () => {
    child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", path("sshd_config")], { stdio: "ignore" });
    await waitFor(() => answers(port, path("client"), path("known_hosts")), { what: "sshd to answer" });
  };
  await start();
  return {
    port,
    directory,
    keyFile: path("client"),
    knownHostsFile: path("known_hosts"),
    otherKeyFile: path("other"),
    changedHostsFile: path("changed_hosts"),
    untilIdle: async () => {
      // Between its fork and its exec what a dead session leaves cannot be told: it must show itself nowhere for a while.
      let idle = 0;
      const isIdle = () => {
        const isServing = (child?.pid !== undefined && descendants(child.pid).length > 0) || isLeftBy(port);
        idle = isServing ? 0 : idle + 1;
        return idle === 40;
      };
      await waitFor(isIdle, { what: "the end of all sessions" });
    },
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function answers(port: number, key: string, hosts: string): boolean {
  const options = [
    "-F",
    "none",
    "-i",
    key,
    "-p",
    String(port),
    "-o",
    `UserKnownHostsFile=${hosts}`,
    "-o",
    "BatchMode=yes",
  ];
  try {
    execFileSync("ssh", [...options, "root@127.0.0.1", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function descendants(pid: number): number[] {
  let children: number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    // It has just ended.
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** What a dead session of sshd leaves is nobody's child: it is known by its environment. */
function isLeftBy(port: number): boolean {
  const mark = new RegExp(`(?:^|\0)SSH_CONNECTION=[^\0]* ${port}\0`);
  return readdirSync("/proc").some((entry) => {
    try {
      return /^\d+$/.test(entry) && mark.test(readFileSync(`/proc/${entry}/environ`, "latin1"));
    } catch {
      return false;
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
