/** A directory tree, such as an application's: one tar of it, with everything a restore needs. */
import { join } from "node:path";
import { tarProof } from "#lib/core/proof.ts";
import type { Finding } from "#lib/core/report.ts";
import { createOptions } from "#lib/core/tar-options.ts";
import { createTarReader } from "#lib/core/tar-status.ts";
import { ask, askFileType, askUsage, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";
import { checkDirectory } from "#lib/preflight/check-directory.ts";
import type { Source } from "#lib/sources/source.ts";

export interface ApplicationSettings {
  readonly APP_DIR: string | undefined;
  /** Patterns anchored at APP_DIR; `*` matches `/` as well. */
  readonly APP_EXCLUDES: readonly string[];
  /** Relative paths that must exist. */
  readonly APP_REQUIRED: readonly string[];
  readonly APP_MIN_MB: number;
  readonly APP_ONE_FILE_SYSTEM: boolean;
}

/** The application directory as a source; undefined when none is configured. */
export function createApplicationSource(settings: ApplicationSettings): Source | undefined {
  const directory = settings.APP_DIR;
  if (directory === undefined) return undefined;
  return {
    name: "application",
    kind: "application",
    format: "tar",
    describe: async () => directory,
    fileStem: "application.tar",
    programs: [{ program: "tar", package: "tar" }],
    root: directory,
    measure: (asker) => askUsage(asker, [directory]),
    checkExists: async (asker) => [await checkDirectory(asker, "source", directory)],
    checkContent: (asker) => checkContent(asker, directory, settings.APP_REQUIRED),
    open: async () => ({
      producer: ["tar", ...tarArguments(directory, settings)],
      createReader: createTarReader,
      proof: tarProof,
      problems: [],
      notes: [],
    }),
    minBytes: Math.ceil(settings.APP_MIN_MB * 1024 * 1024),
    minSetting: "APP_MIN_MB",
    whenDoubtful: "failed",
  };
}

/** tar names what it leaves out because of this only where it names every member, which goes nowhere. */
const oneFileSystem: readonly string[] = ["--one-file-system", "--verbose", "--index-file=/dev/null"];

/**
 * Arguments of GNU tar for a whole tree on standard output.
 *
 * Members are sorted and begin with `./`, so a name with a leading dash stays a name.
 */
export function tarArguments(
  directory: string,
  settings: Pick<ApplicationSettings, "APP_EXCLUDES" | "APP_ONE_FILE_SYSTEM">,
): string[] {
  return treeArguments(directory, [
    ...(settings.APP_ONE_FILE_SYSTEM ? oneFileSystem : []),
    "--anchored",
    "--wildcards",
    "--wildcards-match-slash",
    ...settings.APP_EXCLUDES.map((pattern) => `--exclude=./${pattern}`),
  ]);
}

/** The same for any tree, with further options. */
export function treeArguments(directory: string, options: readonly string[] = []): string[] {
  return [...createOptions, ...options, `--directory=${directory}`, "."];
}

async function checkContent(
  asker: FileSystemAsker,
  directory: string,
  required: readonly string[],
): Promise<readonly Finding[]> {
  const first = await ask(asker, [
    "find",
    // The directory may be a link, such as one to the release in use.
    "-H",
    directory,
    "-mindepth",
    "1",
    "-maxdepth",
    "1",
    "-printf",
    "x",
    "-quit",
  ]);
  if (!first.ok || first.value === "") {
    const reason = first.ok ? "it is empty" : first.reason;
    const hint = "Is what belongs there mounted? A backup of nothing would only hide that";
    return [{ name: "source", passed: false, message: `Cannot back up "${directory}": ${reason}`, hint }];
  }
  return Promise.all(required.map((path) => checkRequired(asker, directory, path)));
}

async function checkRequired(asker: FileSystemAsker, directory: string, path: string): Promise<Finding> {
  const type = await askFileType(asker, join(directory, path));
  if (type.ok)
    return {
      name: "source",
      passed: true,
      message: `required ${type.value.replace("regular ", "")} present: ${path}`,
    };
  const message = `Cannot find "${path}" in "${directory}": ${type.reason}`;
  return {
    name: "source",
    passed: false,
    message,
    hint: "It is listed in APP_REQUIRED: is this the right directory?",
  };
}
