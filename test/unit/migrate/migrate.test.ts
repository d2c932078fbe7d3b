import { expect, test } from "bun:test";
import { parseConfig } from "#lib/config/parse-config.ts";
import { migrate } from "#lib/migrate/migrate.ts";

/** What is printed for a config.sh. */
const print = async (config: string) =>
  (await migrate({ operands: ["docker-stacks", "config.sh"], readText: async () => config })).text;

test.each([
  "plain",
  "two words",
  "it's",
  'a "b" c',
  "`x`",
  "back\\nslash",
  "a#b $c",
  `it's "so"`,
  "it's `x`",
  " ",
  "ü",
])("migrate() prints the value %j so that it is read back as it is", async (value) => {
  const quoted = `'${value.replaceAll("'", `'"'"'`)}'`;
  const text = await print(`BACKUP_DEST=/mnt/b\nAPPDATA_PATH=${quoted}\n`);
  const { values, problems } = parseConfig("stacks.env", text);
  expect(problems).toEqual([]);
  expect(values.get("APPDATA_DIR")?.text).toBe(value);
});

test("migrate() refuses a value that no quotes of a configuration can hold", async () => {
  const config = `BACKUP_DEST=/mnt/b\nAPPDATA_PATH="it's \\"so\\" \\\`x\\\`"\n`;
  expect(print(config)).rejects.toThrow("Cannot write the value of APPDATA_DIR");
});

test("migrate() refuses what is far too long for a script before it reads it", async () => {
  await expect(print(`BACKUP_DEST=/b\n${"# \n".repeat(100_000)}`)).rejects.toThrow("for a script");
});

test("migrate() writes no line that is no comment but its settings, whatever the file is called", async () => {
  const operands = ["docker-stacks", "x\nBACKUP_DIR=/other"];
  const { text } = await migrate({ operands, readText: async () => "BACKUP_DEST=/b\n" });
  expect(text).toStartWith("# Made from x BACKUP_DIR=/other.");
  expect(parseConfig("made.env", text).values.get("BACKUP_DIR")?.text).toBe("/b");
});
