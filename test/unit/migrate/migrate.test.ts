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
