import { expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { outcomeFacts } from "#lib/core/outcome.ts";
import { projectDirectory } from "#test/support/sandbox.ts";
import { renderReadme } from "../../docs/write-readme.ts";

const text = readFileSync(join(projectDirectory, "README.md"), "utf8");

test("README's settings and exit codes are those of the code (`npm run docs` writes them)", () => {
  expect(renderReadme(text)).toBe(text);
});

test("README shows every exit code", () => {
  for (const { exitCode } of Object.values(outcomeFacts))
    expect(text).toContain(`| ${exitCode === 128 ? "128+n" : exitCode} |`);
});

test("every file that README names is there", () => {
  const names = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? "");
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) expect(() => statSync(join(projectDirectory, name))).not.toThrow();
});
