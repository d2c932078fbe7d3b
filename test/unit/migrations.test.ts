/** The maps in `migrations-from-bash` against the legacy scripts and against our code. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDirectory } from "#test/support/sandbox.ts";

const directory = join(projectDirectory, "migrations-from-bash");
const systems = readdirSync(directory).filter((name) => existsSync(join(directory, name, "MAP.md")));

interface Row {
  readonly from: number;
  readonly to: number;
  readonly now: string;
}

/** The map of each script: a heading names it, the table below the heading is its. */
function readMaps(map: string): (readonly [script: string, rows: Row[]])[] {
  return map
    .split(/^(?=#)/m)
    .flatMap((section) =>
      [...(section.split("\n")[0] ?? "").matchAll(/`(legacy\/[^`]+)`/g)].map(
        ([, script = ""]) => [script, readRows(section)] as const,
      ),
    );
}

function readRows(map: string): Row[] {
  return [...map.matchAll(/^\| (\d+)(?:-(\d+))? \| .* \| (.*) \|$/gm)].map((match) => ({
    from: Number(match[1]),
    to: Number(match[2] ?? match[1]),
    now: match[3] ?? "",
  }));
}

test("There is a map for every system that is replaced so far", () => {
  expect(systems).toEqual(expect.arrayContaining(["app-backup", "docker-stacks", "predeploy"]));
});

describe.each(systems)("MAP.md of %s", (system) => {
  const maps = readMaps(readFileSync(join(directory, system, "MAP.md"), "utf8"));

  test("has a table for every legacy script", () => {
    const scripts = readdirSync(join(directory, system, "legacy")).map((name) => `legacy/${name}`);
    expect(new Set(maps.map(([script]) => script))).toEqual(new Set(scripts));
  });

  test.each(maps)("has a row for every line of %s that is not empty, and no line twice", (script, rows) => {
    const lines = readFileSync(join(directory, system, script), "utf8").split("\n");
    const covered = rows.flatMap(({ from, to }) =>
      Array.from({ length: to - from + 1 }, (_, at) => from + at),
    );
    expect(covered).toEqual([...new Set(covered)]);
    const missing = lines.flatMap((line, index) =>
      line.trim() === "" || covered.includes(index + 1) ? [] : [`${index + 1}: ${line}`],
    );
    expect(missing).toEqual([]);
    expect(Math.max(...covered)).toBeLessThanOrEqual(lines.length);
  });

  test("names only functions that exist, and says of every other row why nothing is left", () => {
    for (const { from, now } of maps.flatMap(([, rows]) => rows)) {
      const named = [...now.matchAll(/`(lib\/[^`#]+)#([^`]+)`/g)];
      if (named.length === 0) expect([from, now]).toEqual([from, expect.stringMatching(/^(gone:|README)/)]);
      for (const [, file = "", name = ""] of named) {
        const text = existsSync(join(projectDirectory, file))
          ? readFileSync(join(projectDirectory, file), "utf8")
          : "";
        expect({
          file,
          name,
          isExported: new RegExp(`^export (?:async )?(?:function|const) ${name}\\b`, "m").test(text),
        }).toEqual({
          file,
          name,
          isExported: true,
        });
      }
    }
  });
});
