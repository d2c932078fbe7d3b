/** What most importers are: a table that says of each legacy variable what becomes of it. */
import type { ShellAssignment } from "#lib/core/shell-assignments.ts";
import type { UnreadShell } from "#lib/core/unread-shell.ts";
import type { MigratedSetting } from "#lib/migrate/importer.ts";

export type Fate = Pick<MigratedSetting, "fate" | "settings" | "remark">;

/** A list comes as one item a line. */
export type Rule = (value: string) => Fate;

export const to =
  (fate: MigratedSetting["fate"], name: string, remark = ""): Rule =>
  (value) => ({ fate, settings: [[name, value]], remark });

export const dropped =
  (remark: string): Rule =>
  () => ({ fate: "dropped", settings: [], remark });

/** Given to the rule of a value that is not known, to learn which setting it would be: no rule takes it for empty or for a flag. */
export const anyValue = "/";

const onlyShell = (name: string) => `only a shell could tell its value: set ${name} by hand`;

/** A setting whose value has to be set by hand. */
export function unknownValue(legacy: string, name: string): MigratedSetting {
  return { legacy, legacyValue: undefined, fate: "dropped", settings: [], remark: onlyShell(name) };
}

/**
 * What is found of a legacy file, with what is set in it where it is not read: a name that has no value but there is known
 * to a shell alone, and no default of the legacy script may stand in.
 */
export function addUnread(
  found: readonly ShellAssignment[],
  { assignments }: UnreadShell,
  names: readonly string[],
): ShellAssignment[] {
  const known = new Map(found.map((one) => [one.name, one]));
  for (const { name, line } of assignments) {
    if (!names.includes(name)) continue;
    const one = known.get(name);
    if (one === undefined) known.set(name, { name, line, source: "", value: undefined });
    else known.set(name, { ...one, otherLines: [...(one.otherLines ?? []), line] });
  }
  return [...known.values()];
}

/** By its rule; without one, or when only a shell could tell its value, it is dropped and a person is told (`listUnsettled`). */
export function migrateVariable(
  { name, line, source, value, items }: ShellAssignment,
  rules: Readonly<Record<string, Rule>>,
): MigratedSetting {
  const rule = rules[name];
  const text = value ?? items?.join("\n");
  const known = { legacy: name, legacyValue: text ?? source };
  if (rule === undefined) {
    return { ...known, fate: "dropped", settings: [], remark: `unknown here: look at line ${line}` };
  }
  const result = rule(text ?? anyValue);
  if (text !== undefined || result.settings.length === 0) return { ...known, ...result };
  // Of several, the one that would have the value.
  const [ours] = result.settings.find(([, mapped]) => mapped.includes(anyValue)) ??
    result.settings[0] ?? [""];
  return { ...known, fate: "dropped", settings: [], remark: onlyShell(ours) };
}

/** What the legacy script did without a variable. */
export function constant(
  legacy: string,
  settings: MigratedSetting["settings"],
  remark: string,
  fate: MigratedSetting["fate"] = "same",
): MigratedSetting {
  return { legacy, legacyValue: undefined, fate, settings, remark };
}

/** What a person has to look at. */
export function listUnsettled(settings: readonly MigratedSetting[]): string[] {
  return settings.flatMap(({ legacy, remark }) =>
    /^(unknown here|only a shell)/.test(remark) ? [`${legacy}: ${remark}`] : [],
  );
}

/** Where a setting has more values than one, and where others may come from. */
export function listElsewhere(
  found: readonly ShellAssignment[],
  settings: readonly MigratedSetting[],
  { sourced }: UnreadShell,
): string[] {
  const carried = new Set(settings.filter((one) => one.settings.length > 0).map(({ legacy }) => legacy));
  return [
    ...found.flatMap(({ name, line, otherLines = [] }) => {
      if (otherLines.length === 0 || !carried.has(name)) return [];
      const lines = [...new Set([...otherLines, line])].toSorted((a, b) => a - b);
      return [`${name}: set in lines ${lines.join(", ")}; that of line ${line} was taken`];
    }),
    ...sourced.map(({ path, line }) => `Line ${line} reads another file, ${path}: look at what it sets`),
  ];
}
