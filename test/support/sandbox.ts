/**
 * A place of its own for one run of a script as a process: directories, fakes first on PATH, and exactly the
 * environment that the test names. Leaving its scope ends what it started and removes it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export type Runtime = "bun" | "deno";

/** For `describe.each(runtimes)`. */
export const runtimes: readonly Runtime[] = ["bun", "deno"];

export const projectDirectory = resolve(import.meta.dir, "../..");

export interface StartOptions {
  /** Added to PATH, HOME, TZ, LANG and NO_COLOR. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** A module that runs before the script, to change the world that it sees. */
  readonly preload?: string;
  /** User and group of the process; needs root. */
  readonly uid?: number;
  readonly cwd?: string;
}

export interface RunOptions extends StartOptions {
  readonly timeoutMs?: number;
}

export interface Ended {
  readonly pid: number;
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A live process of the runtime itself, leader of a process group of its own. */
export interface Running {
  readonly pid: number;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves when it has ended and its output is complete, or a second after its end if a child holds the pipes. */
  readonly exited: Promise<Ended>;
}

export interface Sandbox extends AsyncDisposable {
  readonly directory: string;
  readonly bin: string;
  readonly home: string;
  readonly etc: string;
  /** What every process in the sandbox sees. */
  readonly environment: Readonly<Record<string, string>>;
  /** An absolute path in the sandbox. */
  readonly path: (...parts: readonly string[]) => string;
  /** Write a file and the directories that lead to it; gives its absolute path. */
  readonly write: (path: string, text: string, mode?: number) => Promise<string>;
  /** Put a program in front of the real one of that name. */
  readonly fake: (name: string, text: string) => Promise<string>;
  /** Start `script`, a path in the project or an absolute one. */
  readonly start: (
    runtime: Runtime,
    script: string,
    args?: readonly string[],
    options?: StartOptions,
  ) => Running;
  /** Start it and wait for its end; past `timeoutMs` (60 seconds) its group is killed and this throws. */
  readonly run: (
    runtime: Runtime,
    script: string,
    args?: readonly string[],
    options?: RunOptions,
  ) => Promise<Ended>;
}

export async function createSandbox(): Promise<Sandbox> {
  const directory = await mkdtemp(join(tmpdir(), "lastgood-"));
  await chmod(directory, 0o755);
  const path = (...parts: readonly string[]) => join(directory, ...parts);
  const [bin, home, etc] = [path("bin"), path("home"), path("etc")];
  for (const each of [bin, home, etc]) await mkdir(each);
  const environment = {
    PATH: `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: home,
    TZ: "UTC",
    LANG: "C.UTF-8",
    NO_COLOR: "1",
  };
  const children: Running[] = [];

  const write: Sandbox["write"] = async (name, text, mode = 0o644) => {
    const file = resolve(directory, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
  };
  const start: Sandbox["start"] = (runtime, script, args = [], options = {}) => {
    const command = commandOf(runtime, resolve(projectDirectory, script), options.preload);
    const running = follow(
      spawn(command.program, [...command.args, ...args], {
        cwd: options.cwd ?? directory,
        env: { ...environment, ...options.env },
        ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
      }),
      options.stdin,
    );
    children.push(running);
    return running;
  };

  return {
    directory,
    bin,
    home,
    etc,
    environment,
    path,
    write,
    fake: (name, text) => write(join("bin", name), text, 0o755),
    start,
    run: async (runtime, script, args, options) => {
      const timeoutMs = options?.timeoutMs ?? 60_000;
      const running = start(runtime, script, args, options);
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        killGroup(running.pid);
      }, timeoutMs);
      const ended = await running.exited.finally(() => clearTimeout(timer));
      if (isLate) {
        throw new Error(`"${script}" did not end within ${timeoutMs} ms\n${ended.stdout}\n${ended.stderr}`);
      }
      return ended;
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of children) killGroup(child.pid);
      await Promise.all(children.map((child) => child.exited));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The runtime's own program: a kill of the wrapper that npm puts before Deno would miss it. */
export function runtimeProgram(runtime: Runtime): string {
  return runtime === "bun" ? process.execPath : denoProgram();
}

function denoProgram(): string {
  const require = createRequire(import.meta.url);
  const { optionalDependencies } = require("deno/package.json") as {
    optionalDependencies: Record<string, string>;
  };
  for (const name of Object.keys(optionalDependencies)) {
    const program = join(projectDirectory, "node_modules", name, "deno");
    if (existsSync(program)) return program;
  }
  throw new Error(`Cannot find Deno's program in "${projectDirectory}/node_modules"`);
}

function commandOf(runtime: Runtime, script: string, preload: string | undefined) {
  const before = preload === undefined ? [] : ["--preload", resolve(projectDirectory, preload)];
  const args = runtime === "bun" ? [...before, script] : ["run", "-A", "--no-prompt", ...before, script];
  return { program: runtimeProgram(runtime), args };
}

function follow(child: ChildProcess, stdin: string | undefined): Running {
  const pid = child.pid;
  if (pid === undefined) throw new Error(`Cannot start "${child.spawnfile}"`);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  // A script that ends without reading its input is no error of the test.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(stdin ?? "");

  const ended = Promise.withResolvers<Ended>();
  const settle = (exitCode: number | null, signal: NodeJS.Signals | null) =>
    ended.resolve({ pid, exitCode, signal, ...output });
  child.on("error", ended.reject);
  child.on("close", settle);
  child.on("exit", (exitCode, signal) => setTimeout(() => settle(exitCode, signal), 1_000).unref());
  return {
    pid,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    kill: (signal) => {
      child.kill(signal);
    },
    exited: ended.promise,
  };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );
}

/** Everything below `directory`, sorted; directories end with a slash. */
export async function treeOf(directory: string): Promise<readonly string[]> {
  // Not by "recursive": Bun follows symlinks there.
  const list = async (path: string): Promise<string[]> => {
    const entries = await readdir(path, { withFileTypes: true });
    const below = await Promise.all(
      entries.map(async (entry) => {
        const name = join(path, entry.name);
        return entry.isDirectory() ? [`${name}/`, ...(await list(name))] : [name];
      }),
    );
    return below.flat();
  };
  const names = (await list(directory)).map((path) => path.slice(directory.length + 1));
  return names.sort((a, b) => (a < b ? -1 : 1));
}
