/** Every kind of source: a new kind is one file here and one line below. */
import { type ApplicationSettings, createApplicationSource } from "#lib/sources/application.ts";
import type { Source } from "#lib/sources/source.ts";

export type SourceSettings = ApplicationSettings;

/** The sources that the settings ask for, in the order in which they are read. */
export function createSources(settings: SourceSettings): Source[] {
  return [createApplicationSource(settings)].filter((source) => source !== undefined);
}
