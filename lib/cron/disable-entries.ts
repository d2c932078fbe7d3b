/** Switch entries off so that a person can switch them on again: lines become comments, scripts lose their permission. */
import { OpsError } from "#lib/core/ops-error.ts";
import { placeOf, type ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { type Change, disableScriptChange, editFileChange, systemctlChange } from "#lib/cron/changes.ts";
import { describeFile, inside, type Machine, readListed } from "#lib/cron/machine.ts";

const copyTimeoutMs = 30_000;

export interface Disabling {
  readonly changes: readonly Change[];
  /** Files that change, to be copied first. */
  readonly files: readonly string[];
}

/** What switches entries off; refuses, before anything is changed, what only a person should do. `day` goes into the comment. */
export async function planDisabling(
  machine: Machine,
  entries: readonly ScheduleEntry[],
  day: string,
): Promise<Disabling> {
  const changes: Change[] = [];
  const files = [...new Set(entries.filter((entry) => !isUnit(entry)).map(({ file }) => file))];
  for (const file of files) {
    const ofFile = entries.filter((entry) => entry.file === file);
    changes.push(await planFile(machine, file, ofFile, day));
  }
  for (const entry of entries.filter(isUnit)) changes.push(planUnit(machine, entry));
  return { changes, files };
}

async function planFile(
  machine: Machine,
  path: string,
  entries: readonly ScheduleEntry[],
  day: string,
): Promise<Change> {
  const file = await describeFile(machine, path);
  if (file?.type !== "f") throw refuse(path, "it is a link: change what it leads to, or remove it");
  const ofLines = new Map(
    entries.flatMap((entry) => (entry.line === undefined ? [] : [[entry.line, entry] as const])),
  );
  if (ofLines.size === 0) return disableScriptChange(machine, path);
  const problems: string[] = [];
  const [read] = await readListed(machine, [file], (problem) => problems.push(problem));
  if (read === undefined) throw refuse(path, problems[0] ?? "it cannot be read");
  if (read.text.includes("\uFFFD")) throw refuse(path, "it is not UTF-8: comment its line out by hand");
  const lines = read.text.split("\n");
  for (const [line, { command }] of ofLines) {
    const isThere = (lines[line - 1] ?? "").replaceAll("\\%", "%").includes(command);
    if (!isThere) throw refuse(path, `line ${line} was changed by somebody else at the same time`);
  }
  const after = lines
    .map((text, index) => (ofLines.has(index + 1) ? `# disabled by lastgood on ${day}: ${text}` : text))
    .join("\n");
  const what = `comment out ${[...ofLines.values()].map(placeOf).join(", ")}`;
  return editFileChange(machine, path, { before: read.text, after, what });
}

function isUnit({ source }: ScheduleEntry): boolean {
  return source === "timer" || source === "service";
}

function planUnit(machine: Machine, { file }: ScheduleEntry): Change {
  const name = file.split("/").at(-1) ?? "";
  if (!/^\/(?:etc|run|usr)\//.test(file))
    throw refuse(file, "it is a user's: disable it with systemctl --user");
  if (name.includes("@.")) throw refuse(file, "it is a template: disable its instance with systemctl");
  // A root of its own has no running systemd that could be told to stop it now.
  const now = machine.root === "/" ? ["--now"] : [];
  return systemctlChange(machine, ["disable", ...now, name], ["enable", ...now, name]);
}

function refuse(path: string, why: string): OpsError {
  return new OpsError(`Cannot disable "${path}": ${why}`, {
    outcome: "failed",
    hint: "Nothing was changed; do that, and call this again",
  });
}

/** Copy files with owner, mode and times below a directory of the machine. Throws OpsError "failed". */
export async function copyFiles(
  machine: Machine,
  files: readonly string[],
  directory: string,
): Promise<void> {
  const target = inside(machine, directory);
  for (const file of files) {
    const script = 'mkdir -p -m 700 -- "$2" && cd "$1" && cp -a --parents -- "$3" "$2"/ && sync -- "$2/$3"';
    const command = ["sh", "-c", script, "copy", machine.root, target, file.replace(/^\//, "")] as const;
    const result = await machine.exec(command, { timeoutMs: copyTimeoutMs });
    if (result.exitCode === 0) continue;
    const why = result.timedOut ? "no answer from the file system" : result.stderr.trim();
    throw new OpsError(`Cannot copy "${file}" to "${directory}": ${why}`, {
      outcome: "failed",
      hint: "Nothing was changed; free space there",
    });
  }
}
