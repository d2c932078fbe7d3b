/** What the judge says of an archive's members, against what was written, and against what was asked for. */
import { countDone, countNoun } from "#lib/core/count-noun.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import type { JudgedMembers, NamedMember } from "#lib/core/tar-judge.ts";

const namesShown = 10;

/** Of paths that were asked for, one at least must be there. Throws OpsError "failed". */
export function refuseIfNowhere(archive: string, paths: readonly string[], { missing }: JudgedMembers): void {
  if (paths.length === 0 || missing.length < paths.length) return;
  throw new OpsError(`Cannot find ${paths.map((path) => `"${path}"`).join(", ")} in ${archive}`, {
    outcome: "failed",
    hint: paths.some((path) => path.includes("\uFFFD"))
      ? "A name that is no UTF-8 cannot be asked for: take the directory that it lies in"
      : "Paths are relative to the directory that was backed up; restore show SET names the components",
  });
}

/** An archive that ends well and has fewer members than were written is not what was written. Throws OpsError "failed". */
export function checkCount(file: string, entries: number | undefined, members: JudgedMembers): void {
  if (entries === undefined || members.entries === entries) return;
  throw new OpsError(
    `Cannot restore "${file}": it has ${countNoun(members.entries, "member")}, ${countDone(entries, "written")}`,
    {
      outcome: "failed",
    },
  );
}

/** The first of them, a line each. */
export function nameMembers(
  { count, members }: { readonly count: number; readonly members: readonly NamedMember[] },
  what: string,
): string[] {
  const shown = members.slice(0, namesShown).map(({ name, reason }) => `"${name}" was ${what}: ${reason}`);
  return count > shown.length
    ? [...shown, `and ${count - shown.length} more ${count - shown.length === 1 ? "was" : "were"} ${what}`]
    : shown;
}
