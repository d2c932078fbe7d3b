#!/usr/bin/env bun
/**
 * Write the generated parts of README.md: settings, exit codes, items of the system state. `--check` only says whether they are stale.
 *
 * Each part stands between `<!-- NAME -->` and `<!-- /NAME -->`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { formatSettingsTables } from "#lib/config/print-config.ts";
import { listSystemItems } from "#lib/core/system-items.ts";
import { exitCodeRows } from "#lib/run/help-text.ts";

const readme = join(import.meta.dirname, "..", "README.md");

const parts: Readonly<Record<string, () => string>> = {
  settings: formatSettingsTables,
  "exit codes": () =>
    [
      "| exit | meaning |",
      "|---|---|",
      ...exitCodeRows().map(([code, meaning]) => `| ${code} | ${meaning} |`),
    ].join("\n"),
  "system items": () =>
    `${listSystemItems("")
      .map(({ id }) => `\`${id}\``)
      .join(", ")}.`,
};

/** README with every generated part as it is now. Throws when a part has no place. */
export function renderReadme(text: string): string {
  return Object.entries(parts).reduce((rendered, [name, render]) => {
    const pattern = new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- /${name} -->)`);
    if (!pattern.test(rendered)) throw new Error(`README.md has no place for "${name}"`);
    return rendered.replace(pattern, (_whole, begin: string, end: string) => begin + render() + end);
  }, text);
}

if (import.meta.main) {
  const present = readFileSync(readme, "utf8");
  const rendered = renderReadme(present);
  if (process.argv.includes("--check")) process.exitCode = rendered === present ? 0 : 1;
  else writeFileSync(readme, rendered);
}
