import type { DatabaseTarget } from "#lib/core/database-url.ts";
import { type ApplicationSettings, createApplicationSource } from "#lib/sources/application.ts";
import { createMysqlSource } from "#lib/sources/mysql.ts";
import { createPostgresSources } from "#lib/sources/postgres.ts";
import type { Source } from "#lib/sources/source.ts";
import { createSqliteSource } from "#lib/sources/sqlite.ts";
import type { StackSettings } from "#lib/sources/stack-settings.ts";
import { createStackSources, type Discovery } from "#lib/sources/stack-sources.ts";
import { createSystemStateSource, type SystemStateSettings } from "#lib/sources/system-state.ts";

export interface SourceSettings extends ApplicationSettings, StackSettings, SystemStateSettings {
  readonly APP_DIR: string | undefined;
  readonly DATABASES: readonly DatabaseTarget[];
  readonly DB_MIN_KB: number;
}

/**
 * The sources that the settings ask for, in the order in which they are read: databases before the files that their rows
 * speak of, so that a restored row finds its file.
 */
export async function createSources(settings: SourceSettings, discovery: Discovery): Promise<Source[]> {
  const sources = [
    ...settings.DATABASES.flatMap((target) => createDatabaseSources(target, settings)),
    ...(await createStackSources(settings, discovery)),
    createApplicationSource(settings),
    createSystemStateSource(settings),
  ].filter((source) => source !== undefined);
  // Two databases of a server both bring what belongs to the server; the one named first does it.
  return sources.filter(({ name }, index) => sources.findIndex((one) => one.name === name) === index);
}

function createDatabaseSources(target: DatabaseTarget, settings: SourceSettings): Source[] {
  if (target.kind === "postgres") return createPostgresSources(target, settings);
  return [
    target.kind === "mysql" ? createMysqlSource(target, settings) : createSqliteSource(target, settings),
  ];
}
