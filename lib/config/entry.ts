/** The shape of one setting, and what its default may depend on. */
import type { z } from "zod";

export interface SettingContext {
  readonly job: string;
  readonly isRoot: boolean;
  /** XDG directories of an ordinary user, absolute. */
  readonly xdg: { readonly state: string; readonly runtime: string | undefined };
  readonly hostname: string;
  /** Relative paths are relative to it: the directory of the configuration file. */
  readonly directory: string;
}

export interface SettingEntry<Value> {
  /** Text to value; an issue says what is expected. */
  readonly parse: (context: SettingContext) => z.ZodType<Value, string>;
  /** Text of the default, as it would stand in a file; undefined when the setting is optional. */
  readonly default: (
    context: SettingContext,
    given: Readonly<Record<string, string | undefined>>,
  ) => string | undefined;
  /** How the default is described where it depends on more than the job. */
  readonly defaultNote?: string;
  /** One line for docs/settings.md and --print-config. */
  readonly doc: string;
  /** Names of legacy scripts that mean the same. */
  readonly aliases?: readonly string[];
  readonly isSecret?: boolean;
  /** For a secret that need not be one: whether this text is. */
  readonly holdsSecret?: (text: string) => boolean;
}

/** A setting that always has a value. */
export type Required<Value> = SettingEntry<Value> & { readonly isOptional?: false };
/** A setting that may be absent. */
export type Optional<Value> = SettingEntry<Value> & { readonly isOptional: true };

interface Details {
  readonly doc: string;
  readonly aliases?: readonly string[];
  readonly defaultNote?: string;
}

type DefaultOf =
  | string
  | ((context: SettingContext, given: Readonly<Record<string, string | undefined>>) => string);

export function withDefault<Value>(
  parse: SettingEntry<Value>["parse"],
  fallback: DefaultOf,
  details: Details,
): Required<Value> {
  return { parse, default: typeof fallback === "string" ? () => fallback : fallback, ...details };
}

export function optional<Value>(parse: SettingEntry<Value>["parse"], details: Details): Optional<Value> {
  return { parse, default: () => undefined, isOptional: true, ...details };
}

type ValueOf<Entry> =
  Entry extends Optional<infer Value>
    ? Value | undefined
    : Entry extends SettingEntry<infer Value>
      ? Value
      : never;

/** The values of a record of entries. */
export type ValuesOf<Entries> = { readonly [Name in keyof Entries]: ValueOf<Entries[Name]> };

/** An entry whatever its value. */
export interface AnyEntry extends SettingEntry<unknown> {
  readonly isRequired?: boolean;
}
