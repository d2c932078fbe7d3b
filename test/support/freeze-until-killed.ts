/**
 * Freeze and thaw data again and again, with a journal on the disk, until this process is killed. Started by a test:
 * `bun freeze-until-killed.ts ROOT STRATEGY JOURNAL RUN_ID`.
 */
import type { FreezeSetting } from "#lib/core/freeze.ts";
import { planFreeze } from "#lib/core/freeze-plan.ts";
import { openJournal } from "#lib/run/journal.ts";
import { createFreezer } from "#lib/stacks/create-freezer.ts";
import { surveyRoots } from "#lib/stacks/survey-roots.ts";
import { createExec } from "#lib/tools/exec.ts";
import { runMark } from "#lib/tools/processes.ts";
import { childEnvironment, createTestJournal, freezeAccess, surveyAccess } from "#test/support/freezing.ts";

const [root = "", setting = "", path = "", runId = ""] = process.argv.slice(2);
const env = { ...childEnvironment, [runMark]: runId };
const exec = createExec(env);
const start = { runId, script: "test", job: "test", host: "test", pid: process.pid, startedAt: "", undo: [] };
const journal = await openJournal(path, start);
const facts = await surveyRoots([root], surveyAccess({ exec, env }));
const plan = planFreeze(facts, [], setting as FreezeSetting);
for (;;) {
  const freezer = createFreezer(plan, {
    ...freezeAccess(createTestJournal(), { exec, env, runId }),
    journal,
  });
  await freezer.prepare();
  await freezer.freeze();
  await freezer.release();
  process.stdout.write(".");
}
