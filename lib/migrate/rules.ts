/** What most importers are: a table that says of each legacy variable what becomes of it. */
import type { ShellAssignment } from "#lib/core/shell-assignments.ts";
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
const anyValue = "/";

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
  return {
    ...known,
    fate: "dropped",
    settings: [],
    remark: `only a shell could tell its value: set ${result.settings[0]?.[0]} by hand`,
  };
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
