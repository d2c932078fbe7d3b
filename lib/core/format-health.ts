/** What a health check found: for people, for programs, for a monitor of the Nagios kind. */
import { fitLine } from "#lib/core/fit-text.ts";
import { formatTable } from "#lib/core/format-table.ts";
import { headerText } from "#lib/core/header-text.ts";
import {
  type Figure,
  type Health,
  type HealthFinding,
  isProblem,
  worstFirst,
  worstOf,
} from "#lib/core/health.ts";
import { exitCodeOf, type Outcome, type Severity } from "#lib/core/outcome.ts";

const outcomes: Readonly<Record<Severity, Outcome>> = {
  ok: "complete",
  warning: "partial",
  critical: "failed",
  unknown: "bug",
};

/** The outcome whose exit code a plugin of Nagios has for it. */
export function outcomeOf(severity: Severity): Outcome {
  return outcomes[severity];
}

export function stateOf({ jobs, machine }: Health): Severity {
  return worstOf([...jobs.flatMap(({ findings }) => findings), ...machine]);
}

/** A finding with the job that it is about; empty for the machine. */
export interface NamedFinding extends HealthFinding {
  readonly job: string;
}

/** Every problem, the worst first. */
export function listProblems({ jobs, machine }: Health): readonly NamedFinding[] {
  const all = [
    ...machine.map((finding) => ({ ...finding, job: "" })),
    ...jobs.flatMap(({ name, findings }) => findings.map((finding) => ({ ...finding, job: name }))),
  ];
  return worstFirst(all.filter(isProblem));
}

const machineName = "(machine)";

/** A row for each problem and a line for what to do, one row for a job without any; with `isWhole` every finding. */
export function formatHealthTable(health: Health, isWhole: boolean): string {
  const rowsOf = (job: string, findings: readonly HealthFinding[]) => {
    const shown = isWhole ? findings : worstFirst(findings.filter(isProblem));
    const rows = shown.flatMap(({ severity, name, message, hint }) => [
      [job, severity.toUpperCase(), name, headerText(message)],
      ...(hint === undefined || severity === "ok" ? [] : [["", "", "", `-> ${headerText(hint)}`]]),
    ]);
    if (rows.length > 0 || findings.length === 0) return rows;
    const age = findings.find(({ name }) => name === "age") ?? findings[0];
    return [[job, "OK", `${findings.length} checks`, age?.message ?? ""]];
  };
  return formatTable([
    ["JOB", "STATE", "CHECK", "WHAT"],
    ...rowsOf(machineName, health.machine),
    ...health.jobs.flatMap(({ name, findings }) => rowsOf(name, findings)),
  ]);
}

export function healthJson(
  health: Health,
  { host, checkedAt }: { readonly host: string; readonly checkedAt: Date },
): Record<string, unknown> {
  const state = stateOf(health);
  return {
    schema: 1,
    state,
    exitCode: exitCodeOf(outcomeOf(state)),
    host,
    checkedAt: checkedAt.toISOString(),
    jobs: health.jobs.map(({ name, findings }) => ({ job: name, state: worstOf(findings), findings })),
    machine: health.machine,
  };
}

/** One line with figures, then a line for each problem; texts hold no `|`, which would begin the figures. */
export function formatNagios(health: Health): string {
  const problems = listProblems(health);
  const [first] = problems;
  const count = health.jobs.length === 1 ? "1 job is well" : `${health.jobs.length} jobs are well`;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  const text = first === undefined ? count : fitLine(describeProblem(first), problemCharacters) + more;
  const figures = health.jobs.flatMap(({ name, findings }) =>
    findings.flatMap(({ name: check, figure }) =>
      figure === undefined ? [] : formatFigure(`${name} ${check}`, figure),
    ),
  );
  const lines = problems.map((problem) =>
    plain(`${problem.severity.toUpperCase()} ${describeProblem(problem)}`),
  );
  const head = [nagiosHead(stateOf(health), text), ...(figures.length === 0 ? [] : ["|", ...figures])];
  return `${[head.join(" "), ...lines].join("\n")}\n`;
}

/** Behind it come the figures, and what carries both may end at 1024 characters. */
const headCharacters = 120;
const problemCharacters = 80;

/** The first words of a plugin's output. */
export function nagiosHead(state: Severity, text: string): string {
  return fitLine(plain(`LASTGOOD ${state.toUpperCase()}: ${text}`), headCharacters);
}

export function describeProblem({ job, name, message }: NamedFinding): string {
  return `${job === "" ? "" : `${job}: `}${name}: ${message}`;
}

function plain(text: string): string {
  return headerText(text).replaceAll("|", "/");
}

/** `'shop age'=7200s;36000`: beyond the limit, or below `limit:`, is a problem. */
function formatFigure(label: string, { value, unit, limit, isMinimum }: Figure): string {
  const range = limit === undefined ? "" : `;${limit}${isMinimum === true ? ":" : ""}`;
  return `'${plain(label).replaceAll(/[='|]/g, "_")}'=${value}${unit === "c" ? "" : unit}${range}`;
}
