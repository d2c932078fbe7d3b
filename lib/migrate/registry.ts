import { appBackup } from "#lib/migrate/app-backup.ts";
import type { Importer } from "#lib/migrate/importer.ts";

export const importers: readonly Importer[] = [appBackup];
