/**
 * Every setting, once. Defaults, validation, --print-config, --check-config and the table in README come from here.
 *
 * A new setting is one entry in the file of its section; a new section is its file and the two lines below. Defaults may
 * look at settings that stand before them.
 */
import { z } from "zod";
import { applicationSettings } from "#lib/config/settings-application.ts";
import { destinationSettings } from "#lib/config/settings-destination.ts";
import { generalSettings } from "#lib/config/settings-general.ts";
import { messageSettings } from "#lib/config/settings-messages.ts";
import { preflightSettings } from "#lib/config/settings-preflight.ts";
import { retentionSettings } from "#lib/config/settings-retention.ts";

export const settingsSchema = z.object({
  ...generalSettings,
  ...applicationSettings,
  ...destinationSettings,
  ...preflightSettings,
  ...retentionSettings,
  ...messageSettings,
});

/** The same by section, in the order in which people read them. */
export const sections: readonly (readonly [title: string, names: readonly SettingName[]])[] = [
  ["General", namesOf(generalSettings)],
  ["Application", namesOf(applicationSettings)],
  ["Destination", namesOf(destinationSettings)],
  ["Preflight", namesOf(preflightSettings)],
  ["Retention", namesOf(retentionSettings)],
  ["Messages", namesOf(messageSettings)],
];

/**
 * The values of a job. Durations are milliseconds; what has a unit in its name is a number of that unit (`_GB` and `_MB`
 * count by 1024); paths are absolute and normalised; secrets are wrapped.
 */
export type Settings = Readonly<z.output<typeof settingsSchema>>;

export type SettingName = keyof Settings;

/** What a report of a run that could not read all of its configuration needs. */
export const reportingSchema = z.object({
  ...messageSettings,
  JOB: generalSettings.JOB,
  HOST_NAME: generalSettings.HOST_NAME,
  STATE_DIR: generalSettings.STATE_DIR,
  LOG_FILE: generalSettings.LOG_FILE,
  TIME_ZONE: generalSettings.TIME_ZONE,
});

export type ReportingSettings = Readonly<z.output<typeof reportingSchema>>;

export const settingNames: readonly SettingName[] = sections.flatMap(([, names]) => names);

function namesOf<Name extends SettingName>(settings: Readonly<Record<Name, z.ZodType>>): readonly Name[] {
  return Object.keys(settings) as Name[];
}
