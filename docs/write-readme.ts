#!/usr/bin/env bun
/**
 * Write the generated parts of README.md and docs/: settings, exit codes, items of the system state. `--check` only says whether they are stale.
 *
 * Each part stands between `<!-- NAME -->` and `<!-- /NAME -->`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { formatSettingsTables } from "#lib/config/print-config.ts";
import { listSystemItems } from "#lib/core/system-items.ts";
import { exitCodeRows } from "#lib/run/help-text.ts";

const top = join(import.meta.dirname, "..");

/** Where each generated part stands, and what it says. */
export const generatedParts: Readonly<
  Record<string, { readonly name: string; readonly render: () => string }>
> = {
  "README.md": {
    name: "exit codes",
    render: () =>
      [
        "| exit | meaning |",
        "|---|---|",
        ...exitCodeRows().map(([code, meaning]) => `| ${code} | ${meaning} |`),
      ].join("\n"),
  },
  "docs/settings.md": { name: "settings", render: formatSettingsTables },
  "docs/system-state.md": {
    name: "system items",
    render: () =>
      `${listSystemItems("")
        .map(({ id }) => `\`${id}\``)
        .join(", ")}.`,
  },
};

/** The text of a file with its generated part as it is now. Throws when that has no place. */
export function renderPart(file: string, text: string): string {
  const part = generatedParts[file];
  if (part === undefined) throw new Error(`Nothing is generated in ${file}`);
  const pattern = new RegExp(`(<!-- ${part.name} -->\n)[^]*?(\n<!-- /${part.name} -->)`);
  if (!pattern.test(text)) throw new Error(`${file} has no place for "${part.name}"`);
  return text.replace(pattern, (_whole, begin: string, end: string) => begin + part.render() + end);
}

if (import.meta.main) {
  for (const file of Object.keys(generatedParts)) {
    const present = readFileSync(join(top, file), "utf8");
    const rendered = renderPart(file, present);
    if (rendered === present) continue;
    if (process.argv.includes("--check")) process.exitCode = 1;
    else writeFileSync(join(top, file), rendered);
  }
}
