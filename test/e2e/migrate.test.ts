import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, projectDirectory, runtimes } from "#test/support/sandbox.ts";

const script = "scripts/migrate.ts";
const legacy = join(projectDirectory, "migrations-from-bash/app-backup/legacy/backup-run.sh");

describe.each(runtimes)("migrate on %s", (runtime) => {
  test("prints a configuration that backup-run accepts, and says of every variable what became of it", async () => {
    await using sandbox = await createSandbox();
    const ended = await sandbox.run(runtime, script, ["app-backup", legacy]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    const config = await sandbox.write("etc/backup.env", ended.stdout, 0o600);
    const checked = await sandbox.run(runtime, "scripts/backup-run.ts", ["--check-config", "-c", config]);
    expect(checked).toMatchObject({ exitCode: 0, stderr: "" });
    expect(checked.stdout).toMatch(/STORE_SYNOLOGY_URL +.*Server AskProAI/);
    expect(checked.stdout).toMatch(/APP_REQUIRED +.*'artisan'/);

    const names = readFileSync(legacy, "utf8").matchAll(/^([A-Z][A-Z0-9_]*)=/gm);
    for (const [, name] of names) expect(ended.stdout).toMatch(new RegExp(`^# ${name} `, "m"));
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
