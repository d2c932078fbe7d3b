/** Surveys, plans and freezers as a run would have them, on whatever file system a test has mounted. */
import type { Exec } from "#lib/core/deps.ts";
import type { FreezeSetting } from "#lib/core/freeze.ts";
import { planFreeze } from "#lib/core/freeze-plan.ts";
import type { UndoEntry } from "#lib/core/undo.ts";
import { createFreezer } from "#lib/stacks/create-freezer.ts";
import type { FreezeAccess, Freezer } from "#lib/stacks/freezer.ts";
import { type SurveyAccess, surveyRoots } from "#lib/stacks/survey-roots.ts";
import { systemClock } from "#lib/tools/clock.ts";
import { createExec } from "#lib/tools/exec.ts";

export const childEnvironment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

export const freezeRunId = "1a2b3c4d-0000-4000-8000-000000000000";

/** A journal in memory: what is in it, and what ever was. */
export interface TestJournal {
  readonly entries: UndoEntry[];
  readonly recorded: UndoEntry[];
  readonly record: (entry: UndoEntry) => Promise<void>;
  readonly forget: (entry: UndoEntry) => Promise<void>;
}

export function createTestJournal(): TestJournal {
  const entries: UndoEntry[] = [];
  const recorded: UndoEntry[] = [];
  return {
    entries,
    recorded,
    record: async (entry) => {
      entries.push(entry);
      recorded.push(entry);
    },
    forget: async (entry) => {
      entries.splice(entries.indexOf(entry), 1);
    },
  };
}

export function surveyAccess(changes: Partial<SurveyAccess> = {}): SurveyAccess {
  return {
    exec: createExec(childEnvironment),
    signal: new AbortController().signal,
    env: childEnvironment,
    timeoutMs: 10_000,
    stallMs: 30_000,
    excludes: [],
    stagingDir: undefined,
    spareDir: undefined,
    ...changes,
  };
}

export function freezeAccess(journal: TestJournal, changes: Partial<FreezeAccess> = {}): FreezeAccess {
  return {
    exec: createExec(childEnvironment),
    clock: systemClock,
    signal: new AbortController().signal,
    journal,
    runId: freezeRunId,
    stack: "plex",
    env: childEnvironment,
    timeoutMs: 10_000,
    stallMs: 30_000,
    excludes: [],
    ...changes,
  };
}

export interface PlannedFreezer extends Freezer {
  readonly strategy: string;
  readonly why: string;
  readonly notes: readonly string[];
  readonly journal: TestJournal;
}

/** Survey, plan and make ready to freeze. */
export async function freezerOf(
  roots: readonly string[],
  setting: FreezeSetting,
  changes: Partial<FreezeAccess> & { readonly survey?: Partial<SurveyAccess> } = {},
): Promise<PlannedFreezer> {
  const { survey, ...access } = changes;
  const facts = await surveyRoots(roots, surveyAccess(survey));
  const plan = planFreeze(facts, [], setting);
  const journal = createTestJournal();
  const freezer = createFreezer(plan, freezeAccess(journal, access));
  return { ...freezer, strategy: plan.strategy, why: plan.why, notes: plan.notes, journal };
}

/** An exec that fails, or does something first, when a command matches. */
export function execWith(isMeant: (command: readonly string[]) => boolean, act: Exec): Exec {
  const real = createExec(childEnvironment);
  return (command, options) => (isMeant(command) ? act(command, options) : real(command, options));
}
