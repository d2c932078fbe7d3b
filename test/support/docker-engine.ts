/** A real Docker engine of its own, with the compose plugin and one tiny image, and nothing to do with one of this machine. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isRoot, isSystemAdmin } from "#test/support/capabilities.ts";
import { waitFor } from "#test/support/wait-for.ts";

const plugin = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "bin/docker-compose");
const path = `${process.env.PATH}:/usr/sbin:/sbin`;

export const hasDocker = isRoot && isSystemAdmin && existsSync(plugin) && isOnPath("dockerd");

/** Its only program is busybox, under the names of its applets. */
export const image = "lastgood-test:local";

export interface DockerEngine extends AsyncDisposable {
  /** An empty directory on the same disk; goes with the engine. */
  readonly directory: string;
  readonly socket: string;
  /** For programs that are to talk to this engine. */
  readonly environment: Readonly<Record<string, string>>;
  /** Run docker to its end and give what it prints, without the last newline; throws unless it ends with 0. */
  readonly docker: (...args: readonly string[]) => string;
  /** Write a stack's compose file into a directory of its own, and start what it says. */
  readonly up: (name: string, compose: string, files?: Readonly<Record<string, string>>) => string;
  /** Remove every container, network and volume. */
  readonly clear: () => void;
  /** End the engine as its service does; its containers end with it. */
  readonly stop: () => Promise<void>;
  /** Start it again. */
  readonly start: () => Promise<void>;
}

/** The directory is below /var/tmp: an engine may not lie in /tmp, which services of systemd see as a private one. */
export async function startDockerEngine(): Promise<DockerEngine> {
  if (!hasDocker) throw new Error("Cannot start Docker: run test/support/install-parts.sh as root");
  const base = mkdtempSync("/var/tmp/lastgood-engine-");
  const directory = join(base, "stacks");
  const socket = join(base, "docker.sock");
  const config = join(base, "config");
  mkdirSync(directory);
  mkdirSync(join(config, "cli-plugins"), { recursive: true });
  symlinkSync(plugin, join(config, "cli-plugins/docker-compose"));
  const environment = { PATH: path, HOME: base, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: config };
  const docker = (...args: readonly string[]) =>
    execFileSync("docker", args, {
      encoding: "utf8",
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();

  const pool = `base=10.${100 + Math.floor(Math.random() * 150)}.0.0/16,size=24`;
  let engine: ChildProcess | undefined;
  const start = async () => {
    const launched = launch(base, pool);
    engine = launched;
    const isAnswering = () => {
      if (hasEnded(launched)) throw new Error(`The engine ended: ${readFileSync(join(base, "log"), "utf8")}`);
      return spawnSync("docker", ["version"], { env: environment, stdio: "ignore" }).status === 0;
    };
    await waitFor(isAnswering, { timeoutMs: 60_000, what: `docker in ${base}` });
  };
  const stop = async () => {
    const stopping = engine;
    if (stopping === undefined) return;
    engine = undefined;
    stopping.kill("SIGTERM");
    await waitFor(() => hasEnded(stopping), { timeoutMs: 60_000, what: "the engine to end" });
  };
  const clear = () => {
    const containers = docker("ps", "--all", "--quiet").split("\n").filter(Boolean);
    if (containers.length > 0) docker("rm", "--force", "--volumes", ...containers);
    docker("network", "prune", "--force");
    const volumes = docker("volume", "ls", "--quiet").split("\n").filter(Boolean);
    if (volumes.length > 0) docker("volume", "rm", "--force", ...volumes);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
  };
  const remove = async () => {
    if (engine !== undefined) clear();
    await stop();
    for (const mount of mountsBelow(base)) spawnSync("umount", ["--lazy", mount], { env: { PATH: path } });
    rmSync(base, { recursive: true, force: true });
  };
  try {
    await start();
    importImage(base, environment);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    directory,
    socket,
    environment,
    docker,
    up: (name, compose, files = {}) => {
      const stack = join(directory, name);
      mkdirSync(stack, { recursive: true });
      writeFileSync(join(stack, "compose.yaml"), compose);
      for (const [file, text] of Object.entries(files)) writeFileSync(join(stack, file), text);
      docker("compose", "--project-directory", stack, "up", "--detach", "--quiet-pull");
      return stack;
    },
    clear,
    stop,
    start,
    [Symbol.asyncDispose]: remove,
  };
}

/**
 * No default bridge and no firewall rules: this machine's network stays as it is, and engines do not meet. It ends when the
 * tests die.
 */
function launch(base: string, pool: string): ChildProcess {
  const log = openSync(join(base, "log"), "a");
  const args = [
    ...["--data-root", join(base, "data"), "--exec-root", join(base, "exec"), "--pidfile", join(base, "pid")],
    ...["--host", `unix://${join(base, "docker.sock")}`, "--default-address-pool", pool],
    ...["--bridge=none", "--iptables=false", "--ip-forward=false"],
  ];
  try {
    const stdio = ["ignore", log, log] as const;
    return spawn("setpriv", ["--pdeathsig", "TERM", "dockerd", ...args], {
      env: { PATH: path },
      stdio: [...stdio],
    });
  } finally {
    closeSync(log);
  }
}

function hasEnded(engine: ChildProcess): boolean {
  return engine.exitCode !== null || engine.signalCode !== null;
}

/** What busybox can do, imported as it lies there: nothing is pulled from anywhere. */
function importImage(base: string, environment: Readonly<Record<string, string>>): void {
  const root = join(base, "root");
  for (const name of ["bin", "dev", "etc", "proc", "sys", "tmp"])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).split("\n");
  for (const applet of applets) {
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  const archive = execFileSync("tar", ["-C", root, "-c", "."], { maxBuffer: 64 * 1024 * 1024 });
  execFileSync("docker", ["import", "-", image], {
    env: environment,
    input: archive,
    stdio: ["pipe", "ignore", "pipe"],
  });
  rmSync(root, { recursive: true });
}

/** Deepest first. */
function mountsBelow(directory: string): string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mount) => mount.startsWith(`${directory}/`))
    .reverse();
}

function isOnPath(program: string): boolean {
  return path.split(":").some((directory) => existsSync(join(directory, program)));
}
