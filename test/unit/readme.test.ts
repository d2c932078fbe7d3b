import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { aliasNames, isSettingName } from "#lib/config/schema.ts";
import { outcomeFacts } from "#lib/core/outcome.ts";
import { projectDirectory } from "#test/support/sandbox.ts";
import { generatedParts, renderPart } from "../../docs/write-readme.ts";

const chapters = readdirSync(join(projectDirectory, "docs")).filter((name) => name.endsWith(".md"));
const documents = ["README.md", ...chapters.map((name) => `docs/${name}`)];
const textOf = (file: string) => readFileSync(join(projectDirectory, file), "utf8");
const linksOf = (file: string) =>
  [...textOf(file).matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? "");

test.each(Object.keys(generatedParts))(
  "the generated part of %s is that of the code (`npm run docs` writes it)",
  (file) => {
    expect(renderPart(file, textOf(file))).toBe(textOf(file));
  },
);

test("README shows every exit code", () => {
  for (const { exitCode } of Object.values(outcomeFacts))
    expect(textOf("README.md")).toContain(`| ${exitCode === 128 ? "128+n" : exitCode} |`);
});

test.each(documents)("every file that %s names is there", (file) => {
  for (const name of linksOf(file))
    expect(() => statSync(join(projectDirectory, dirname(file), name))).not.toThrow();
});

test.each(documents)("every heading that %s links to is there", (file) => {
  const linked = [...textOf(file).matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)];
  for (const [link, target = "", anchor] of linked) {
    const text = target === "" ? textOf(file) : textOf(join(dirname(file), target));
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
    const anchors = headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 _-]/g, "")
        .replaceAll(" ", "-"),
    );
    expect({ link, anchors }).toEqual({ link, anchors: expect.arrayContaining([anchor]) });
  }
});

test("README names every chapter in docs", () => {
  const named = new Set(linksOf("README.md"));
  expect(chapters.filter((name) => !named.has(`docs/${name}`))).toEqual([]);
});

test.each(documents)("every setting that %s gives a value to or names alone in code is one", (file) => {
  // What belongs to a program of others, or stands for a name.
  const placeholders = ["KEY", "KEY_FILE", "KEY_COMMAND"];
  const foreign = new Set([...placeholders, "SHA256SUMS", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]);
  const named = [...textOf(file).matchAll(/(?:^|`)([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?==|`)/gm)].map(
    (match) => match[1] ?? "",
  );
  const unknown = named.filter((name) => {
    const plain = name.replace(/(?<!STORE_.*)_(FILE|COMMAND)$/, "");
    if (foreign.has(name)) return false;
    // Stores have names of their own; the table has one row for all of them.
    if (name.startsWith("STORE_"))
      return !textOf("docs/settings.md").includes(`\`${plain.replace(/^STORE_[A-Z0-9]+_/, "STORE_NAME_")}\``);
    return ![name, plain].some((key) => isSettingName(key) || aliasNames.has(key));
  });
  expect(unknown).toEqual([]);
});

test.each(documents)(
  "every flag that %s gives to a script of ours is in its --help",
  (file) => {
    const commands = [...textOf(file).matchAll(/bun scripts\/([a-z-]+)\.ts([^#`\n|&]*)/g)];
    for (const [command, script = "", words = ""] of commands) {
      const help = helpOf(script);
      const flags = words
        .split(/\s+/)
        .filter((word) => word.startsWith("-"))
        .map((word) => word.split("=")[0] ?? "");
      const unknown = flags.filter((flag) => !new RegExp(`(^|[ ,])${flag}([ ,]|$)`, "m").test(help));
      expect({ command, unknown }).toEqual({ command, unknown: [] });
    }
  },
  60_000,
);

test.each(readdirSync(join(projectDirectory, "scripts")).map((name) => name.replace(".ts", "")))(
  "--help of %s has one shape, fits a terminal, and gives examples of its own flags",
  (script) => {
    const help = helpOf(script);
    expect(help.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(help).toMatch(/^.+\n\nUsage: .+\n\nExamples:\n.+\n\nOptions:\n.+\n\nExit codes:\n.+\n$/s);
    const examples = [...help.matchAll(/^ {2}bun (\S+)(.*)$/gm)];
    const options = help.slice(help.indexOf("\nOptions:\n"));
    for (const [example, path, args = ""] of examples) {
      expect({ example, path }).toEqual({ example, path: `scripts/${script}.ts` });
      for (const [, flag] of args.matchAll(/ (--[a-z-]+)/g)) expect(options).toContain(` ${flag}`);
    }
    expect(statSync(join(projectDirectory, `scripts/${script}.ts`)).mode & 0o111).toBe(0o111);
  },
  20_000,
);

/** One start of each script, however many lines name it. */
const helps = new Map<string, string>();

test("--help of health-check shows the exit codes of a monitor's plugin", () => {
  expect(helpOf("health-check")).toMatch(/^ {2}1 +warning:.*\n {2}2 +critical:/m);
});

function helpOf(script: string): string {
  const known = helps.get(script);
  if (known !== undefined) return known;
  const program = [process.execPath, join(projectDirectory, "scripts", `${script}.ts`), "--help"];
  const { stdout, exitCode } = Bun.spawnSync(program);
  expect({ script, exitCode }).toEqual({ script, exitCode: 0 });
  helps.set(script, stdout.toString());
  return stdout.toString();
}
