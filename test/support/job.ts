/** A job in a sandbox: a small application, a destination, a configuration with real channels. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "#test/support/sandbox.ts";

export interface TestJob {
  readonly config: string;
  readonly app: string;
  readonly backups: string;
  readonly journal: string;
  readonly lockFile: string;
  readonly logFile: string;
  /** Directories below the destination that bear a final name and hold a manifest. */
  readonly sets: () => string[];
  /** Hidden names in the destination: what a run left half done. */
  readonly partials: () => string[];
  readonly manifest: (set: string) => Record<string, unknown>;
}

/** Lay the job out; `settings` are added to its configuration, `undefined` takes a key out of it. */
export async function createJob(
  sandbox: Sandbox,
  settings: Readonly<Record<string, string | undefined>> = {},
  name = "app",
): Promise<TestJob> {
  const [app, backups, state] = [sandbox.path("srv", name), sandbox.path("backups"), sandbox.path("state")];
  await mkdir(backups, { recursive: true });
  await mkdir(state, { recursive: true });
  await sandbox.write(`srv/${name}/index.php`, "<?php echo 1;\n");
  await sandbox.write(`srv/${name}/storage/uploads/one.txt`, "one\n".repeat(1000));
  await sandbox.write(`srv/${name}/storage/logs/app.log`, "line\n");
  const lockFile = sandbox.path(`${name}.lock`);
  const logFile = sandbox.path("backup-run.log");
  const values: Record<string, string | undefined> = {
    JOB: name,
    HOST_NAME: "web1",
    APP_DIR: app,
    APP_MIN_MB: "0",
    BACKUP_DIR: backups,
    STATE_DIR: state,
    LOCK_FILE: lockFile,
    LOG_FILE: logFile,
    MIN_FREE_GB: "0",
    FS_TIMEOUT: "10s",
    NOTIFY_TIMEOUT: "10s",
    ...settings,
  };
  const text = Object.entries(values)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}="${value}"\n`]))
    .join("");
  const config = await sandbox.write(`etc/${name}.env`, text, 0o600);
  return {
    config,
    app,
    backups,
    journal: join(state, name, "journal.json"),
    lockFile,
    logFile,
    sets: () => findSets(backups),
    partials: () => readdirSync(backups).filter((entry) => entry.startsWith(".")),
    manifest: (set) => JSON.parse(readFileSync(join(set, "manifest.json"), "utf8")),
  };
}

/** Settings of the channels on test servers. */
export function channelSettings(servers: {
  readonly smtpPort: number;
  readonly ntfyUrl: string;
  readonly topic: string;
}): Record<string, string> {
  return {
    NOTIFY_ON: "always",
    EMAIL_TO: "admin@example.org",
    EMAIL_FROM: "lastgood@web1.example.org",
    SMTP_HOST: "127.0.0.1",
    SMTP_PORT: String(servers.smtpPort),
    SMTP_SECURITY: "none",
    NTFY_URL: servers.ntfyUrl,
    NTFY_TOPIC: servers.topic,
  };
}

function findSets(directory: string): string[] {
  if (existsSync(join(directory, "manifest.json"))) return [directory];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .flatMap((entry) => findSets(join(directory, entry.name)))
    .sort((a, b) => a.localeCompare(b));
}
