/**
 * Every setting, once: validation, defaults, --print-config, --check-config and the tables of docs/settings.md come from here.
 *
 * A new setting is one entry in the file of its section. Durations are milliseconds; what has a unit in its name is a
 * number of that unit (`_GB` and `_MB` count by 1024); paths are absolute and normalised; secrets are wrapped.
 */
import type { AnyEntry, ValuesOf } from "#lib/config/entry.ts";
import { destinationSettings } from "#lib/config/settings-destination.ts";
import { generalSettings } from "#lib/config/settings-general.ts";
import { healthSettings } from "#lib/config/settings-health.ts";
import { metricsSettings } from "#lib/config/settings-metrics.ts";
import { notifySettings } from "#lib/config/settings-notify.ts";
import { predeploySettings } from "#lib/config/settings-predeploy.ts";
import { preflightSettings } from "#lib/config/settings-preflight.ts";
import { retentionSettings } from "#lib/config/settings-retention.ts";
import { sourceSettings } from "#lib/config/settings-source.ts";
import { stackSettings } from "#lib/config/settings-stacks.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";

const entries = {
  ...generalSettings,
  ...sourceSettings,
  ...stackSettings,
  ...destinationSettings,
  ...preflightSettings,
  ...retentionSettings,
  ...notifySettings,
  ...metricsSettings,
  ...healthSettings,
  ...predeploySettings,
};

type Entries = typeof entries;

export type SettingName = keyof Entries;

export type Settings = ValuesOf<Entries> & {
  /** From the groups `STORE_<NAME>_…`, in the order in which they are given. */
  readonly STORES: readonly StoreTarget[];
};

/** Sections and their settings, in the order in which people read them. */
export const settingSections: readonly (readonly [section: string, names: readonly SettingName[]])[] = [
  ["General", namesOf(generalSettings)],
  ["Sources", namesOf(sourceSettings)],
  ["Compose stacks", namesOf(stackSettings)],
  ["Destination", namesOf(destinationSettings)],
  ["Preflight", namesOf(preflightSettings)],
  ["Retention", namesOf(retentionSettings)],
  ["Messages", namesOf(notifySettings)],
  ["Metrics", namesOf(metricsSettings)],
  ["Health check", namesOf(healthSettings)],
  ["Before a deployment", namesOf(predeploySettings)],
];

export const settingNames: readonly SettingName[] = settingSections.flatMap(([, names]) => names);

export function entryOf(name: SettingName): AnyEntry {
  return entries[name];
}

export function isSettingName(key: string): key is SettingName {
  return Object.hasOwn(entries, key);
}

/** The setting that each legacy name means. */
export const aliasNames: ReadonlyMap<string, SettingName> = new Map(
  settingNames.flatMap((name) => (entryOf(name).aliases ?? []).map((alias) => [alias, name] as const)),
);

function namesOf<Name extends SettingName>(section: Readonly<Record<Name, AnyEntry>>): readonly Name[] {
  return Object.keys(section) as Name[];
}
