/** From a file and the environment to one text for each setting, legacy names and secrets' sources resolved to names. */
import type { ConfigFile } from "#lib/config/config-file.ts";
import { aliasNames, entryOf, isSettingName, type SettingName, settingNames } from "#lib/config/schema.ts";
import { parseStoreSetting, type StoreSetting, storeKeys } from "#lib/config/settings-store.ts";
import { suggest } from "#lib/core/suggest.ts";

/** Where the value of a secret comes from. */
type Origin = "value" | "file" | "command";

export interface GivenText {
  readonly name: SettingName;
  readonly origin: Origin;
  readonly text: string;
  /** `/etc/lastgood/backup.env:12 EMAIL_RECIPIENT`, or `environment EMAIL_TO`. */
  readonly place: string;
}

/** The text of a setting of a store. */
export interface GivenStoreText extends StoreSetting {
  readonly text: string;
  readonly place: string;
}

export interface Gathered {
  readonly given: ReadonlyMap<SettingName, GivenText>;
  readonly stores: readonly GivenStoreText[];
  readonly problems: readonly string[];
  /** The file itself holds the value of a secret. */
  readonly hasInlineSecret: boolean;
}

export function gatherTexts(file: ConfigFile, env: Readonly<Record<string, string | undefined>>): Gathered {
  const given = new Map<SettingName, GivenText>();
  const problems: string[] = [];
  const stores: GivenStoreText[] = [];
  let hasInlineSecret = false;
  for (const [key, { text, line }] of file.values) {
    const place = `${file.path}:${line} ${key}`;
    const store = parseStoreSetting(key);
    if (store !== undefined) {
      if (text !== "") stores.push({ ...store, text, place });
      continue;
    }
    const known = recognise(key);
    if (known === undefined) {
      problems.push(`${place} is no setting${suggestion(key)}`);
      continue;
    }
    if (text === "") continue;
    const earlier = given.get(known.name);
    if (earlier !== undefined) problems.push(`${place} and ${earlier.place} set the same: keep one`);
    else given.set(known.name, { ...known, text, place });
    const entry = entryOf(known.name);
    if (entry.isSecret !== true || known.origin !== "value") continue;
    if (entry.holdsSecret?.(text) ?? true) hasInlineSecret = true;
  }
  for (const name of settingNames) {
    const [first, second] = readEnvironment(name, env);
    if (first !== undefined) given.set(name, first);
    if (second !== undefined) problems.push(`${second.place} and ${first?.place} set the same: keep one`);
  }
  return { given, stores: overrideStores(stores, env), problems, hasInlineSecret };
}

/** What the environment gives to a setting, by its own name alone; a name without a value gives nothing. */
function readEnvironment(name: SettingName, env: Readonly<Record<string, string | undefined>>): GivenText[] {
  return suffixesOf(name).flatMap(([suffix, origin]) => {
    const text = env[name + suffix];
    if (text === undefined || text === "") return [];
    return [{ name, origin, text, place: `environment ${name}${suffix}` }];
  });
}

/** The environment wins, as for every other setting. */
function overrideStores(
  stores: readonly GivenStoreText[],
  env: Readonly<Record<string, string | undefined>>,
): readonly GivenStoreText[] {
  const fromEnvironment = Object.entries(env).flatMap(([name, text]): GivenStoreText[] => {
    const setting = parseStoreSetting(name);
    return setting === undefined || !text ? [] : [{ ...setting, text, place: `environment ${name}` }];
  });
  const isOverridden = ({ store, key }: GivenStoreText) =>
    fromEnvironment.some((one) => one.store === store && one.key === key);
  return [...stores.filter((one) => !isOverridden(one)), ...fromEnvironment];
}

function suffixesOf(name: SettingName): readonly (readonly [string, Origin])[] {
  const plain = ["", "value"] as const;
  if (entryOf(name).isSecret !== true) return [plain];
  return [plain, ["_FILE", "file"], ["_COMMAND", "command"]];
}

/** The setting that a key means: by its own name, by a legacy one, or as the source of a secret. */
function recognise(key: string): Pick<GivenText, "name" | "origin"> | undefined {
  const direct = isSettingName(key) ? key : aliasNames.get(key);
  if (direct !== undefined) return { name: direct, origin: "value" };
  const match = /^(.*)_(FILE|COMMAND)$/.exec(key);
  const base = match?.[1];
  if (base === undefined) return undefined;
  const name = isSettingName(base) ? base : aliasNames.get(base);
  if (name === undefined || entryOf(name).isSecret !== true) return undefined;
  return { name, origin: match?.[2] === "FILE" ? "file" : "command" };
}

function suggestion(key: string): string {
  const ownKeys = settingNames.flatMap((name) => suffixesOf(name).map(([suffix]) => name + suffix));
  const store = /^STORE_([A-Z0-9]+)_/.exec(key)?.[1] ?? "NAME";
  const ownStoreKeys = storeKeys.map((one) => `STORE_${store}_${one}`);
  const near = suggest(key, [...ownKeys, ...ownStoreKeys, ...aliasNames.keys()]);
  return near === undefined ? "" : `: did you mean ${near}?`;
}
