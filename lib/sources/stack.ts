/** One compose stack: what it is made of, and its data as they were at one moment while it was stopped. */
import type { Finding } from "#lib/core/report.ts";
import { planStop } from "#lib/core/stop-plan.ts";
import { askUsage } from "#lib/preflight/ask-file-system.ts";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import { openStack } from "#lib/sources/open-stack.ts";
import type { Source } from "#lib/sources/source.ts";
import type { StackSettings } from "#lib/sources/stack-settings.ts";
import type { FoundStack } from "#lib/stacks/find-stacks.ts";
import type { StackReading } from "#lib/stacks/read-stacks.ts";

export interface NamedStack extends FoundStack {
  readonly componentName: string;
}

/** What is known of all stacks together. */
export interface StackSurvey {
  /** Names of containers whose databases are dumped in this run, and whose files are therefore left out. */
  readonly dumped: ReadonlySet<string>;
  readonly checkDocker: () => Promise<Finding>;
  /** As it was when it was first asked for. */
  readonly read: (stack: FoundStack) => Promise<StackReading>;
  /** As it is now. */
  readonly readAgain: (stack: FoundStack) => Promise<StackReading>;
}

export function createStackSource(stack: NamedStack, settings: StackSettings, survey: StackSurvey): Source {
  return {
    name: stack.componentName,
    kind: "stack",
    fileStem: `${stack.componentName}.tar`,
    format: "tar",
    programs: [
      { program: "tar", package: "tar" },
      { program: "docker", package: "docker.io" },
    ],
    root: stack.directory,
    describe: async () => describeStack(await survey.read(stack), settings),
    readState: async () => (await survey.read(stack)).state,
    measure: async (asker) => {
      const { roots } = await survey.read(stack);
      return askUsage(
        asker,
        roots.map(({ path }) => path),
      );
    },
    checkExists: async (asker) => [await checkDirectory(asker, "stack", stack.directory)],
    checkContent: async () => [await survey.checkDocker()],
    open: async (access) => openStack(await survey.readAgain(stack), settings, access, survey.dumped),
    minBytes: 0,
    minSetting: "APP_MIN_MB",
    whenDoubtful: "failed",
  };
}

/** What would be stopped, what would be read, and what would not. */
function describeStack(reading: StackReading, { STACK_STOP, STACK_FREEZE }: StackSettings): string {
  const { name, directory, state, containers, definition, roots, problems, notes } = reading;
  const { record, notes: stopNotes } = planStop(containers, STACK_STOP);
  const stopped = record?.containers.map((one) => one.name).join(", ");
  return [
    `stack "${name}" (${state}) of ${directory}`,
    stopped === undefined
      ? "  nothing is stopped"
      : `  ${STACK_STOP} and start again: ${stopped} (STACK_FREEZE=${STACK_FREEZE})`,
    ...roots.map(({ origin, path }) => `  ${origin}: ${path}`),
    ...definition.map((path) => `  file: ${path}`),
    ...[...problems, ...stopNotes, ...notes].map((line) => `  ${line}`),
  ].join("\n");
}
