/** Settings as text: what is used, a file of every key, README's table. All of it from the schema. */
import { inspect } from "node:util";
import type { ConfigRequest, LoadedConfig } from "#lib/config/load-config.ts";
import { settingContext } from "#lib/config/parse-settings.ts";
import { type AnyEntry, entryOf, type SettingName, settingSections } from "#lib/config/schema.ts";

/** What --check-config prints: every setting, the value used, where it came from; secrets masked. */
export function formatCheckedConfig({ file, settings, texts, places }: LoadedConfig): string {
  const names = settingSections.flatMap(([, section]) => section);
  const width = Math.max(...names.map((name) => name.length));
  const rows = names.map((name) => {
    const value = settings[name];
    // A number as it was written: 12h says more than its milliseconds.
    const shown = typeof value === "number" ? texts[name] : formatValue(value);
    return `  ${name.padEnd(width)} = ${shown}  (${places[name]})`;
  });
  return [`The configuration "${file}" is valid.`, "", ...rows, ""].join("\n");
}

function formatValue(value: unknown): string {
  if (value === undefined) return "(not set)";
  if (typeof value === "string") return JSON.stringify(value);
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true, depth: 4 });
}

/** What --print-config prints: a configuration file with every key, commented out at its default. */
export function printConfig(request: ConfigRequest): string {
  const context = settingContext(request, "/etc/lastgood/backup.env");
  const lines = [
    "# lastgood: configuration of one job, in /etc/lastgood/JOB.env, mode 0600.",
    "# KEY=value; a value with spaces, # or line breaks goes in double quotes; lists have one item a line.",
    "# A secret KEY may be given as KEY_FILE=path or KEY_COMMAND=shell command instead.",
  ];
  for (const [section, names] of settingSections) {
    lines.push("", `# --- ${section}`);
    for (const name of names) {
      const entry = entryOf(name);
      const text = entry.default(context, {}) ?? "";
      lines.push(
        "",
        `# ${describeEntry(entry)}`,
        `${entry.isRequired === true ? "" : "#"}${name}=${quote(text)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function describeEntry(entry: AnyEntry): string {
  const aliases = entry.aliases === undefined ? "" : ` Also accepted: ${entry.aliases.join(", ")}.`;
  const note = entry.defaultNote === undefined ? "" : ` Default: ${entry.defaultNote}.`;
  return `${entry.doc}.${note}${aliases}`;
}

function quote(text: string): string {
  return /[\s#"'`]/.test(text) ? `"${text}"` : text;
}

/** README's tables of settings, a section each. */
export function formatSettingsTables(): string {
  const context = settingContext(
    {
      configFlag: undefined,
      env: {},
      cwd: "/",
      uid: 0,
      home: "/root",
      hostname: "HOSTNAME",
      deps: { exec: neverRun },
    },
    "/etc/lastgood/backup.env",
  );
  const row = (name: SettingName) => {
    const entry = entryOf(name);
    const fallback = entry.defaultNote ?? codeOf(entry.default(context, {}));
    const aliases = (entry.aliases ?? []).map((alias) => `\`${alias}\``).join(", ");
    const key = entry.isSecret === true ? `\`${name}\` (secret)` : `\`${name}\``;
    return `| ${key} | ${fallback} | ${entry.doc} | ${aliases} |`;
  };
  return settingSections
    .map(([section, names]) =>
      [
        `**${section}**`,
        "",
        "| key | default | meaning | also accepted |",
        "|---|---|---|---|",
        ...names.map(row),
      ].join("\n"),
    )
    .join("\n\n");
}

function codeOf(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `\`${text}\``;
}

async function neverRun(): Promise<never> {
  throw new TypeError("Defaults run no program");
}
