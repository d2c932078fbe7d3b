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
    headline: `IMMEDIATE ACTION REQUIRED: stack "${name}" failed to restart after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}`,
    details: [
      ...problems,
      `Containers that should be running: ${record.containers.map((one) => one.name).join(", ")}`,
    ],
    hint: `Manual restart command: ${manualCommand}`,
  };
}
