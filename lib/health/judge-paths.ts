/** Directories, mounts, permissions, programs, the last set itself: would the next run work, is the last one still there? */
import type { HealthFinding } from "#lib/core/health.ts";
import { destinationsOf } from "#lib/health/destinations.ts";
import type { JobView } from "#lib/health/job-view.ts";
import { programsOf } from "#lib/health/needed-programs.ts";

const writableByOthers = 0o002;
const sticky = 0o1000;

export function judgePaths(view: JobView): readonly HealthFinding[] {
  return [
    judgeDirectories(view),
    judgeMounts(view),
    judgePermissions(view),
    judgePrograms(view),
    judgeLastSet(view),
  ];
}

function judgeDirectories({ settings, facts }: JobView): HealthFinding {
  const wanted = [...destinationsOf(settings), ...(settings.APP_DIR === undefined ? [] : [settings.APP_DIR])];
  const problems = wanted.flatMap((path) => {
    const fact = facts.paths.get(path);
    if (fact === undefined || !("reason" in fact)) {
      return fact === undefined || fact.isDirectory ? [] : [`"${path}" is no directory`];
    }
    return [`Cannot find "${path}": ${fact.reason}`];
  });
  return collect("directories", problems, "Source and destinations are there", {
    severity: "critical",
    hint: "Mount what belongs there, or correct the configuration",
  });
}

function judgeMounts({ settings, facts }: JobView): HealthFinding {
  const wanted = [...settings.REQUIRE_MOUNT, ...settings.STORES.flatMap(({ mount }) => mount ?? [])];
  const problems = wanted.flatMap((mount) => {
    const finding = facts.mounts.get(mountKey(mount));
    return finding === undefined || finding.passed ? [] : [finding.message];
  });
  const good = wanted.length === 0 ? "No mount is required" : "What must be mounted is mounted";
  return collect("mounts", problems, good, {
    severity: "critical",
    hint: "Mount it, or correct REQUIRE_MOUNT",
  });
}

export function mountKey({
  path,
  marker,
}: {
  readonly path: string;
  readonly marker: string | undefined;
}): string {
  return `${path}\0${marker ?? ""}`;
}

/** Where everybody may write, anybody may put another set in the place of ours. */
function judgePermissions({ settings, facts, record }: JobView): HealthFinding {
  const set = record.lastSet;
  const wanted = [...destinationsOf(settings), settings.STATE_DIR, ...(set === undefined ? [] : [set])];
  const problems = wanted.flatMap((path) => {
    const fact = facts.paths.get(path);
    if (fact === undefined || "reason" in fact) return [];
    if ((fact.mode & writableByOthers) === 0 || (fact.mode & sticky) !== 0) return [];
    return [`Everybody may write "${path}" (mode ${(fact.mode & 0o7777).toString(8).padStart(4, "0")})`];
  });
  return collect("permissions", problems, "Nobody else may write where sets and state are", {
    severity: "warning",
    hint: "chmod o-w",
  });
}

function judgePrograms({ settings, facts }: JobView): HealthFinding {
  const problems = programsOf(settings).flatMap(({ program }) => {
    const finding = facts.programs.get(program);
    return finding === undefined || finding.passed
      ? []
      : [`${finding.message}${finding.hint === undefined ? "" : ` (${finding.hint})`}`];
  });
  return collect("programs", problems, "Every program that it needs is there", {
    severity: "critical",
    hint: "Install what is missing",
  });
}

/** A disk that was swapped, or an `rm` by hand: the state says good, and there is nothing. */
function judgeLastSet({ record, facts }: JobView): HealthFinding {
  const set = record.lastSet;
  const fact = set === undefined ? undefined : facts.paths.get(set);
  const problems =
    fact !== undefined && "reason" in fact ? [`The last set "${set}" is gone: ${fact.reason}`] : [];
  return collect(
    "last set",
    problems,
    set === undefined ? "No set was made yet" : `The last set is there: ${set}`,
    {
      severity: "critical",
      hint: "Is its disk mounted? If the set was removed, run backup-run",
    },
  );
}

function collect(
  name: string,
  problems: readonly string[],
  good: string,
  bad: { readonly severity: "warning" | "critical"; readonly hint: string },
): HealthFinding {
  if (problems.length === 0) return { name, severity: "ok", message: good };
  return { name, severity: bad.severity, message: problems.join("; "), hint: bad.hint };
}
