/** The linter's house rules bite: each bad snippet is reported by its rule, and good code by none. */
import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const top = resolve(import.meta.dir, "../..");

/** Which rooms each room may import, as CONTRIBUTING.md says. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  tools: ["core"],
  config: ["core", "tools"],
  preflight: ["core", "tools"],
  archive: ["core", "tools"],
  stacks: ["core", "tools", "preflight"],
  units: ["core", "tools"],
  cron: ["core", "tools"],
  sources: ["core", "tools", "preflight", "stacks"],
  stores: ["core", "tools", "preflight"],
  notify: ["core", "tools"],
  backup: ["core", "config", "sources", "stores", "archive", "preflight", "stacks"],
  restore: ["core", "config", "sources", "stores", "archive", "preflight", "stacks"],
  predeploy: ["core", "config", "units", "preflight"],
  schedule: ["core", "config", "cron"],
  health: ["core", "config", "stores", "preflight", "stacks", "cron"],
  migrate: ["core"],
  report: ["core"],
  run: ["core", "config", "tools", "notify", "sources", "stores", "stacks"],
  scripts: ["run", "backup", "migrate", "restore", "predeploy", "schedule", "health", "report"],
};
const rooms = Object.keys(mayImport).filter((room) => room !== "scripts");

interface BadSnippet {
  readonly what: string;
  readonly file: string;
  /** A rule of Biome, or the message of one of ours. */
  readonly rule: string;
  readonly code: string;
}

let snippetCount = 0;

const ambientTime = "Take time and chance from Deps";
const processExit = "Do not call process.exit()";
const runtimeGlobals = "Do not use a runtime's own global";
const restricted = "lint/style/noRestrictedImports";

const badSnippets: readonly BadSnippet[] = [
  ...["lib/tools", "lib/core", "lib/run", "scripts"].flatMap((directory) => [
    snippet(
      "process.exit() with a code",
      directory,
      processExit,
      'import process from "node:process";\nprocess.exit(2);',
    ),
    snippet(
      "process.exit() without one",
      directory,
      processExit,
      'import process from "node:process";\nprocess.exit();',
    ),
    snippet("Bun's global", directory, runtimeGlobals, "export const version: string = Bun.version;"),
    snippet("a call of Bun's global", directory, runtimeGlobals, 'await Bun.write("file", "text");'),
    snippet("Deno's global", directory, runtimeGlobals, "export const id: number = Deno.pid;"),
    snippet("console", directory, "lint/suspicious/noConsole", 'console.log("text");'),
    snippet("a default export", directory, "lint/style/noDefaultExport", "export default 1;"),
    snippet("a floating promise", directory, "lint/nursery/noFloatingPromises", floatingPromise()),
    snippet("an enum", directory, "lint/style/noEnum", "export enum Color { Red }"),
    snippet("a barrel", directory, "lint/performance/noBarrelFile", 'export * from "#lib/core/thing.ts";'),
    snippet("a file of 201 lines", directory, "lint/style/noExcessiveLinesPerFile", linesOfCode(201)),
    snippet(
      "process without an import",
      directory,
      "lint/correctness/noProcessGlobal",
      "export const id = process.pid;",
    ),
    snippet(
      "an import without extension",
      directory,
      "lint/correctness/useImportExtensions",
      importWithoutExtension(),
    ),
  ]),
  ...rooms.map((room) =>
    snippet(
      "the environment",
      `lib/${room}`,
      "lint/style/noProcessEnv",
      'import process from "node:process";\nexport const home = process.env.HOME;',
    ),
  ),
  ...["core", "backup", "sources", "stores", "notify", "archive", "preflight"].flatMap((room) =>
    [
      "new Date()",
      "Date.now()",
      "performance.now()",
      "Math.random()",
      "randomUUID()",
      "setTimeout(() => undefined, 10)",
      "setInterval(() => undefined, 10)",
    ].map((call) =>
      snippet(
        `ambient time or chance: ${call}`,
        `lib/${room}`,
        ambientTime,
        `import { randomUUID } from "node:crypto";\nexport const value = [${call}, randomUUID];`,
      ),
    ),
  ),
  ...rooms
    .filter((room) => room !== "tools")
    .flatMap((room) =>
      ["node:child_process", "node:http", "node:https", "node:net", "zx", "zx/core"].map((module) =>
        snippet(`"${module}"`, `lib/${room}`, restricted, importOf(module)),
      ),
    ),
  ...["core", "backup", "migrate"].flatMap((room) =>
    ["node:fs", "node:fs/promises", "node:os", "node:process"].map((module) =>
      snippet(`"${module}"`, `lib/${room}`, restricted, importOf(module)),
    ),
  ),
  ...Object.entries(mayImport).flatMap(([room, allowed]) =>
    rooms
      .filter((other) => other !== room && !allowed.includes(other))
      .flatMap((other) => [
        snippet(
          `a room that ${room} may not know`,
          directoryOf(room),
          restricted,
          importOf(`#lib/${other}/thing.ts`),
        ),
        snippet(
          `a room that ${room} may not know`,
          directoryOf(room),
          restricted,
          importOf(relativePath(room, other)),
        ),
      ]),
  ),
];

