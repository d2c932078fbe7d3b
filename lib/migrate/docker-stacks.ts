/** The legacy backup of compose stacks (`migrations-from-bash/docker-stacks`): variables of its config.sh to our settings. */
import { OpsError } from "#lib/core/ops-error.ts";
import { parseShellAssignments, type ShellAssignment } from "#lib/core/shell-assignments.ts";
import { findUnread } from "#lib/core/unread-shell.ts";
import { channelDefaults, messageRules, type ValueOf } from "#lib/migrate/docker-stacks-messages.ts";
import { defaults, stackRules } from "#lib/migrate/docker-stacks-rules.ts";
import type { Importer, MigratedSetting, Migration } from "#lib/migrate/importer.ts";
import {
  addUnread,
  anyValue,
  constant,
  listElsewhere,
  listUnsettled,
  migrateVariable,
  type Rule,
} from "#lib/migrate/rules.ts";

const signs = ["DOCKHAND_BASE", "APPDATA_PATH", "BACKUP_DEST"];

export const dockerStacks: Importer = {
  name: "docker-stacks",
  summary: "config.sh of docker-stack-backup.sh: compose stacks stopped, archived, started",
  read: (text) => readConfig(text),
};

function readConfig(text: string): Migration {
  const unread = findUnread(text);
  const found = addUnread(
    parseShellAssignments(text, "last"),
    unread,
    Object.keys(rulesFor(() => undefined)),
  );
  if (!found.some(({ name }) => signs.includes(name))) {
    throw new OpsError(`Cannot find ${signs.join(", ")} in the file: it is no config.sh of docker-stacks`, {
      outcome: "config",
      hint: "Give the path of config.sh; where it never existed, of config.example.sh",
    });
  }
  const read = readValues(found);
  const rules = rulesFor(read);
  const assumed = [
    ...defaults,
    ...channelDefaults.flatMap(([name, value, isNeeded]) => (isNeeded(read) ? [[name, value] as const] : [])),
  ].filter(([name]) => !found.some((one) => one.name === name));
  const settings = [
    ...found.map((one) => migrateVariable(one, rules)),
    ...assumed.map(([name, value]) => migrateDefault(name, value, rules)),
    constant("docker compose down", [["STACK_STOP", "stop"]], "containers and networks are kept", "changed"),
    constant("<host>/<time>", [["BACKUP_LAYOUT", "{host}/{YYYY}{MM}{DD}_{HH}{mm}{ss}"]], "as before"),
    readLeastRoom(text),
  ];
  return {
    settings,
    todo: [...listUnsettled(settings), ...listElsewhere(found, settings, unread), ...listTodo(settings)],
  };
}

function rulesFor(read: ValueOf): Readonly<Record<string, Rule>> {
  return { ...stackRules(read), ...messageRules(read) };
}

/** What is found counts even when only a shell could tell it: then it may be anything. */
function readValues(found: readonly ShellAssignment[]): ValueOf {
  const known = new Map<string, string>([
    ...channelDefaults.map(([name, value]) => [name, value] as const),
    ...found.map(({ name, value }) => [name, value ?? anyValue] as const),
  ]);
  return (name) => known.get(name);
}

function migrateDefault(name: string, value: string, rules: Readonly<Record<string, Rule>>): MigratedSetting {
  const migrated = migrateVariable({ name, line: 0, source: value, value }, rules);
  return { ...migrated, legacy: `${name} (default)`, legacyValue: undefined };
}

/** The documents let people edit the number in the script itself, which older installations gave all settings. */
function readLeastRoom(text: string): MigratedSetting {
  const least = /^\s*check_disk_space\s+\S+\s+(\d+)/m.exec(text)?.[1] ?? "5";
  return constant("check_disk_space", [["MIN_FREE_GB", least]], "GiB; refused before anything is stopped");
}

function listTodo(settings: readonly MigratedSetting[]): string[] {
  return [
    ...settings.flatMap(({ legacy, remark }) =>
      remark.startsWith("look at this: ") ? [`${legacy}: ${remark.slice("look at this: ".length)}`] : [],
    ),
    "Save the lines above as /etc/lastgood/stacks.env, with umask 077 so that nobody else reads it, then: backup-run --config stacks --check-config",
    "Look at backup-run --config stacks --dry-run: it names the mounts and volumes that are saved beside the appdata",
    "Take cleanup-old-backups.sh out of cron before the first run: it removes by age alone, our sets too",
    "Keep the old cron entry until the first run has ended well, at another hour: both take the same lock, yet a legacy run that finds it held removes its file",
    "Use docker-stack-backup-manual.sh no more: it takes another lock",
  ];
}
