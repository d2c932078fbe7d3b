/** The page over all jobs, or over one: written to a file, sent by mail, or both. It takes no lock and changes nothing of a job. */
import { resolve } from "node:path";
import { shortHostName } from "#lib/core/host-name.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { exitCodeOf } from "#lib/core/outcome.ts";
import type { Overview, OverviewContext } from "#lib/core/overview.ts";
import { createRedactor } from "#lib/core/secret.ts";
import { examineJobs, type LoadedJob, loadJobs } from "#lib/run/checked-jobs.ts";
import { findConfigs } from "#lib/run/find-configs.ts";
import type { CommandDescription } from "#lib/run/help-text.ts";
import { mailOverview } from "#lib/run/mail-overview.ts";
import { commonFlags, type FlagDefinitions, type Flags } from "#lib/run/parse-flags.ts";
import { bindProcess } from "#lib/run/process-binding.ts";
import { logError, runSession, type SessionDefinition } from "#lib/run/run-session.ts";
import type { Session } from "#lib/run/session.ts";
import { packageVersion } from "#lib/run/version.ts";
import type { World } from "#lib/run/world.ts";
import { withDeadline } from "#lib/tools/deadline.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

export interface OverviewDefinition extends CommandDescription {
  readonly main: (context: OverviewContext) => Overview;
}

const { config, quiet, verbose, help, version } = commonFlags;
const common: FlagDefinitions = { config, quiet, verbose, help, version };
const ownFlags: FlagDefinitions = {
  output: { value: "FILE", help: "write the page there" },
  mail: { help: "send it to EMAIL_TO of the jobs, to each address the jobs that report to it" },
};
const writeTimeoutMs = 30_000;

/** Make the page as this process. */
export function runOverview({ main, ...description }: OverviewDefinition): Promise<void> {
  const definition: SessionDefinition = {
    ...description,
    flags: ownFlags,
    shape: { common, operands: [] },
    main: (session, flags) => makeOverview(main, session, flags),
  };
  return bindProcess((world) => runSession(definition, world));
}

async function makeOverview(
  main: OverviewDefinition["main"],
  session: Session,
  flags: Flags,
): Promise<number> {
  const { output, mail } = flags.own;
  if (output === undefined && mail === undefined) {
    const hint = "--output FILE writes it, --mail sends it";
    throw new OpsError("Nothing says where the page is to go", { outcome: "usage", hint });
  }
  const loaded = await loadJobs(session, await listConfigs(session, flags));
  const redact = createRedactor(loaded.flatMap(({ secrets }) => secrets));
  session.log.setRedactor(redact);
  const jobs = await examineJobs(session, loaded, { recover: false, send: false, isLong: true });
  const now = session.deps.clock.now();
  const draw = (isShown: (job: LoadedJob) => boolean) => {
    const host = hostOf(loaded.filter(isShown), session.world);
    const shown = loaded.flatMap((one, index) => (isShown(one) ? jobs.slice(index, index + 1) : []));
    return main({ host, version: packageVersion, now, jobs: shown, redact });
  };
  const problems: unknown[] = [];
  const attempt = async (act: () => Promise<void>) => {
    session.signal.throwIfAborted();
    await act().catch((problem: unknown) => problems.push(problem));
  };
  if (typeof output === "string")
    await attempt(async () =>
      writePage(
        session,
        output,
        draw(() => true),
      ),
    );
  if (mail === true) await attempt(() => mailOverview(session, loaded, now, draw));
  for (const problem of problems.slice(1)) logError(session, problem);
  if (problems.length > 0) throw problems[0];
  return exitCodeOf("complete");
}

async function listConfigs({ world }: Session, flags: Flags): Promise<readonly string[]> {
  if (flags.config !== undefined) return [flags.config];
  const configs = await findConfigs(world);
  if (configs.length > 0) return configs;
  const hint = "Make one: backup-run --print-config > /etc/lastgood/backup.env";
  throw new OpsError("There is no job on this machine", { outcome: "config", hint });
}

/** As the jobs call it, or as it calls itself. */
function hostOf(jobs: readonly LoadedJob[], { hostname }: Pick<World, "hostname">): string {
  const known = jobs.find(({ settings }) => settings !== undefined)?.settings?.HOST_NAME;
  return known ?? shortHostName(hostname);
}

/** As readable as what a shell writes: whoever names a file says who can get at it. */
async function writePage({ world, log }: Session, file: string, { page }: Overview): Promise<void> {
  const path = resolve(world.cwd, file);
  try {
    await withDeadline(writeFileDurably(path, page, { mode: 0o644 }), writeTimeoutMs, `write "${path}"`);
  } catch (cause) {
    if (cause instanceof OpsError) throw cause;
    const hint = "Is its directory there, and is there room?";
    throw new OpsError(`Cannot write the page to "${path}"`, { outcome: "failed", hint, cause });
  }
  log.info("page.written", `Wrote ${path}`);
}
