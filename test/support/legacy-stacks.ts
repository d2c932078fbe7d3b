/**
 * Compose stacks on a real engine, the legacy scripts that back them up, and ours with the configuration that the importer
 * makes of theirs; in a sandbox of their own.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerEngine, image } from "#test/support/docker-engine.ts";
import { startHttpServer } from "#test/support/http-server.ts";
import { type Ended, projectDirectory, type Running, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const legacyDirectory = join(projectDirectory, "migrations-from-bash/docker-stacks/legacy");

export interface LegacyEnded {
  readonly exitCode: number | null;
  /** Of stdout and stderr together. */
  readonly output: string;
  /** What stands in the log file by then. */
  readonly log: string;
}

/** What ours are run with, beside what the importer says. */
interface Ours {
  readonly backups: string;
  /** Write its configuration; gives the path. */
  readonly configure: (settings?: Readonly<Record<string, string>>) => Promise<string>;
  readonly run: (settings?: Readonly<Record<string, string>>) => Promise<Ended>;
  /** Back up one stack by hand. */
  readonly runByHand: (stack: string) => Promise<Ended>;
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<Running>;
  /** Sets under a final name. */
  readonly sets: () => string[];
  /** Titles and texts of what was sent by ntfy, oldest first. */
  readonly messages: () => string[];
}

export interface LegacyStacks extends AsyncDisposable {
  readonly ours: Ours;
  readonly backups: string;
  readonly appdata: string;
  readonly lockFile: string;
  readonly logFile: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Directory of a stack. */
  readonly stack: (name: string) => string;
  /** Make a stack with appdata and start it; services by name, with further lines of their definition. */
  readonly addStack: (
    name: string,
    services?: Readonly<Record<string, readonly string[]>>,
    more?: readonly string[],
  ) => Promise<void>;
  /** `docker compose` in the directory of a stack. */
  readonly compose: (stack: string, ...args: readonly string[]) => string;
  readonly running: (stack: string) => ReadonlySet<string>;
  readonly run: (script: string, args?: readonly string[], input?: string) => LegacyEnded;
  /** Environment of a run that is to wait in a program of `intercept`; `reached` when it does, until `release`. */
  readonly held: {
    readonly environment: () => Readonly<Record<string, string>>;
    readonly reached: () => Promise<unknown>;
    readonly release: () => void;
  };
  /** Start a script that is held. */
  readonly startHeld: (
    script: string,
  ) => Promise<{ readonly pid: number; readonly release: () => Promise<LegacyEnded> }>;
  /** Put a fake before a program: `before` is a piece of shell, HOLD the place where a held run waits. */
  readonly intercept: (program: string, before: string) => Promise<void>;
  /** What was sent by ntfy, oldest first. */
  readonly messages: () => string[];
  /** Relative to `backups`. */
  readonly archives: () => string[];
  /** Of a legacy archive. */
  readonly membersOf: (archive: string) => ReadonlySet<string>;
  /** Of a stack's component in a set of ours: absolute, the sandbox being the root. */
  readonly savedOf: (set: string | undefined, stack: string) => ReadonlySet<string>;
  /** Our restore, with these arguments. */
  readonly restore: (...args: readonly string[]) => Promise<Ended>;
}

