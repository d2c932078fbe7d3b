import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { importers } from "#lib/migrate/registry.ts";
import { createSandbox, projectDirectory, runtimes } from "#test/support/sandbox.ts";

const script = "scripts/migrate.ts";
const legacy = join(projectDirectory, "migrations-from-bash/app-backup/legacy/backup-run.sh");

const fullConfig = `
DOCKHAND_BASE="/opt/dockhand/stacks"
APPDATA_PATH=/mnt/datastor/appdata
BACKUP_DEST=/mnt/backup/docker-backups
COMPRESSION_METHOD=zstd; COMPRESSION_LEVEL=6
EXCLUDE_PATTERNS=(
  "*.log"      # everywhere
  'two words'
)
POST_RESTART_HOOKS=(/usr/local/bin/hook)
NTFY_ENABLED=true; NTFY_TOKEN="tk_a secret"
PUSHOVER_ENABLED=true
PUSHOVER_USER_KEY="a secret user" PUSHOVER_API_TOKEN="a secret token"
EMAIL_ENABLED=true
EMAIL_TO="admin@example.org"
EMAIL_METHOD=smtp
SMTP_USER=me@example.org
SMTP_PASSWORD="a secret 'with' quotes # and more"
MATRIX_ENABLED=true
MATRIX_HOMESERVER=https://matrix.example.org
MATRIX_ACCESS_TOKEN="a secret"
MATRIX_ROOM_ID="!abc:example.org"
`;

describe.each(runtimes)("migrate on %s", (runtime) => {
  test("prints a configuration that backup-run accepts, and says of every variable what became of it", async () => {
    await using sandbox = await createSandbox();
    const ended = await sandbox.run(runtime, script, ["app-backup", legacy]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const config = await sandbox.write("etc/backup.env", ended.stdout, 0o600);
    const checked = await sandbox.run(runtime, "scripts/backup-run.ts", ["--check-config", "-c", config]);
    expect(checked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(checked.stdout).toMatch(/STORE_SYNOLOGY_URL +.*Server AskProAI/);
    expect(checked.stdout).toMatch(/APP_REQUIRED +.*"artisan"/);

    const names = readFileSync(legacy, "utf8").matchAll(/^([A-Z][A-Z0-9_]*)=/gm);
    for (const [, name] of names) expect(ended.stdout).toMatch(new RegExp(`^# ${name} `, "m"));
  });

  test("makes of config.sh of the stack backup, with every channel on, what backup-run accepts", async () => {
    await using sandbox = await createSandbox();
    const path = await sandbox.write("config.sh", fullConfig);
    const ended = await sandbox.run(runtime, script, ["docker-stacks", path]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const config = await sandbox.write("etc/stacks.env", ended.stdout, 0o600);
    const checked = await sandbox.run(runtime, "scripts/backup-run.ts", ["--check-config", "-c", config]);
    expect(checked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(checked.stdout).toMatch(/STACK_EXCLUDES +.*"two words"/);
    expect(checked.stdout).toMatch(/SMTP_PASSWORD += "\*\*\*"/);
    expect(checked.stdout).not.toContain("a secret");
  });

  test("reads the script as data: nothing in it is run", async () => {
    await using sandbox = await createSandbox();
    const marker = sandbox.path("was-run");
    const path = await sandbox.write("x.sh", `APP_DIR=/srv/app\nBACKUP_BASE=$(touch '${marker}')\n`);
    const ended = await sandbox.run(runtime, script, ["app-backup", path, "--json"]);
    expect(ended.exitCode).toBe(0);
    const { settings, todo } = JSON.parse(ended.stdout);
    expect(settings).toContainEqual(expect.objectContaining({ legacy: "BACKUP_BASE", fate: "dropped" }));
    expect(todo.join("\n")).toContain("set BACKUP_DIR by hand");
    expect(existsSync(marker)).toBe(false);
  });

  test("names every importer in --help, where its hint sends to", async () => {
    await using sandbox = await createSandbox();
    const { stdout } = await sandbox.run(runtime, script, ["--help"]);
    for (const { name } of importers) expect(stdout).toContain(name);
  });

  test.each([
    [[], "IMPORTER is missing", 64],
    [["app-bakup", legacy], "Did you mean app-backup?", 64],
    [["app-backup", "/nonexistent.sh"], 'Cannot read "/nonexistent.sh"', 78],
    [["app-backup", "/etc/hostname"], "it is no app-backup", 78],
    [["app-backup", legacy, "--jsn"], "did you mean --json?", 64],
    [["app-backup", legacy, "more"], 'Unexpected argument "more"', 64],
  ])("refuses %j", async (args, words, exitCode) => {
    await using sandbox = await createSandbox();
    const ended = await sandbox.run(runtime, script, args);
    expect(ended).toMatchObject({ exitCode, stdout: "" });
    expect(ended.stderr).toContain(words);
  });
});
