/** What starts a backup by itself, wherever it stands. */
import type { BackupCommand } from "#lib/core/backup-command.ts";
import type { CronExpression } from "#lib/core/cron-expression.ts";

/** When something starts. */
export type Timing =
  | { readonly kind: "cron"; readonly expression: CronExpression }
  /** `OnCalendar=`; the next times as systemd says them, none where it cannot be asked. */
  | { readonly kind: "calendar"; readonly expressions: readonly string[]; readonly next: readonly Date[] }
  | { readonly kind: "boot" }
  /** Some time in each period: anacron, or a timer that counts from its last start. */
  | {
      readonly kind: "interval";
      readonly text: string;
      /** Undefined where it starts once, and where nobody can tell. */
      readonly periodMs: number | undefined;
    };

export interface ScheduleEntry {
  readonly source: "crontab" | "cron.d" | "user crontab" | "periodic" | "anacron" | "timer" | "service";
  /** Path on the machine. */
  readonly file: string;
  readonly line: number | undefined;
  /** Who it runs as; undefined when the file does not say. */
  readonly user: string | undefined;
  readonly timings: readonly Timing[];
  /** As it is written. */
  readonly when: string;
  readonly command: string;
  readonly backup: BackupCommand;
  /** Why it never starts: a name that cron passes over, a timer that is not enabled. */
  readonly flaw: string | undefined;
}

/** `/etc/cron.d/lastgood-backup:9`. */
export function placeOf({ file, line }: Pick<ScheduleEntry, "file" | "line">): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The configuration that an entry of ours names, as an absolute path where that can be told. */
export function configOf({ backup, user }: ScheduleEntry): string | undefined {
  const { config } = backup;
  if (config === undefined || config.includes("/")) return config;
  const name = config.replace(/\.env$/, "");
  // Another user may have one of that name at home.
  return user === undefined || user === "root"
    ? `/etc/lastgood/${name}.env`
    : `~${user}/.config/lastgood/${name}.env`;
}
