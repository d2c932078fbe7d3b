/** Settings as text: what is used, a file of every key, docs/settings.md's tables. All of it from the schema. */
import type { AnyEntry } from "#lib/config/entry.ts";
import type { ConfigRequest, LoadedConfig } from "#lib/config/load-config.ts";
import { settingContext } from "#lib/config/parse-settings.ts";
import { entryOf, settingNames, settingSections } from "#lib/config/schema.ts";
import { storeEntryOf, storeKeys } from "#lib/config/settings-store.ts";

/** What --check-config prints: every setting, the value used, where it came from; secrets masked. */
export function formatCheckedConfig({ file, settings, texts, places, storeRows }: LoadedConfig): string {
  const names = settingSections.flatMap(([, section]) => section);
  const width = Math.max(...names.map((name) => name.length));
  const rows = names.map((name) => {
    const value = settings[name];
    // A number as it was written: 12h says more than its milliseconds.
    const shown = typeof value === "number" ? texts[name] : formatValue(value);
    return `  ${name.padEnd(width)} = ${shown}  (${places[name]})`;
  });
  const ofStores = storeRows.map(
    ({ name, text, place }) => `  ${name.padEnd(width)} = ${formatValue(text)}  (${place})`,
  );
  return [`The configuration "${file}" is valid.`, "", ...rows, ...ofStores, ""].join("\n");
}

/**
 * The same for programs, as one JSON value: of each setting the value used and where it came from. Durations are
 * milliseconds, as in the schema; secrets mask themselves.
 */
export function checkedConfigJson({ file, settings, places, storeRows }: LoadedConfig): unknown {
  const rows = settingNames.map((name) => [name, { value: settings[name] ?? null, from: places[name] }]);
  const ofStores = storeRows.map(({ name, text, place }) => [name, { value: text, from: place }]);
  return { schema: 1, isValid: true, file, settings: Object.fromEntries([...rows, ...ofStores]) };
}

/** As JSON: what a value leaves unset takes no room, and a secret masks itself. */
function formatValue(value: unknown): string {
  return value === undefined ? "(not set)" : JSON.stringify(value);
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
  lines.push("", "# --- Stores: copies elsewhere, each a group of settings under a name of your own");
  for (const key of storeKeys) {
    const entry = storeEntryOf(key);
    const text = entry.default(context, {}) ?? "";
    lines.push("", `# ${describeEntry(entry)}`, `#STORE_NAS_${key}=${quote(text)}`);
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

/** Tables of settings for docs/settings.md, a section each, and links to them. */
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
  const row = (name: string, entry: AnyEntry) => {
    const fallback = entry.defaultNote ?? codeOf(entry.default(context, {}));
    const aliases = (entry.aliases ?? []).map((alias) => `\`${alias}\``).join(", ");
    const key = entry.isSecret === true ? `\`${name}\` (secret)` : `\`${name}\``;
    return `| ${key} | ${fallback} | ${entry.doc} | ${aliases} |`;
  };
  const head = ["| key | default | meaning | also accepted |", "|---|---|---|---|"];
  const sections: readonly (readonly [title: string, rows: readonly string[]])[] = [
    ...settingSections.map(
      ([title, names]) => [title, names.map((name) => row(name, entryOf(name)))] as const,
    ),
    ["Stores", storeKeys.map((key) => row(`STORE_NAME_${key}`, storeEntryOf(key)))],
  ];
  const links = sections.map(([title]) => `[${title}](#${title.toLowerCase().replaceAll(" ", "-")})`);
  const tables = sections.map(([title, rows]) => [`## ${title}`, "", ...head, ...rows].join("\n"));
  return [links.join(" · "), ...tables].join("\n\n");
}

function codeOf(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `\`${text}\``;
}

async function neverRun(): Promise<never> {
  throw new TypeError("Defaults run no program");
}
