/** What a person is told at once when a stack that was stopped for its backup does not run again. */
import type { Alert } from "#lib/core/run-context.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";

interface FailedStart {
  readonly attempts: number;
  readonly problems: readonly string[];
  readonly manualCommand: string;
}

export function describeAlert(name: string, record: StackRecord, failed: FailedStart): Alert {
  const { attempts, problems, manualCommand } = failed;
  return {
    headline: `IMMEDIATE ACTION REQUIRED: stack "${name}" failed to restart after ${formatAttempts(attempts)}`,
    details: [
      ...problems,
      `Containers that should be running: ${record.containers.map((one) => one.name).join(", ")}`,
    ],
    hint: `Manual restart command: ${manualCommand}`,
  };
}

/** The same as one of several problems. */
export function describeFailedStart(
  name: string,
  { attempts, problems }: Pick<FailedStart, "attempts" | "problems">,
): string {
  return `Stack "${name}" does not run after ${formatAttempts(attempts)}: ${problems.join("; ")}`;
}

/** What a person can do about it. */
export function hintOnFailedStart({ manualCommand }: Pick<FailedStart, "manualCommand">): string {
  return `Start it by hand: ${manualCommand}`;
}

function formatAttempts(attempts: number): string {
  return `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`;
}
