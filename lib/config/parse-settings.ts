/** Every setting from its text: what is given, or else its default, and all that is wrong with what is given. */
import { dirname, join } from "node:path";
import { jobOfFile, xdgDirectory } from "#lib/config/config-file.ts";
import { isOfBackup } from "#lib/config/config-purpose.ts";
import type { SettingContext } from "#lib/config/entry.ts";
import type { Gathered, GivenText } from "#lib/config/gather-texts.ts";
import type { ConfigRequest } from "#lib/config/load-config.ts";
import { parseStores, type StoreRow } from "#lib/config/parse-stores.ts";
import { readSecretCommand, readSecretFile } from "#lib/config/read-secret.ts";
import { entryOf, type SettingName, type Settings, settingNames } from "#lib/config/schema.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { isSecret, type Secret } from "#lib/core/secret.ts";

type ByName<Value> = Readonly<Record<SettingName, Value>>;

export interface ParsedSettings {
  /** Whole: where a text is invalid its default stands in. */
  readonly settings: Settings;
  /** Each value as it was given or by default; secrets masked. */
  readonly texts: ByName<string | undefined>;
  /** Where each value came from: a place, or "default". */
  readonly places: ByName<string>;
  readonly storeRows: readonly StoreRow[];
  readonly secrets: readonly Secret[];
  readonly problems: readonly string[];
  /** The settings that the problems are about. */
  readonly invalid: ReadonlySet<SettingName>;
  /** A file of a secret that must not be used. */
  readonly denied: OpsError | undefined;
}

/** What became of one setting. */
interface Outcome {
  readonly value: unknown;
  readonly text: string | undefined;
  readonly problem?: string | undefined;
  readonly denied?: OpsError | undefined;
}

export async function parseSettings(
  request: ConfigRequest,
  file: string,
  { given, stores }: Pick<Gathered, "given" | "stores">,
): Promise<ParsedSettings> {
  const context = settingContext(request, file);
  const givenTexts = Object.fromEntries([...given.values()].map(({ name, text }) => [name, text]));
  const outcomes: (readonly [SettingName, Outcome])[] = [];
  for (const name of settingNames) {
    const one = given.get(name);
    const byDefault = useDefault(name, file, context, givenTexts, isOfBackup(request));
    const outcome = one === undefined ? byDefault : await useGiven(one, byDefault.value, request, context);
    outcomes.push([name, outcome]);
  }
  const collect = (pick: (outcome: Outcome, name: SettingName) => unknown) =>
    Object.fromEntries(outcomes.map(([name, outcome]) => [name, pick(outcome, name)]));
  const refused = outcomes.filter(([, { problem }]) => problem !== undefined);
  const plain = collect(({ value }) => value) as unknown as Omit<Settings, "STORES">;
  const parsedStores = parseStores(stores, plain, context, file);
  // The records have every name of the schema, and each value comes from that name's own parser.
  return {
    settings: { ...plain, STORES: parsedStores.targets },
    storeRows: parsedStores.rows,
    texts: collect(({ text }) => text) as ParsedSettings["texts"],
    places: collect((_, name) => given.get(name)?.place ?? "default") as ParsedSettings["places"],
    secrets: outcomes.flatMap(([, { value }]) => findSecrets(value)),
    problems: [...refused.flatMap(([, { problem }]) => problem ?? []), ...parsedStores.problems],
    invalid: new Set(refused.map(([name]) => name)),
    denied: refused.map(([, outcome]) => outcome.denied).find((error) => error !== undefined),
  };
}

/** The secrets in a value: itself, or what a list holds. */
function findSecrets(value: unknown): Secret[] {
  if (isSecret(value)) return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(findSecrets);
}

function useDefault(
  name: SettingName,
  file: string,
  context: SettingContext,
  givenTexts: Readonly<Record<string, string>>,
  isBackup: boolean,
): Outcome {
  const entry = entryOf(name);
  const text = entry.default(context, givenTexts);
  if (text === undefined) {
    // What a backup requires has no value for any other purpose, which has no use for it either.
    const problem =
      entry.isRequired === true && isBackup ? `${file} ${name} is not set: it is required` : undefined;
    return { value: undefined, text, problem };
  }
  const parsed = entry.parse(context).safeParse(text);
  if (parsed.success) return { value: parsed.data, text };
  // Only names can be unfit by default, since files and hosts bear whatever names people gave them.
  const expected = parsed.error.issues[0]?.message;
  return { value: "unknown", text, problem: `${file} ${name} is "${text}" by default: expected ${expected}` };
}

async function useGiven(
  given: GivenText,
  fallback: unknown,
  request: ConfigRequest,
  context: SettingContext,
): Promise<Outcome> {
  const entry = entryOf(given.name);
  const shown = entry.isSecret === true ? "***" : given.text;
  const refused = { value: fallback, text: shown };
  let text: string;
  try {
    text = await resolveText(given, request, context.directory);
  } catch (error) {
    const denied = error instanceof OpsError && error.outcome === "denied" ? error : undefined;
    return { ...refused, problem: `${given.place}: ${describeError(error)}`, denied };
  }
  const parsed = entry.parse(context).safeParse(text);
  if (parsed.success) return { value: parsed.data, text: shown };
  const expected = parsed.error.issues[0]?.message;
  return { ...refused, problem: `${given.place} is ${JSON.stringify(shown)}: expected ${expected}` };
}

async function resolveText(
  { origin, text }: GivenText,
  request: ConfigRequest,
  directory: string,
): Promise<string> {
  if (origin === "file") return readSecretFile(text, directory, request);
  return origin === "command" ? readSecretCommand(text, directory, request) : text;
}

/** What defaults may depend on. */
export function settingContext(request: ConfigRequest, file: string): SettingContext {
  const { env, home, uid, hostname } = request;
  const runtime = env["XDG_RUNTIME_DIR"];
  return {
    job: jobOfFile(file),
    isRoot: uid === 0,
    xdg: {
      state: xdgDirectory(env, "XDG_STATE_HOME", join(home, ".local", "state")),
      runtime: runtime?.startsWith("/") ? runtime : undefined,
    },
    hostname,
    directory: dirname(file),
  };
}
