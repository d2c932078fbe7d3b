/** Read a legacy configuration, print ours, say what changed. */
import { OpsError } from "#lib/core/ops-error.ts";
import { suggest } from "#lib/core/suggest.ts";
import type { Tool, ToolResult } from "#lib/core/tool.ts";
import type { MigratedSetting, Migration } from "#lib/migrate/importer.ts";
import { importers } from "#lib/migrate/registry.ts";

/** Scripts that people write have some ten thousand. */
const mostCharacters = 200_000;

/** Operands: name of the importer, path of the legacy file. Has no effect beyond what it prints. */
export async function migrate(tool: Pick<Tool, "operands" | "readText">): Promise<ToolResult> {
  const [name = "", path = ""] = tool.operands;
  const importer = importers.find((one) => one.name === name);
  if (importer === undefined) {
    const near = suggest(
      name,
      importers.map((one) => one.name),
    );
    throw new OpsError(`Unknown importer "${name}"`, {
      outcome: "usage",
      hint:
        near === undefined
          ? `Known: ${importers.map((one) => one.name).join(", ")}`
          : `Did you mean ${near}?`,
    });
  }
  const text = await tool.readText(path);
  if (text.length > mostCharacters) {
    throw new OpsError(`Cannot take "${path}" for a script: it has ${text.length} characters`, {
      outcome: "config",
      hint: `Give the path of the script; ${mostCharacters} characters are the most that is read`,
    });
  }
  const migration = importer.read(text);
  return { outcome: "complete", text: formatMigration(path, migration), json: { schema: 1, ...migration } };
}

function formatMigration(path: string, { settings, todo }: Migration): string {
  return [
    comment(`Made from ${path}. What changed is told below the settings.`),
    ...settings.flatMap((one) => one.settings.map(([name, value]) => `${name}=${quote(name, value)}`)),
    "",
    ...formatTable(settings),
    "",
    ...todo.map((line) => comment(`To do: ${line}`)),
    "",
  ].join("\n");
}

const columns = ["legacy", "fate", "settings", "remark"] as const;

function formatTable(settings: readonly MigratedSetting[]): string[] {
  const rows = [
    columns,
    ...settings.map(({ legacy, fate, settings: ours, remark }) => [
      legacy,
      fate === "changed" ? "changed meaning" : fate,
      nameSettings(ours),
      remark,
    ]),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => comment(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")));
}

/** One line, whatever is in the text: a second one would be a setting. */
function comment(text: string): string {
  return `# ${text.replaceAll(/[\r\n]+/g, " ")}`.trimEnd();
}

function nameSettings([first, ...others]: MigratedSetting["settings"]): string {
  if (first === undefined) return "-";
  return others.length === 0 ? first[0] : `${first[0]} and ${others.length} more`;
}

/** As dotenv reads it back: between quotes that are not in it. */
function quote(name: string, value: string): string {
  if (!/[\s#"'`\\]/.test(value)) return value;
  // Last, since dotenv makes line breaks of \n in double quotes.
  const mark = ["'", "`", '"'].find((one) => !value.includes(one));
  if (mark === undefined) {
    throw new OpsError(`Cannot write the value of ${name}: it holds all three kinds of quotes`, {
      outcome: "config",
      hint: `Take it out of the legacy file, and give ours a file that holds it: ${name}_FILE`,
    });
  }
  return `${mark}${value}${mark}`;
}