const goodSnippets: readonly BadSnippet[] = [
  ...Object.entries(mayImport).flatMap(([room, allowed]) =>
    allowed.map((other) =>
      snippet(`the rooms that ${room} may know`, directoryOf(room), "", importOf(`#lib/${other}/thing.ts`)),
    ),
  ),
  ...rooms.map((room) => snippet("a file of 200 lines", `lib/${room}`, "", linesOfCode(200))),
  snippet("a program", "lib/tools", "", importOf("node:child_process")),
  snippet("an awaited promise", "lib/tools", "", floatingPromise("await ")),
  {
    what: "the environment at the door",
    file: "lib/run/process-binding.ts",
    rule: "",
    code: 'import process from "node:process";\nexport const home = process.env.HOME;',
  },
];

function snippet(what: string, directory: string, rule: string, code: string): BadSnippet {
  snippetCount += 1;
  return { what, file: `${directory}/snippet-${snippetCount}.ts`, rule, code };
}

function directoryOf(room: string): string {
  return room === "scripts" ? "scripts" : `lib/${room}`;
}

function relativePath(room: string, other: string): string {
  return room === "scripts" ? `../lib/${other}/thing.ts` : `../${other}/thing.ts`;
}

function importOf(module: string): string {
  return `import * as thing from "${module}";\nexport const name = Object.keys(thing)[0];`;
}

function importWithoutExtension(): string {
  return 'import { thing } from "./thing";\nexport const copy = thing;';
}

function floatingPromise(before = ""): string {
  return `async function act(): Promise<void> {\n  await Promise.resolve();\n}\n${before}act();`;
}

function linesOfCode(count: number): string {
  return Array.from({ length: count }, (_, line) => `export const line${line} = ${line};`).join("\n");
}

interface Diagnostic {
  readonly category: string;
  readonly message: string;
  readonly severity: string;
  readonly location: { readonly path: string };
}

let diagnostics: readonly Diagnostic[] = [];

beforeAll(() => {
  const project = mkdtempSync(join(tmpdir(), "lastgood-lint-"));
  try {
    for (const file of ["biome.json", "lint", "package.json", "tsconfig.json", ".gitignore"]) {
      cpSync(join(top, file), join(project, file), { recursive: true });
    }
    symlinkSync(join(top, "node_modules"), join(project, "node_modules"));
    const write = (file: string, code: string) => {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), `${code}\n`);
    };
    for (const room of Object.keys(mayImport))
      write(`${directoryOf(room)}/thing.ts`, "export const thing = 1;");
    for (const { file, code } of [...badSnippets, ...goodSnippets]) write(file, code);
    diagnostics = lint(project);
  } finally {
    rmSync(project, { recursive: true });
  }
});

function lint(project: string): readonly Diagnostic[] {
  const args = ["lint", "--reporter=json", "--max-diagnostics=none", "."];
  const { stdout } = spawnSync("node_modules/.bin/biome", args, {
    cwd: project,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(stdout).diagnostics;
}

function isReported({ file, rule }: BadSnippet): boolean {
  return diagnostics.some(
    ({ location, severity, category, message }) =>
      location.path === file && severity === "error" && `${category}: ${message}`.includes(rule),
  );
}

const byName = (snippets: readonly BadSnippet[]) => [...Map.groupBy(snippets, ({ what }) => what)];

describe("the linter reports", () => {
  test.each(byName(badSnippets))("%s", (_, snippets) => {
    expect(snippets.filter((bad) => !isReported(bad))).toEqual([]);
  });
});

describe("the linter accepts", () => {
  test.each(byName(goodSnippets))("%s", (_, snippets) => {
    const files = snippets.map(({ file }) => file);
    expect(diagnostics.filter(({ location }) => files.includes(location.path))).toEqual([]);
  });
});

test("every room of lib has a direction", () => {
  expect(readdirSync(join(top, "lib")).filter((room) => !rooms.includes(room))).toEqual([]);
});