/** `config` are lines for config.sh. */
export async function createLegacyStacks(
  engine: DockerEngine,
  sandbox: Sandbox,
  config: readonly string[] = [],
): Promise<LegacyStacks> {
  const names = ["stacks/web1", "appdata", "backups", "messages"];
  const [stacks = "", appdata = "", backups = "", messages = ""] = names.map((name) => sandbox.path(name));
  for (const path of [stacks, appdata, backups, messages]) mkdirSync(path, { recursive: true });
  const [lockFile, logFile, hold] = [
    sandbox.path("run/docker-stack-backup.lock"),
    sandbox.path("log"),
    sandbox.path("hold"),
  ];
  mkdirSync(sandbox.path("run"));
  for (const name of readdirSync(legacyDirectory)) {
    const text = readFileSync(join(legacyDirectory, name), "utf8");
    await sandbox.write(join("legacy", name), text.replaceAll("/var/run/", `${sandbox.path("run")}/`));
  }
  const ntfy = await startHttpServer((_request, response) => response.end('{"id":"x","event":"message"}'));
  const configFile = await sandbox.write(
    "legacy/config.sh",
    [
      `DOCKHAND_BASE=${sandbox.path("stacks")}`,
      `APPDATA_PATH=${appdata}`,
      `BACKUP_DEST=${backups}`,
      `LOG_FILE=${logFile}`,
      "RESTART_RETRY_DELAY=0",
      "NTFY_ENABLED=true",
      `NTFY_URL=${ntfy.url}`,
      ...config,
    ].join("\n"),
  );
  await sandbox.fake("hostname", "#!/bin/sh\necho web1\n");
  await sandbox.fake("systemctl", "#!/bin/sh\nexit 0\n");
  await sandbox.fake("sleep", "#!/bin/sh\nexit 0\n");
  await sandbox.fake(
    "curl",
    `#!/bin/sh\nprintf '%s\\n' "$@" >"$(mktemp ${messages}/$(/bin/date +%s%N)-XXXX)"\n`,
  );
  const { DOCKER_HOST = "", DOCKER_CONFIG = "" } = engine.environment;
  const environment = { ...sandbox.environment, DOCKER_HOST, DOCKER_CONFIG, BACKUP_BASE: backups };
  const readLog = () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  const held: LegacyStacks["held"] = {
    environment: () => {
      rmSync(`${hold}.reached`, { force: true });
      writeFileSync(hold, "");
      return { HOLD: hold };
    },
    reached: () =>
      waitFor(() => existsSync(`${hold}.reached`), { what: "the run to hold", timeoutMs: 30_000 }),
    release: () => rmSync(hold, { force: true }),
  };
  const script = (name: string) => sandbox.path("legacy", name);
  const stack = (name: string) => join(stacks, name);
  const compose: LegacyStacks["compose"] = (name, ...args) =>
    execFileSync("docker", ["compose", ...args], {
      cwd: stack(name),
      env: { ...environment, PATH: process.env["PATH"] ?? "" },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });

  const ourBackups = sandbox.path("ours");
  mkdirSync(ourBackups);
  let imported: Promise<Ended> | undefined;
  /** What the importer prints, but for the places that are the sandbox's. */
  const migrate = async (settings: Readonly<Record<string, string>>) => {
    imported ??= sandbox.run("bun", "scripts/migrate.ts", ["docker-stacks", configFile]);
    const migrated = await imported;
    if (migrated.exitCode !== 0) throw new Error(migrated.stderr);
    const own = {
      HOST_NAME: "web1",
      BACKUP_DIR: ourBackups,
      LOCK_FILE: lockFile,
      LOG_FILE: sandbox.path("our.log"),
      STATE_DIR: sandbox.path("state"),
      RUNTIME_DIR: sandbox.path("runtime"),
      MIN_FREE_GB: "0",
      ...settings,
    };
    const kept = migrated.stdout.split("\n").filter((line) => !((line.split("=")[0] ?? "") in own));
    const added = Object.entries(own).map(([name, value]) => `${name}='${value}'`);
    return sandbox.write("etc/stacks.env", [...added, ...kept].join("\n"), 0o600);
  };
  const env = { DOCKER_HOST, DOCKER_CONFIG };
  const ours: Ours = {
    backups: ourBackups,
    configure: (settings = {}) => migrate(settings),
    run: async (settings = {}) =>
      sandbox.run("bun", "scripts/backup-run.ts", ["--config", await migrate(settings)], { env }),
    runByHand: async (name) => {
      const args = ["--config", await migrate({}), "--stack", name, "--yes"];
      return sandbox.run("bun", "scripts/manual-backup.ts", args, { env });
    },
    start: async (more = {}) =>
      sandbox.start("bun", "scripts/backup-run.ts", ["--config", await migrate({})], {
        env: { ...env, ...more },
      }),
    sets: () => findSets(ourBackups),
    messages: () =>
      ntfy.requests.map(({ body }) => {
        const { title, message } = JSON.parse(body);
        return `${title}\n${message}`;
      }),
  };

  return {
    ours,
    [Symbol.asyncDispose]: ntfy.close,
    backups,
    appdata,
    lockFile,
    logFile,
    environment,
    stack,
    addStack: async (name, services = { [name]: [] }, more = []) => {
      await sandbox.write(`appdata/${name}/data.txt`, `data of ${name}\n`);
      await sandbox.write(`stacks/web1/${name}/.env`, "PORT=1\n");
      const text = composeText(services, `${appdata}/${name}:/data`, more);
      await sandbox.write(`stacks/web1/${name}/compose.yaml`, text);
      compose(name, "up", "--detach");
    },
    compose,
    running: (name) =>
      new Set(compose(name, "ps", "--services", "--filter", "status=running").split("\n").filter(Boolean)),
    run: (name, args = [], input = "") => {
      const { status, stdout, stderr } = spawnSync("bash", [script(name), ...args], {
        env: environment,
        input,
        encoding: "utf8",
        timeout: 60_000,
      });
      return { exitCode: status, output: `${stdout}${stderr}`, log: readLog() };
    },
    held,
    startHeld: async (name) => {
      const child = spawn("bash", [script(name)], {
        env: { ...environment, ...held.environment() },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      }
      const exited = new Promise<LegacyEnded>((resolve) =>
        child.on("close", (exitCode) => resolve({ exitCode, output, log: readLog() })),
      );
      await held.reached();
      const release = () => {
        held.release();
        return exited;
      };
      return { pid: child.pid ?? 0, release };
    },
    intercept: async (program, before) => {
      const real = Bun.which(program) ?? program;
      const text = before.replaceAll(
        "HOLD",
        `if [ -n "$HOLD" ]; then touch "$HOLD.reached"; while [ -e "$HOLD" ]; do /bin/sleep 0.02; done; fi`,
      );
      await sandbox.fake(program, `#!/bin/sh\nreal=${real}\n${text}\nexec "$real" "$@"\n`);
    },
    messages: () =>
      readdirSync(messages)
        .sort((a, b) => a.localeCompare(b))
        .map((name) => readFileSync(join(messages, name), "utf8")),
    archives: () =>
      readdirSync(backups, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".tar")),
    membersOf: (archive) => new Set(listTar(join(backups, archive))),
    savedOf: (set = "", name) =>
      new Set(
        listTar(join(set, `stack-${name}.tar.zst`)).map((member) =>
          `/${member}`.replace(sandbox.directory, ""),
        ),
      ),
    restore: (...args) => sandbox.run("bun", "scripts/restore.ts", args),
  };
}

function listTar(path: string): string[] {
  return execFileSync("tar", ["-tf", path], { encoding: "utf8" }).trim().split("\n");
}

function findSets(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("/manifest.json") && !/(^|\/)\./.test(name))
    .map((name) => join(directory, name, ".."));
}

/** Containers that end at once when they are stopped, and need no network of this machine. */
function composeText(
  services: Readonly<Record<string, readonly string[]>>,
  volume: string,
  more: readonly string[],
): string {
  const lines = Object.entries(services).flatMap(([service, own]) => [
    `  ${service}:`,
    `    image: ${image}`,
    '    command: ["sleep", "3600"]',
    "    network_mode: none",
    "    stop_signal: SIGKILL",
    ...own.map((line) => `    ${line}`),
    ...(own.some((line) => line === "volumes:") ? [] : ["    volumes:"]),
    `      - ${volume}`,
  ]);
  return ["services:", ...lines, ...more, ""].join("\n");
}
