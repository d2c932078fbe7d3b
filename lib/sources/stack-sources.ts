/** The compose stacks of this host, each a source of its own. */
import { nameComponent } from "#lib/core/component-name.ts";
import type { Container } from "#lib/core/containers.ts";
import type { Clock, Exec } from "#lib/core/deps.ts";
import { isDumped } from "#lib/core/dump-label.ts";
import { once } from "#lib/core/once.ts";
import { describeError, OpsError } from "#lib/core/ops-error.ts";
import type { Finding } from "#lib/core/report.ts";
import type { FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import type { Source } from "#lib/sources/source.ts";
import { createStackSource, type StackSurvey } from "#lib/sources/stack.ts";
import { createDumpSources } from "#lib/sources/stack-dumps.ts";
import type { StackSettings } from "#lib/sources/stack-settings.ts";
import { createDocker, type Docker } from "#lib/stacks/docker.ts";
import { findStacks } from "#lib/stacks/find-stacks.ts";
import { foreseeConfig } from "#lib/stacks/foresee-config.ts";
import { readStacks, type StackAccess, type StackReading } from "#lib/stacks/read-stacks.ts";

/** What finding sources needs of the outside. */
export interface Discovery extends FileSystemAsker {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly hostName: string;
}

/** Only their directory is looked into; docker is asked when a check or a run needs it. */
export async function createStackSources(
  settings: StackSettings,
  discovery: Discovery,
): Promise<readonly Source[]> {
  const { STACKS_DIR } = settings;
  if (STACKS_DIR === undefined) return [];
  try {
    const found = await findStacks(discovery, { ...settings, STACKS_DIR }, discovery.hostName);
    const docker = createDocker(discovery);
    const destinations = [settings.BACKUP_DIR, settings.SECONDARY_DIR].filter((one) => one !== undefined);
    const access: StackAccess = { docker, asker: discovery, settings, destinations };
    const readAll = once(() => readStacks(access, found.stacks));
    const known = await readKnown(docker);
    const dumped = new Set<string>();
    const survey: StackSurvey = {
      dumped,
      checkDocker: once(() => checkDocker(access)),
      read: async (stack) =>
        (await readAll()).find(({ name }) => name === stack.name) ?? readOne(access, stack),
      readAgain: (stack) => readOne({ ...access, docker: foreseeConfig(docker, stack, known) }, stack),
    };
    const taken = new Set<string>();
    const sources = found.stacks.map((stack) =>
      createStackSource({ ...stack, componentName: nameUniquely(stack.name, taken) }, settings, survey),
    );
    const dumps: Source[] = [];
    for (const { name, containers } of known.some(isDumped) ? await readAll() : []) {
      for (const container of containers.filter(isDumped)) dumped.add(container.name);
      const nameOf = ({ service }: Container) => nameUniquely(`${name}-${service}`, taken);
      dumps.push(...createDumpSources(containers, settings, nameOf));
    }
    const unreadable = found.problems.length === 0 ? [] : [createUnreadable(found.problems)];
    return [...dumps, ...sources, ...unreadable];
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return [createUnreadable([describeError(error)], error.hint)];
  }
}

/** What docker does not say now, it will not say to the checks either. */
async function readKnown(docker: Docker): Promise<readonly Container[]> {
  try {
    return await docker.readContainers();
  } catch (error) {
    if (error instanceof OpsError) return [];
    throw error;
  }
}

async function readOne(
  access: StackAccess,
  stack: Parameters<StackSurvey["read"]>[0],
): Promise<StackReading> {
  const [reading] = await readStacks(access, [stack]);
  if (reading === undefined) throw new Error("A stack that was asked for is in the answer");
  return reading;
}

async function checkDocker({ docker }: StackAccess): Promise<Finding> {
  try {
    await docker.ping();
    return { name: "docker", passed: true, message: "Docker answers" };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { name: "docker", passed: false, message: describeError(error), hint: error.hint };
  }
}

/** Names that would fall together are numbered. */
function nameUniquely(name: string, taken: Set<string>): string {
  const plain = nameComponent(name);
  let chosen = plain;
  for (let number = 2; taken.has(chosen.toLowerCase()); number += 1) chosen = `${plain}-${number}`;
  taken.add(chosen.toLowerCase());
  return chosen;
}

/** What was asked for and cannot be found: missing in the set, and said so. */
function createUnreadable(problems: readonly string[], hint?: string): Source {
  const findings = problems.map((message): Finding => ({ name: "stacks", passed: false, message, hint }));
  return {
    name: "stacks",
    kind: "stack",
    fileStem: "stacks.tar",
    format: "tar",
    programs: [],
    root: undefined,
    describe: async () => "stacks that cannot be found",
    checkExists: async () => findings,
    checkContent: async () => findings,
    open: async () => {
      throw new OpsError(problems.join("; "), { outcome: "failed", hint });
    },
    minBytes: 0,
    minSetting: "APP_MIN_MB",
    whenDoubtful: "doubtful",
  };
}
