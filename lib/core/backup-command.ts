/** Which backup a command line would start: ours, one of the legacy scripts, or somebody else's. */
import { splitCommands } from "#lib/core/shell-words.ts";

export interface BackupCommand {
  /**
   * "backup" makes one, "recovery" finishes one, "check" looks after them; "foreign" looks like a backup that is not ours to
   * judge.
   */
  readonly role: "backup" | "recovery" | "check" | "foreign";
  /** As it is called, without directories: `backup-run.ts`. */
  readonly program: string;
  /** What `--config` says, or the default job; undefined when it is none of ours, or is about all jobs. */
  readonly config: string | undefined;
  /** The lock that a legacy script takes: a job of ours with the same one replaces it. */
  readonly lockFile: string | undefined;
  /** What is the same wherever it is started from. */
  readonly identity: string;
}

interface Known {
  readonly role: BackupCommand["role"];
  readonly lockFile?: string;
  readonly isOurs?: boolean;
  /** The one of its commands that counts, among those that only look. */
  readonly command?: string;
  /** Without --config it is about every job, not about the default one. */
  readonly isOfAllJobs?: boolean;
}

const applicationLock = "/var/lock/backup-run.lock";
const stackLock = "/var/run/docker-stack-backup.lock";

const known: Readonly<Record<string, Known>> = {
  "backup-run": { role: "backup", isOurs: true },
  "manual-backup": { role: "backup", isOurs: true },
  recover: { role: "recovery", isOurs: true },
  "health-check": { role: "check", isOurs: true, isOfAllJobs: true },
  restore: { role: "check", isOurs: true, command: "drill" },
  "upload-waiting": { role: "check", isOurs: true },
  "backup-run.sh": { role: "backup", lockFile: applicationLock },
  // It puts the line of backup-run.sh back into root's crontab when it is gone.
  "backup-health-check.sh": { role: "check", lockFile: applicationLock },
  "docker-stack-backup.sh": { role: "backup", lockFile: stackLock },
  "proxmox-backup": { role: "backup" },
  "proxmox-backup.sh": { role: "backup" },
  proxsave: { role: "backup" },
  "docker-backup": { role: "backup" },
  "docker-backup.sh": { role: "backup" },
  "backup-tui": { role: "backup" },
  "golden-backup-v2-ultimate.sh": { role: "backup" },
};

/** Programs of others, and names that say it. */
const foreign =
  /^(?:borg|borgmatic|restic|resticprofile|autorestic|rsnapshot|duplicity|duply|kopia|vzdump|mysqldump|mariadb-dump|pg_dump|pg_dumpall|(?!dpkg-).*backup.*)$/;

/** Programs that start the program which stands after them. */
const launchers = new Set(
  "bash bun chronic cronic dash deno env exec flock ionice nice node nohup npx ksh run-one runitor runuser setpriv setsid sh su sudo systemd-cat systemd-inhibit systemd-run taskset time timeout zsh".split(
    " ",
  ),
);

/** Modes that make no backup. */
const harmless = new Set([
  "--dry-run",
  "-n",
  "--check-config",
  "--print-config",
  "--help",
  "--version",
  "--test-notifications",
]);

/** The backup that a line of shell starts, if it does. */
export function recogniseBackup(line: string): BackupCommand | undefined {
  const found = splitCommands(line).flatMap((words) => recogniseWords(words) ?? []);
  return found.find(({ role }) => role !== "foreign") ?? found[0];
}

/** Whether a line that cron does not understand was meant to start a backup: its time stands before the command. */
export function namesBackup(line: string): boolean {
  return splitCommands(line).some((words) =>
    words.some((_, index) => (recogniseWords(words.slice(index))?.role ?? "foreign") !== "foreign"),
  );
}

/** The first backup that a script starts; its own name may say it as well. */
export function recogniseScript(path: string, text: string): BackupCommand | undefined {
  const lines = text.replaceAll(/\\\n/g, " ").split("\n");
  const inside = lines.flatMap((line) => recogniseBackup(line) ?? []);
  return inside.find(({ role }) => role !== "foreign") ?? recogniseWords([path]) ?? inside[0];
}

function recogniseWords(words: readonly string[]): BackupCommand | undefined {
  const own = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  const first = words[own];
  if (first === undefined) return undefined;
  const direct = describe(first, words.slice(own + 1));
  if (direct !== undefined || !launchers.has(baseName(first).replace(/\.exe$/, ""))) return direct;
  for (const [index, word] of words.entries()) {
    if (index <= own) continue;
    // `bash -c '…'`, `su - deploy -c "…"`: a line of its own.
    const found = /\s/.test(word) ? recogniseBackup(word) : describeLaunched(word, words.slice(index + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of a launcher's words only names that are known count: the lock file of flock may well be called "backup". */
function describeLaunched(word: string, rest: readonly string[]): BackupCommand | undefined {
  const isPathOfData = /\.(?:lock|log|env|conf)$/.test(word) || word.endsWith("/");
  return isPathOfData || word.startsWith("-") ? undefined : describe(word, rest);
}

function describe(word: string, rest: readonly string[]): BackupCommand | undefined {
  const program = baseName(word);
  const facts = known[program] ?? ofOurs(program);
  if (facts === undefined) {
    if (!foreign.test(program)) return undefined;
    const identity = [program, ...rest].join(" ");
    return { role: "foreign", program, config: undefined, lockFile: undefined, identity };
  }
  if (rest.some((option) => harmless.has(option))) return undefined;
  if (facts.command !== undefined && !rest.includes(facts.command)) return undefined;
  const config = facts.isOurs === true ? readConfig(facts, rest) : undefined;
  const identity = [program, ...rest].join(" ");
  return { role: facts.role, program, config, lockFile: facts.lockFile, identity };
}

function ofOurs(program: string): Known | undefined {
  const name = program.replace(/\.ts$/, "");
  return known[name]?.isOurs === true ? known[name] : undefined;
}

function readConfig({ isOfAllJobs }: Known, words: readonly string[]): string | undefined {
  return readConfigFlag(words) ?? (isOfAllJobs === true ? undefined : "backup");
}

function readConfigFlag(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    const value = /^(?:--config|-c)=(.+)$/s.exec(word)?.[1];
    if (value !== undefined) return value;
    if (word === "--config" || word === "-c") return words[index + 1] ?? "backup";
  }
  return undefined;
}

function baseName(path: string): string {
  return path.split("/").at(-1) ?? "";
}
