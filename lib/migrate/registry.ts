import { appBackup } from "#lib/migrate/app-backup.ts";
import { dockerStacks } from "#lib/migrate/docker-stacks.ts";
import type { Importer } from "#lib/migrate/importer.ts";

export const importers: readonly Importer[] = [appBackup, dockerStacks];
