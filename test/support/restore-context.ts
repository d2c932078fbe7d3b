/** What `restore` is given, without a process around it. */
import { randomUUID } from "node:crypto";
import type { RestoreContext } from "#lib/restore/places.ts";
import { noProgress } from "#lib/run/progress.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";
import { isRoot } from "#test/support/capabilities.ts";
import type { Sandbox } from "#test/support/sandbox.ts";

export interface TestCommand {
  readonly operands: readonly string[];
  readonly flags?: Readonly<Record<string, string | boolean>>;
  readonly signal?: AbortSignal;
  readonly isDryRun?: boolean;
}

export function restoreContext(sandbox: Sandbox, command: TestCommand): RestoreContext {
  const childEnvironment = { PATH: process.env.PATH ?? "", HOME: sandbox.home };
  const ignore = () => undefined;
  return {
    deps: {
      exec: createExec(childEnvironment),
      clock: systemClock,
      http: () => Promise.reject(new Error("no network here")),
      newId: randomUUID,
    },
    log: { debug: ignore, info: ignore, warning: ignore, error: ignore },
    progress: noProgress,
    host: { name: "web1", machineId: undefined },
    runId: randomUUID(),
    startedAt: systemClock.now(),
    isRoot,
    cwd: sandbox.directory,
    cacheDirectory: sandbox.path("cache"),
    isDryRun: command.isDryRun ?? false,
    signal: command.signal ?? new AbortController().signal,
    childEnvironment,
    operands: command.operands,
    flags: command.flags ?? {},
    operator: {
      flags: command.flags ?? {},
      operands: command.operands,
      isThere: false,
      tell: async () => undefined,
      ask: async () => undefined,
      pick: async () => undefined,
      confirm: async () => undefined,
      scriptCommand: (name) => [name],
    },
    settings: undefined,
  };
}
