/** A real Docker engine of its own, with the compose plugin and one tiny image, and nothing to do with one of this machine. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRoot, isSystemAdmin } from "#test/support/capabilities.ts";
import { claimDirectory, createDaemon, removeDeadEngines, searchPath } from "#test/support/docker-daemon.ts";

const plugin = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "bin/docker-compose");

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
  /** Remove every container, network, volume and stack. */
  readonly clear: () => void;
  /** End the engine as its service does; its containers end with it. */
  readonly stop: () => Promise<void>;
  /** End it without a chance to do anything. */
  readonly kill: () => Promise<void>;
  /** Start it again. */
  readonly start: () => Promise<void>;
}

export async function startDockerEngine(): Promise<DockerEngine> {
  if (!hasDocker) throw new Error("Cannot start Docker: run test/support/install-parts.sh as root");
  await removeDeadEngines();
  const base = claimDirectory();
  const directory = join(base, "stacks");
  const plugins = join(base, "config/cli-plugins");
  mkdirSync(directory);
  mkdirSync(plugins, { recursive: true });
  symlinkSync(plugin, join(plugins, "docker-compose"));
  const { environment, docker, start, stop, kill, clear, remove } = createDaemon(base);
  await start();
  importImage(base, environment);
  return {
    directory,
    socket: join(base, "docker.sock"),
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
    clear: () => {
      clear();
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory);
    },
    stop,
    kill,
    start,
    [Symbol.asyncDispose]: remove,
  };
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

function isOnPath(program: string): boolean {
  return searchPath.split(":").some((directory) => existsSync(join(directory, program)));
}
