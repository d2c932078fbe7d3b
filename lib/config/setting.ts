/**
 * One setting: a zod type that reads its text, and the facts that documentation, defaults and legacy names come from.
 *
 * Every type takes a raw value, also when none is given, so that each key is in `Settings` and a default is read by the
 * same parser as what a person writes.
 */
import { z } from "zod";
import { createSecret, type Secret } from "#lib/core/secret.ts";

export interface RawValue {
  /** Undefined when nobody gave one and there is no default. */
  readonly text: string | undefined;
  /** The directory that relative paths start from. */
  readonly base: string;
}

export interface ReadContext {
  readonly base: string;
  /** Say what is expected instead; its value is to be returned. */
  readonly refuse: (expected: string) => never;
}

export type Reader<Value> = (text: string, context: ReadContext) => Value;

/** What defaults may depend on. */
export interface DefaultContext {
  /** The name that the file gives to the job. */
  readonly job: string;
  readonly isRoot: boolean;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  readonly timeZone: string;
  /** A setting that stands earlier in the schema, if it is a valid text. */
  readonly valueOf: (name: string) => string | undefined;
}

/** A default that is not the same everywhere, with the words that explain it. */
interface ComputedDefault {
  readonly doc: string;
  readonly text: (context: DefaultContext) => string | undefined;
}

export interface SettingFacts {
  /** One line: what it means. */
  readonly doc: string;
  readonly default?: string | ComputedDefault;
  /** Names that the scripts which it replaces used. */
  readonly aliases?: readonly string[];
  readonly isRequired?: boolean;
  /** It may also be given as KEY_FILE and KEY_COMMAND, and is never printed. */
  readonly isSecret?: boolean;
}

interface Definition<Value> extends Omit<SettingFacts, "isSecret" | "isRequired"> {
  readonly read: Reader<Value>;
}

type SettingType<Value> = z.ZodType<Value, RawValue>;

const registry = z.registry<SettingFacts>();

/** A setting that always has a value, since it has a default. */
export function setting<Value>(
  definition: Definition<Value> & { readonly default: string | ComputedDefault },
): SettingType<Value> {
  const { read, ...facts } = definition;
  return define(facts, read, (refuse) => refuse("a value"));
}

/** A setting without which there is no job. */
export function required<Value>(definition: Omit<Definition<Value>, "default">): SettingType<Value> {
  const { read, ...facts } = definition;
  return define({ ...facts, isRequired: true }, read, (refuse) => refuse("a value: this setting is required"));
}

/** A setting that may be undefined. */
export function optional<Value>(definition: Definition<Value>): SettingType<Value | undefined> {
  const { read, ...facts } = definition;
  return define<Value | undefined>(facts, read, () => undefined);
}

/** A secret of which `read` checks the text; it may be undefined. */
export function secret(definition: Omit<Definition<string>, "default">): SettingType<Secret | undefined> {
  const { read, ...facts } = definition;
  return define<Secret | undefined>(
    { ...facts, isSecret: true },
    (text, context) => createSecret(read(text, context)),
    () => undefined,
  );
}

/** What is known about a setting of the schema. */
export function factsOf(type: z.ZodType): SettingFacts {
  const facts = registry.get(type);
  if (facts === undefined) throw new Error("A setting was not made by lib/config/setting.ts");
  return facts;
}

function define<Value>(
  facts: SettingFacts,
  read: Reader<Value>,
  missing: (refuse: ReadContext["refuse"]) => Value,
): SettingType<Value> {
  const type = z.custom<RawValue>().transform(({ text, base }, context): Value => {
    const refuse = (expected: string): never => {
      context.addIssue({ code: "custom", message: `expected ${expected}` });
      return z.NEVER;
    };
    return text === undefined ? missing(refuse) : read(text, { base, refuse });
  });
  registry.add(type, facts);
  return type;
}
