/**
 * Settings of stores: `STORE_<NAME>_<KEY>`, one group for each store that a file names.
 *
 * They are kept apart from the others because the admin makes their names; each is read by an entry as any other.
 */
import { type AnyEntry, optional, type Required, type ValuesOf, withDefault } from "#lib/config/entry.ts";
import { decimal, duration, flag, integer, mounts, path, word } from "#lib/config/parsers.ts";
import { storeAddress, storeLayout, tiers } from "#lib/config/store-parsers.ts";
import type { StoreAddress } from "#lib/core/store-target.ts";

const count = integer(0, 100_000);

const url: Required<StoreAddress> & { readonly isRequired: true } = {
  parse: storeAddress,
  default: () => undefined,
  isRequired: true,
  doc: "`ssh://USER@HOST:PORT/PATH`, `rclone:REMOTE:PATH` or an absolute path, as they are: spaces need no code; it must exist",
};

export const storeSettings = {
  URL: url,
  REQUIRED: withDefault(flag, "false", {
    doc: "A run without this store has failed; otherwise it is partial",
  }),
  LAYOUT: withDefault(storeLayout, "{host}/{job}/{stamp}", {
    doc: "Path of a set in the store, as BACKUP_LAYOUT; `{tier}` is the set's tier",
  }),
  TIER: withDefault(word(/^[a-z0-9][a-z0-9_-]*$/, "a name of small letters"), "daily", {
    doc: "Tier of every set that no tier of TIERS takes",
  }),
  TIERS: withDefault(tiers, "", {
    doc: "Tiers with days of the month, one a line, such as `biweekly=1,15`: the first set from each such day on goes there",
  }),
  KEEP_LAST: optional(count, {
    doc: "KEEP_LAST in this store; unset: as locally. Each tier is counted by itself",
  }),
  KEEP_DAILY: optional(count, { doc: "KEEP_DAILY in this store" }),
  KEEP_WEEKLY: optional(count, { doc: "KEEP_WEEKLY in this store" }),
  KEEP_MONTHLY: optional(count, { doc: "KEEP_MONTHLY in this store" }),
  KEEP_YEARLY: optional(count, { doc: "KEEP_YEARLY in this store" }),
  MAX_REMOVALS: withDefault(integer(0, 10_000), "20", {
    doc: "No more sets are removed in one run; 0: none ever",
  }),
  MAX_WAITING: withDefault(integer(1, 10_000), "30", {
    doc: "No more sets wait for a store that is down; beyond that those that its rules would not keep are given up, then the oldest, never the newest complete one",
  }),
  TIMEOUT: withDefault(duration(1000), "6h", {
    doc: "All uploads of one run together take no longer; the rest waits for the next run",
  }),
  STALL_TIMEOUT: withDefault(duration(1000), "5m", {
    doc: "An upload that does not move for so long is given up",
  }),
  BANDWIDTH_MB: optional(decimal(0.001, 1e6, "MiB per second"), {
    doc: "MiB per second that an upload may take",
  }),
  MOUNT: withDefault(mounts, "", {
    doc: "Directories: PATH must be a mount point, or PATH=MARKER hold a file of that name",
  }),
  KEY_FILE: optional(path, { doc: "ssh: private key" }),
  KNOWN_HOSTS_FILE: optional(path, {
    doc: "ssh: file of host keys; an unknown or changed one is always refused",
  }),
  RCLONE_CONFIG: optional(path, { doc: "rclone: its configuration file" }),
};

export type StoreKey = keyof typeof storeSettings;
export type StoreValues = ValuesOf<typeof storeSettings>;

export const storeKeys = Object.keys(storeSettings) as readonly StoreKey[];

export function storeEntryOf(key: StoreKey): AnyEntry {
  return storeSettings[key];
}

export interface StoreSetting {
  /** In small letters. */
  readonly store: string;
  readonly key: StoreKey;
}

const pattern = new RegExp(`^STORE_([A-Z0-9]+)_(${storeKeys.join("|")})$`);

/** The store and the key that a name such as `STORE_NAS_URL` means; undefined for any other name. */
export function parseStoreSetting(name: string): StoreSetting | undefined {
  const [, store, key] = pattern.exec(name) ?? [];
  const found = storeKeys.find((known) => known === key);
  return store === undefined || found === undefined ? undefined : { store: store.toLowerCase(), key: found };
}

export function storeSettingName({ store, key }: StoreSetting): string {
  return `STORE_${store.toUpperCase()}_${key}`;
}
