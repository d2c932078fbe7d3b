/** The daemon of an engine in a directory of its own, from its start to the removal of every trace. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode } from "#lib/core/ops-error.ts";
import { waitFor } from "#test/support/wait-for.ts";

/** Where daemons are found. */
export const searchPath = `${process.env.PATH}:/usr/sbin:/sbin`;

/** Below /var/tmp: an engine may not lie in /tmp, which services of systemd see as a private one. */
const enginePrefix = "/var/tmp/lastgood-engine-";

export interface DockerDaemon {
  readonly environment: Readonly<Record<string, string>>;
  /** Run docker to its end and give what it prints, without the last newline; throws unless it ends with 0. */
  readonly docker: (...args: readonly string[]) => string;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** End it without a chance to do anything; its containers run on until it is started again. */
  readonly kill: () => Promise<void>;
  /** Remove every container, network and volume. */
  readonly clear: () => void;
  /** Remove the directory and all that the engine left in the kernel: mounts, bridges, processes. */
  readonly remove: () => Promise<void>;
}

/** A directory whose number no other engine has: with it go the networks 10.NUMBER.0.0 to 10.NUMBER.255.0. */
export function claimDirectory(): string {
  for (;;) {
    const base = `${enginePrefix}${64 + Math.floor(Math.random() * 192)}`;
    try {
      mkdirSync(base, { mode: 0o700 });
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      continue;
    }
    writeFileSync(join(base, "owner"), String(process.pid));
    return base;
  }
}

export function createDaemon(base: string): DockerDaemon {
  const environment = {
    PATH: searchPath,
    HOME: base,
    DOCKER_HOST: `unix://${join(base, "docker.sock")}`,
    DOCKER_CONFIG: join(base, "config"),
  };
  const docker: DockerDaemon["docker"] = (...args) => {
    const stdio = ["ignore", "pipe", "pipe"] as const;
    return execFileSync("docker", args, { encoding: "utf8", env: environment, stdio: [...stdio] }).trim();
  };
  let daemon: ChildProcess | undefined;
  const start = async () => {
    const launched = launch(base);
    daemon = launched;
    const isAnswering = () => {
      if (hasEnded(launched)) throw new Error(`The engine ended: ${readFileSync(join(base, "log"), "utf8")}`);
      return spawnSync("docker", ["version"], { env: environment, stdio: "ignore" }).status === 0;
    };
    await waitFor(isAnswering, { timeoutMs: 60_000, what: `docker in ${base}` });
  };
  const end = async (signal: NodeJS.Signals) => {
    const stopping = daemon;
    if (stopping === undefined) return;
    daemon = undefined;
    stopping.kill(signal);
    await waitFor(() => hasEnded(stopping), { timeoutMs: 60_000, what: "the engine to end" });
  };
  const stop = () => end("SIGTERM");
  const kill = async () => {
    await end("SIGKILL");
    // Its containerd dies with it. Where nobody reaps that, the next daemon would take it for alive, and wait for it.
    rmSync(join(base, "exec/containerd/containerd.pid"), { force: true });
  };
  const clear = () => {
    const list = (...args: readonly string[]) =>
      docker(...args, "--quiet")
        .split("\n")
        .filter(Boolean);
    const containers = list("ps", "--all");
    if (containers.length > 0) docker("rm", "--force", "--volumes", ...containers);
    docker("network", "prune", "--force");
    const volumes = list("volume", "ls");
    if (volumes.length > 0) docker("volume", "rm", "--force", ...volumes);
  };
  const remove = async () => {
    // Bridges outlive their engine, and only it knows which are its.
    if (daemon === undefined) await start();
    clear();
    await stop();
    for (const mount of mountsBelow(base))
      spawnSync("umount", ["--lazy", mount], { env: { PATH: searchPath } });
    rmSync(base, { recursive: true, force: true });
  };
  return { environment, docker, start, stop, kill, clear, remove };
}

/** What tests that were killed have left, by the process id in their file `owner`; whoever comes first removes it. */
export async function removeDeadEngines(): Promise<void> {
  const parent = dirname(enginePrefix);
  for (const name of readdirSync(parent)) {
    const base = join(parent, name);
    if (!(base.startsWith(enginePrefix) && /-\d+$/.test(base) && isDead(base))) continue;
    try {
      mkdirSync(join(base, "removing"));
    } catch {
      continue;
    }
    await createDaemon(base).remove();
  }
}

/** One whose directory is just being made has no owner yet; a daemon may take its time to end after its owner. */
function isDead(base: string): boolean {
  const hasEnded = (file: string) => !existsSync(`/proc/${readFileSync(join(base, file), "utf8").trim()}`);
  const isDaemonGone = !existsSync(join(base, "pid")) || hasEnded("pid");
  return existsSync(join(base, "owner")) && hasEnded("owner") && isDaemonGone;
}

/**
 * No default bridge and no firewall rules: this machine's network stays as it is, and engines do not meet. It ends when the
 * tests die.
 */
function launch(base: string): ChildProcess {
  const pool = `base=10.${base.slice(enginePrefix.length)}.0.0/16,size=24`;
  const log = openSync(join(base, "log"), "a");
  const args = [
    ...["--data-root", join(base, "data"), "--exec-root", join(base, "exec"), "--pidfile", join(base, "pid")],
    ...["--host", `unix://${join(base, "docker.sock")}`, "--default-address-pool", pool],
    ...["--bridge=none", "--iptables=false", "--ip-forward=false"],
  ];
  try {
    const stdio = ["ignore", log, log] as const;
    return spawn("setpriv", ["--pdeathsig", "TERM", "dockerd", ...args], {
      env: { PATH: searchPath },
      stdio: [...stdio],
    });
  } finally {
    closeSync(log);
  }
}

function hasEnded(engine: ChildProcess): boolean {
  return engine.exitCode !== null || engine.signalCode !== null;
}

/** Deepest first. */
function mountsBelow(directory: string): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mount) => mount.startsWith(`${directory}/`))
    .reverse();
}
