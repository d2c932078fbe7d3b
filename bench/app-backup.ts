#!/usr/bin/env bun
/**
 * The legacy application backup against ours, end to end: application, database, system state, upload to a NAS by ssh with
 * its SHA-256 compared, on a real MariaDB and a real sshd. Prints Markdown, and the table of the legacy documents for our run.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startMariadbServer } from "#test/support/mariadb-server.ts";
import { createSandbox, projectDirectory } from "#test/support/sandbox.ts";
import { startSshServer } from "#test/support/ssh-server.ts";
import { makeData } from "./make-data.ts";
import { measure } from "./measure.ts";

const { values } = parseArgs({
  options: {
    directory: { type: "string", default: "/var/tmp/lastgood-bench" },
    runs: { type: "string", default: "3" },
  },
});

const required = [".env", "artisan", "composer.json", "composer.lock", "vendor", "node_modules"];
const excludes = [
  "storage/framework/cache",
  "storage/framework/sessions",
  "storage/framework/views",
  "storage/logs/*.log",
  ".git",
];

const data = join(values.directory, "data-1gb");
if (!existsSync(`${data}.complete`)) {
  makeData(data, 1);
  writeFileSync(`${data}.complete`, "");
}

await using sandbox = await createSandbox();
await using database = await startMariadbServer({ hasBinaryLog: true });
await using nas = await startSshServer();
database.sql("mysql", "CREATE DATABASE shop");
database.sql(
  "shop",
  "CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b CHAR(64))",
  "INSERT INTO t SELECT seq, REPEAT(CONCAT('order ', seq, ' '), 5), SHA2(seq, 256) FROM seq_1_to_500000",
);
const work = join(values.directory, "app-backup");
const optionFile = await sandbox.write("my.cnf", `[client]\nuser=root\nsocket=${database.socket}\n`, 0o600);
const hosts = await sandbox.write("known_hosts", readFileSync(nas.knownHostsFile, "utf8"));
await sandbox.fake("ssh", `#!/bin/sh\nexec /usr/bin/ssh -F none -o UserKnownHostsFile=${hosts} "$@"\n`);
for (const name of ["systemctl", "hostnamectl", "msmtp", "curl"])
  await sandbox.fake(name, "#!/bin/sh\nexit 0\n");
for (const name of required)
  if (!existsSync(join(data, name))) mkdirSync(join(data, name), { recursive: true });

const seconds: Record<"legacy" | "ours", number[]> = { legacy: [], ours: [] };
for (let run = 1; run <= Number(values.runs); run += 1) {
  for (const name of ["legacy", "ours"] as const) {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(join(work, "nas"), { recursive: true });
    mkdirSync(join(work, "local"));
    execFileSync("sync");
    const result = await measure(name === "legacy" ? legacyCommand() : await ourCommand());
    seconds[name].push(result.seconds);
    console.error(`round ${run}: ${name} ${result.seconds.toFixed(1)} s`);
  }
}
printTable();
console.log(
  `\n| | median s |\n|---|---|\n| legacy | ${median(seconds.legacy).toFixed(1)} |\n| ours | ${median(seconds.ours).toFixed(1)} |`,
);
console.log(`\nlegacy ÷ ours: ${(median(seconds.legacy) / median(seconds.ours)).toFixed(1)}`);
rmSync(work, { recursive: true, force: true });
for (const name of readdirSync("/tmp"))
  if (/^system-state-\w{6}\.tar\.gz\.sha256$/.test(name)) rmSync(join("/tmp", name));

function legacyCommand(): readonly string[] {
  const env = {
    ...sandbox.environment,
    APP_DIR: data,
    BACKUP_BASE: join(work, "local"),
    LOG_FILE: join(work, "log"),
    LOCK_FILE: join(work, "lock"),
    DB_NAME: "shop",
    DB_OPTION_FILE: optionFile,
    SYNOLOGY_HOST: "127.0.0.1",
    SYNOLOGY_PORT: String(nas.port),
    SYNOLOGY_USER: "root",
    SYNOLOGY_SSH_KEY: nas.keyFile,
    SYNOLOGY_BASE_PATH: join(work, "nas"),
    MIN_FREE_PERCENT: "1",
    APP_MIN_MB: "0",
  };
  const script = join(projectDirectory, "migrations-from-bash/app-backup/legacy/backup-run.sh");
  return ["env", "-i", ...Object.entries(env).map(([key, value]) => `${key}=${value}`), "bash", script];
}

async function ourCommand(): Promise<readonly string[]> {
  const settings = {
    APP_DIR: data,
    APP_EXCLUDES: excludes.join("\n"),
    APP_REQUIRED: required.join("\n"),
    DATABASES: `mysql://root@/shop?socket=${database.socket}`,
    SYSTEM_STATE: "true",
    SYSTEM_STATE_SKIP: "firewall",
    BACKUP_DIR: join(work, "local"),
    STATE_DIR: join(work, "state"),
    RUNTIME_DIR: join(work, "run"),
    LOG_FILE: join(work, "log"),
    LOCK_FILE: join(work, "lock"),
    STORE_NAS_URL: `ssh://root@127.0.0.1:${nas.port}${join(work, "nas")}`,
    STORE_NAS_KEY_FILE: nas.keyFile,
  };
  const text = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  const file = await sandbox.write("etc/bench.env", text.join(""), 0o600);
  const environment = Object.entries(sandbox.environment).map(([key, value]) => `${key}=${value}`);
  return [
    "env",
    "-i",
    ...environment,
    process.execPath,
    join(projectDirectory, "scripts/backup-run.ts"),
    "-c",
    file,
    "-q",
  ];
}

/** Start, sizes, path of the upload, check sum, duration: what the legacy documents show of a good run. */
function printTable(): void {
  const found = readdirSync(join(work, "nas"), { recursive: true, encoding: "utf8" }).find((name) =>
    name.endsWith("manifest.json"),
  );
  if (found === undefined) throw new Error("Our last run uploaded nothing");
  const manifest = JSON.parse(readFileSync(join(work, "nas", found), "utf8"));
  console.log("| | |\n|---|---|");
  console.log(`| Start | ${manifest.startedAt} |`);
  for (const { name, bytesOut, sha256 } of manifest.components)
    console.log(`| ${name} | ${(bytesOut / 1024 ** 2).toFixed(1)} MiB, SHA256 ${sha256.slice(0, 16)}… |`);
  console.log(`| Upload | ${found.replace("/manifest.json", "")} |`);
  console.log(`| Duration | ${(seconds.ours.at(-1) ?? 0).toFixed(1)} s |`);
}

/** Of an even count the mean of the two in the middle. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return (at(Math.floor((sorted.length - 1) / 2)) + at(Math.floor(sorted.length / 2))) / 2;
}
