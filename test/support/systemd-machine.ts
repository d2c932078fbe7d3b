/**
 * A machine that really runs systemd: a Debian 13 in a container of a Docker engine, with this project and both runtimes in it.
 *
 * Never in a bare namespace of this machine, whose /tmp its services would empty.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { projectDirectory, type Runtime, runtimeProgram } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const root = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "systemd-13.tar");
const image = "lastgood-systemd:local";

export const hasSystemd = hasDocker && existsSync(root);

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningScript {
  readonly exited: Promise<Ended>;
  readonly stderr: () => string;
}

export interface SystemdMachine {
  readonly name: string;
  /** Its root directory as this machine sees it. */
  readonly root: string;
  /** Run a shell command as root and give what it prints; throws unless it ends with 0. */
  readonly shell: (command: string) => string;
  /** The same, whatever it ends with. */
  readonly tryShell: (
    command: string,
    options?: { readonly user?: string; readonly timeoutMs?: number },
  ) => Ended;
  readonly write: (path: string, text: string) => void;
  /** Define units by the text of their `[Service]` section and what stands before it, and make systemd read them. */
  readonly units: (units: Readonly<Record<string, string>>) => void;
  /** Forget every unit that a test defined, and what it left. */
  readonly clear: () => void;
  readonly start: (
    runtime: Runtime,
    script: string,
    args: readonly string[],
    options?: StartOptions,
  ) => RunningScript;
  readonly run: (
    runtime: Runtime,
    script: string,
    args: readonly string[],
    options?: StartOptions,
  ) => Promise<Ended>;
}

interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
}

export interface SystemdMachines extends AsyncDisposable {
  /** Start one more; it shares the network of the first, which reaches nobody else. */
  readonly boot: (name: string) => Promise<SystemdMachine>;
}

export async function startSystemdMachines(): Promise<SystemdMachines> {
  if (!hasSystemd) throw new Error("Cannot start systemd: run test/support/install-parts.sh as root");
  const engine = await startDockerEngine();
  try {
    engine.docker("import", root, image);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  let first: string | undefined;
  return {
    boot: async (name) => {
      const network = first === undefined ? "none" : `container:${first}`;
      first ??= name;
      return boot(engine, name, network);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function boot(engine: DockerEngine, name: string, network: string): Promise<SystemdMachine> {
  const mounts = [
    "/sys/fs/cgroup:/sys/fs/cgroup:rw",
    `${projectDirectory}:/opt/lastgood:ro`,
    `${runtimeProgram("bun")}:/usr/local/bin/bun:ro`,
    `${runtimeProgram("deno")}:/usr/local/bin/deno:ro`,
  ];
  engine.docker(
    ...["run", "--detach", "--name", name, "--network", network, "--cgroupns=host"],
    ...["--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined"],
    ...["--tmpfs", "/run:exec", "--tmpfs", "/tmp", ...mounts.flatMap((mount) => ["--volume", mount])],
    ...[image, "/lib/systemd/systemd"],
  );
  const exec = (user: string, env: Readonly<Record<string, string>>) => [
    ...["exec", "--user", user],
    ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    name,
  ];
  const tryShell: SystemdMachine["tryShell"] = (command, { user = "root", timeoutMs = 60_000 } = {}) => {
    const { status, stdout, stderr } = spawnSync("docker", [...exec(user, {}), "sh", "-c", command], {
      encoding: "utf8",
      env: engine.environment,
      timeout: timeoutMs,
    });
    return { exitCode: status, stdout, stderr };
  };
  const shell: SystemdMachine["shell"] = (command) => {
    const { exitCode, stdout, stderr } = tryShell(command);
    if (exitCode !== 0) throw new Error(`"${command}" ended with ${exitCode} on ${name}: ${stderr}`);
    return stdout.trim();
  };
  const write: SystemdMachine["write"] = (path, text) => {
    execFileSync(
      "docker",
      ["exec", "--interactive", name, "install", "-D", "-m", "644", "/dev/stdin", path],
      {
        env: engine.environment,
        input: text,
      },
    );
  };
  const feed = (script: string) => {
    execFileSync("docker", ["exec", "--interactive", name, "sh", "-e", "-s"], {
      env: engine.environment,
      input: script,
      stdio: ["pipe", "ignore", "pipe"],
    });
  };
  const isUp = () => ["running", "degraded"].includes(tryShell("systemctl is-system-running").stdout.trim());
  await waitFor(isUp, { timeoutMs: 60_000, what: `systemd on ${name}` });

  const start: SystemdMachine["start"] = (runtime, script, args, { env = {}, user = "root" } = {}) => {
    const program = runtime === "bun" ? ["bun"] : ["deno", "run", "-A"];
    const command = [
      ...exec(user, { TZ: "UTC", LANG: "C.UTF-8", ...env }),
      ...program,
      `/opt/lastgood/${script}`,
      ...args,
    ];
    return follow(spawn("docker", command, { env: engine.environment, stdio: ["ignore", "pipe", "pipe"] }));
  };
  const pid = engine.docker("inspect", "--format", "{{.State.Pid}}", name);
  return {
    name,
    root: `/proc/${pid}/root`,
    shell,
    tryShell,
    write,
    units: (units) => {
      const files = Object.entries(units).map(
        ([unit, text]) => `cat >/run/systemd/system/${unit} <<'END_OF_UNIT'\n${text}\nEND_OF_UNIT\n`,
      );
      feed(`${files.join("")}systemctl daemon-reload\n`);
    },
    clear: () => feed(clearScript),
    start,
    run: (...args) => start(...args).exited,
  };
}

/** No process, unit, result, state, log or configuration of an earlier test is left. */
const clearScript = `
cd /run/systemd/system
for unit in *.service; do
  [ -e "$unit" ] && systemctl kill --signal=KILL "$unit" 2>/dev/null || true
done
[ -z "$(ls)" ] || systemctl stop --no-block $(ls) 2>/dev/null || true
rm -rf ./*.service ./*.timer /var/lib/lastgood /var/log/backup-run.log /etc/lastgood /run/t
systemctl daemon-reload
systemctl reset-failed
mkdir /run/t
`;

function follow(child: ChildProcess): RunningScript {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const exited = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, ...output }));
  });
  return { exited, stderr: () => output.stderr };
}

/** A oneshot service that runs a shell command; `more` is added to its section. */
export function oneshot(command: string, more = ""): string {
  return `[Service]\nType=oneshot\nExecStart=/bin/sh -c '${command}'\n${more}\n`;
}
