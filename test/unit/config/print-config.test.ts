import { describe, expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load-config.ts";
import { formatCheckedConfig, formatSettingsTables, printConfig } from "#lib/config/print-config.ts";
import { aliasNames, settingNames } from "#lib/config/schema.ts";
import { storeKeys } from "#lib/config/settings-store.ts";
import { createConfigDirectory, least } from "#test/unit/config/config-directory.ts";

describe("printConfig()", () => {
  test("names every setting and every legacy name once, with what it means", async () => {
    await using directory = await createConfigDirectory();
    const printed = printConfig(directory.request(undefined));
    for (const name of settingNames) {
      const lines = printed.split("\n");
      const at = lines.findIndex((line) => line.startsWith(`#${name}=`) || line.startsWith(`${name}=`));
      expect(at).toBeGreaterThan(0);
      expect(lines[at - 1]).toMatch(/^# \S.{8,}\.$/);
    }
    for (const alias of aliasNames.keys())
      expect(printed).toMatch(new RegExp(`Also accepted: .*\\b${alias}\\b`));
  });

  test.each([
    ["as it is", (text: string) => text],
    ["with every key made active", (text: string) => text.replace(/^#(?!STORE_)(?=[A-Z_]+=)/gm, "")],
  ])("prints a file that gives exactly the defaults, %s", async (_, change) => {
    await using directory = await createConfigDirectory();
    const request = directory.request("backup.env", { uid: 0 });
    await directory.write("backup.env", least);
    const { settings: defaults } = await loadConfig(request);
    const own = `APP_DIR=/srv/app\nBACKUP_DIR=/mnt/backup\n`;
    const printed = change(printConfig(request)).replace(/^#?(APP_DIR|BACKUP_DIR)=$/gm, "");
    await directory.write("backup.env", own + printed);
    expect((await loadConfig(request)).settings).toEqual(defaults);
  });

  test("prints a file that waits for the destination to be filled in", async () => {
    await using directory = await createConfigDirectory();
    expect(printConfig(directory.request(undefined))).toContain("\nBACKUP_DIR=\n");
  });
});

describe("formatCheckedConfig()", () => {
  test("shows each value that is used and where it came from, and no secret", async () => {
    await using directory = await createConfigDirectory();
    const text = `${least}RUN_TIMEOUT=90m\nSECONDARY_DIR=second\nNTFY_TOPIC=t\nNTFY_TOKEN=tk_very_secret\nAPP_EXCLUDES="a b\nc"\n`;
    const file = await directory.write("app.env", text);
    const request = directory.request(file, {
      env: { KEEP_LAST: "5", WEBHOOK_URL: "https://h.example.org/T0KEN" },
    });
    const checked = formatCheckedConfig(await loadConfig(request));
    const shown = (name: string) => checked.split("\n").find((line) => line.startsWith(`  ${name} `));
    expect(settingNames.filter((name) => shown(name) === undefined)).toEqual([]);
    expect(shown("RUN_TIMEOUT")).toEndWith(`= 90m  (${file}:3 RUN_TIMEOUT)`);
    expect(shown("SECONDARY_DIR")).toContain(`= "${directory.path}/second"  (`);
    expect(shown("APP_EXCLUDES")).toContain('["a b","c"]');
    expect(shown("KEEP_LAST")).toEndWith("= 5  (environment KEEP_LAST)");
    expect(shown("KEEP_DAILY")).toEndWith("= 7  (default)");
    expect(shown("NTFY_TOKEN")).toEndWith(`= "***"  (${file}:6 NTFY_TOKEN)`);
    expect(shown("SMTP_USER")).toContain("= (not set)");
    expect(checked).not.toContain("tk_very_secret");
    expect(checked).not.toContain("T0KEN");
  });
});

describe("formatSettingsTables()", () => {
  test("has one row of four columns for each setting, the same on every machine", () => {
    const rows = formatSettingsTables()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows).toHaveLength(settingNames.length + storeKeys.length);
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
    expect(rows.find((row) => row.startsWith("| `KEEP_DAILY`"))).toContain("| `7` |");
    expect(rows.find((row) => row.startsWith("| `KEEP_DAILY`"))).toContain("`RETENTION_DAILY`");
    expect(rows.find((row) => row.startsWith("| `SMTP_PASSWORD`"))).toContain("(secret)");
    expect(rows.find((row) => row.startsWith("| `TIME_ZONE`"))).toContain("the system's");
  });
});
