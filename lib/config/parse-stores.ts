/** Every store from the texts of its settings. */
import type { SettingContext } from "#lib/config/entry.ts";
import type { GivenStoreText } from "#lib/config/gather-texts.ts";
import type { Settings } from "#lib/config/schema.ts";
import {
  type StoreKey,
  type StoreValues,
  storeEntryOf,
  storeKeys,
  storeSettingName,
} from "#lib/config/settings-store.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";

/** A line of --check-config. */
export interface StoreRow {
  readonly name: string;
  readonly text: string;
  readonly place: string;
}

export interface ParsedStores {
  /** Those whose settings are all valid. */
  readonly targets: readonly StoreTarget[];
  readonly rows: readonly StoreRow[];
  readonly problems: readonly string[];
}

type JobDefaults = Pick<Settings, "TIME_ZONE" | `KEEP_${"LAST" | "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY"}`>;

export function parseStores(
  given: readonly GivenStoreText[],
  job: JobDefaults,
  context: SettingContext,
  file: string,
): ParsedStores {
  const stores = [...new Set(given.map(({ store }) => store))];
  const parsed = stores.map((store) =>
    parseStore(
      store,
      given.filter((one) => one.store === store),
      job,
      context,
      file,
    ),
  );
  return {
    targets: parsed.flatMap(({ target }) => target ?? []),
    rows: parsed.flatMap(({ rows }) => rows),
    problems: parsed.flatMap(({ problems }) => problems),
  };
}

function parseStore(
  store: string,
  given: readonly GivenStoreText[],
  job: JobDefaults,
  context: SettingContext,
  file: string,
): { target: StoreTarget | undefined; rows: StoreRow[]; problems: string[] } {
  const problems: string[] = [];
  const rows: StoreRow[] = [];
  const values: Partial<Record<StoreKey, unknown>> = {};
  for (const key of storeKeys) {
    const name = storeSettingName({ store, key });
    const entry = storeEntryOf(key);
    const one = given.find((each) => each.key === key);
    const text = one?.text ?? entry.default(context, {});
    if (text === undefined) {
      if (entry.isRequired === true) problems.push(`${file} ${name} is not set: it is required`);
      continue;
    }
    const result = entry.parse(context).safeParse(text);
    if (result.success) values[key] = result.data;
    else
      problems.push(
        `${one?.place ?? name} is ${JSON.stringify(text)}: expected ${result.error.issues[0]?.message}`,
      );
    if (one !== undefined) rows.push({ name, text, place: one.place });
  }
  if (problems.length > 0) return { target: undefined, rows, problems };
  // Each value comes from its key's own parser.
  const target = buildTarget(store, values as StoreValues, job);
  return { target, rows, problems: checkTarget(target, file) };
}

function buildTarget(name: string, values: StoreValues, job: JobDefaults): StoreTarget {
  return {
    name,
    address: values.URL,
    isRequired: values.REQUIRED,
    layout: values.LAYOUT,
    defaultTier: values.TIER,
    tiers: values.TIERS,
    retention: {
      last: values.KEEP_LAST ?? job.KEEP_LAST,
      daily: values.KEEP_DAILY ?? job.KEEP_DAILY,
      weekly: values.KEEP_WEEKLY ?? job.KEEP_WEEKLY,
      monthly: values.KEEP_MONTHLY ?? job.KEEP_MONTHLY,
      yearly: values.KEEP_YEARLY ?? job.KEEP_YEARLY,
      timeZone: job.TIME_ZONE,
    },
    maxRemovals: values.MAX_REMOVALS,
    maxWaiting: values.MAX_WAITING,
    timeoutMs: values.TIMEOUT,
    stallMs: values.STALL_TIMEOUT,
    bytesPerSecond: values.BANDWIDTH_MB === undefined ? undefined : values.BANDWIDTH_MB * 1024 * 1024,
    mount: values.MOUNT[0],
    keyFile: values.KEY_FILE,
    knownHostsFile: values.KNOWN_HOSTS_FILE,
    rcloneConfig: values.RCLONE_CONFIG,
  };
}

/** What no single setting of a store can know. */
function checkTarget(target: StoreTarget, file: string): string[] {
  const nameOf = (key: StoreKey) => `${file} ${storeSettingName({ store: target.name, key })}`;
  const { last, daily, weekly, monthly, yearly } = target.retention;
  const problems: string[] = [];
  if (last + daily + weekly + monthly + yearly === 0) {
    problems.push(
      `${nameOf("KEEP_LAST")} and the other KEEP_ settings are all 0: retention would keep nothing`,
    );
  }
  if (target.tiers.length > 0 && !target.layout.includes("{tier}")) {
    problems.push(
      `${nameOf("TIERS")} is set, but ${storeSettingName({ store: target.name, key: "LAYOUT" })} has no {tier}`,
    );
  }
  const only: readonly (readonly [StoreKey, string, unknown])[] = [
    ["MOUNT", "directory", target.mount],
    ["KEY_FILE", "ssh", target.keyFile],
    ["KNOWN_HOSTS_FILE", "ssh", target.knownHostsFile],
    ["RCLONE_CONFIG", "rclone", target.rcloneConfig],
  ];
  for (const [key, kind, value] of only) {
    if (value === undefined || target.address.kind === kind) continue;
    problems.push(`${nameOf(key)} is of no use: the store is ${describeKind(target)}`);
  }
  return problems;
}

function describeKind({ address }: StoreTarget): string {
  if (address.kind === "directory") return "a directory";
  return address.kind === "ssh" ? "reached by ssh" : "reached by rclone";
}
