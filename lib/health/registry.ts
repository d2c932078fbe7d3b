/** Every finding about a job: a new one is one file here and one line below. */
import type { JudgeJob } from "#lib/health/job-view.ts";
import { judgeAge } from "#lib/health/judge-age.ts";
import { judgeClock } from "#lib/health/judge-clock.ts";
import { judgeLock } from "#lib/health/judge-lock.ts";
import { judgeNamesakes } from "#lib/health/judge-namesakes.ts";
import { judgePaths } from "#lib/health/judge-paths.ts";
import { judgeProofs } from "#lib/health/judge-proofs.ts";
import { judgeRuns } from "#lib/health/judge-runs.ts";
import { judgeSchedule } from "#lib/health/judge-schedule.ts";
import { judgeSize } from "#lib/health/judge-size.ts";
import { judgeSpace } from "#lib/health/judge-space.ts";
import { judgeStacks } from "#lib/health/judge-stacks.ts";
import { judgeState } from "#lib/health/judge-state.ts";
import { judgeStores } from "#lib/health/judge-stores.ts";
import { judgeWaiting } from "#lib/health/judge-waiting.ts";

export const jobFindings: readonly JudgeJob[] = [
  judgeNamesakes,
  judgeAge,
  judgeRuns,
  judgeSchedule,
  judgePaths,
  judgeSpace,
  judgeSize,
  judgeStores,
  judgeStacks,
  judgeProofs,
  judgeWaiting,
  judgeLock,
  judgeClock,
  judgeState,
];
