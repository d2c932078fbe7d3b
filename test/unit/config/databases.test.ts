import { describe, expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load-config.ts";
import { formatCheckedConfig } from "#lib/config/print-config.ts";
import { createConfigDirectory, refusalOf } from "#test/unit/config/config-directory.ts";

const least = "BACKUP_DIR=/mnt/backup\n";

async function load(lines: string, mode = 0o600) {
  await using directory = await createConfigDirectory();
  const file = await directory.write("app.env", least + lines, mode);
  return await loadConfig(directory.request(file));
}

describe("DATABASES", () => {
  test("is a list of URLs, and enough of a source", async () => {
    const { settings } = await load('DATABASES="mysql:///shop\n# old\n\nsqlite:///srv/app.db"\n');
    expect(settings.DATABASES.map((target) => target.componentName)).toEqual([
      "database-shop",
      "database-app",
    ]);
    expect(settings.APP_DIR).toBeUndefined();
  });

  test("gives its passwords to whoever masks texts, and shows none", async () => {
    const loaded = await load("DATABASES=postgres://u:s3cr%23t-pw@h/d\n");
    expect(loaded.secrets.map((secret) => secret.reveal())).toEqual(["s3cr#t-pw"]);
    const shown = formatCheckedConfig(loaded);
    expect(shown).toMatch(/DATABASES +.*postgres/);
    expect(shown).not.toContain("s3cr");
  });

  test("is a secret of its file only when it holds a password", async () => {
    expect((await load("DATABASES=mysql://me@h/shop\n", 0o644)).settings.DATABASES).toHaveLength(1);
    expect(await refusalOf(load("DATABASES=mysql://me:pw@h/shop\n", 0o644))).toMatchObject({
      outcome: "denied",
    });
  });

  test.each([
    ['DATABASES="mysql:///shop\nmysql://u:topsecret@h/a/b"', "URL number 2"],
    ['DATABASES="mysql:///shop\npostgres:///shop"', '"database-shop" is taken'],
    ["SYSTEM_STATE_SKIP=a/b", "small letters"],
    ["APP_MIN_MB=5", "there is nothing to back up"],
  ])("is refused: %j", async (lines, word) => {
    const { problems } = await refusalOf(load(`${lines}\n`));
    expect(problems.join()).toContain(word);
    expect(problems.join()).not.toContain("topsecret");
  });
});
