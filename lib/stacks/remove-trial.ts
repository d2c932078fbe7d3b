/** Remove a copy of a stack that a drill has started: its containers, networks and volumes, known by the name of its project. */
import type { Clock, Exec, ExecResult } from "#lib/core/deps.ts";
import { toDockerError } from "#lib/core/docker-words.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import { isTrialProject } from "#lib/core/trial-name.ts";

interface Access {
  readonly exec: Exec;
  readonly clock: Clock;
}

const callMs = 60_000;
const patienceMs = 120_000;
const pollMs = 500;

/** In the order in which they let go of each other. */
const kinds = [
  { list: ["ps", "--all", "--no-trunc"], remove: ["rm", "--force", "--volumes"] },
  { list: ["network", "ls", "--no-trunc"], remove: ["network", "rm"] },
  { list: ["volume", "ls"], remove: ["volume", "rm", "--force"] },
] as const;

/**
 * Resolves when nothing of it has been found twice: the engine may still be making what a client asked for that was killed.
 * Safe to repeat. An engine that does not answer may be starting, and is waited for. Throws OpsError "failed".
 */
export async function removeTrial(project: string, { exec, clock }: Access): Promise<void> {
  if (!isTrialProject(project)) throw new Error(`"${project}" is not the project of a drill`);
  const deadline = clock.monotonicMs() + patienceMs;
  for (let quiet = 0; quiet < 2; ) {
    try {
      quiet = (await removeOnce(project, exec)) ? 0 : quiet + 1;
    } catch (cause) {
      if (!(cause instanceof OpsError)) throw cause;
      if (clock.monotonicMs() >= deadline) throw refuse(project, cause);
    }
    if (quiet < 2) await clock.sleep(pollMs);
  }
}

/** Whether anything was there. */
async function removeOnce(project: string, exec: Exec): Promise<boolean> {
  let wasThere = false;
  for (const { list, remove } of kinds) {
    const filter = ["--quiet", "--filter", `label=com.docker.compose.project=${project}`];
    const { stdout } = await run(exec, [...list, ...filter]);
    const ids = stdout.split("\n").filter((id) => id !== "");
    if (ids.length === 0) continue;
    wasThere = true;
    await run(exec, [...remove, ...ids]);
  }
  return wasThere;
}

async function run(exec: Exec, args: readonly string[]): Promise<ExecResult> {
  const result = await exec(["docker", ...args], { timeoutMs: callMs });
  if (result.exitCode !== 0) throw toDockerError(`run docker ${args[0]} ${args[1]}`, result, callMs);
  return result;
}

function refuse(project: string, cause: OpsError): OpsError {
  return new OpsError(`Cannot remove what a drill has started as "${project}"`, {
    outcome: "failed",
    hint: `${describeError(cause)}. Remove it by hand: docker compose --project-name ${project} down --volumes`,
    cause,
  });
}
