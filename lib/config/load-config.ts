/** From files, environment and defaults to settings: every problem at once, or none. */
import { checkFileMode } from "#lib/config/check-file-mode.ts";
import { type ConfigFile, readConfigFile } from "#lib/config/config-file.ts";
import type { ConfigPurpose } from "#lib/config/config-purpose.ts";
import { crossCheck } from "#lib/config/cross-checks.ts";
import { type Gathered, gatherTexts } from "#lib/config/gather-texts.ts";
import { type ParsedSettings, parseSettings } from "#lib/config/parse-settings.ts";
import type { Deps } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";

export interface ConfigRequest {
  /** "backup" unless something else is said. */
  readonly purpose?: ConfigPurpose | undefined;
  /** `--config`: a path, or the name of a job. */
  readonly configFlag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
  readonly home: string;
  readonly hostname: string;
  readonly deps: Pick<Deps, "exec">;
  /** How long the file may take to be opened, and to be read; FS_TIMEOUT is not known yet. Ten seconds by default. */
  readonly answerMs?: number | undefined;
}

export interface LoadedConfig
  extends Pick<ParsedSettings, "settings" | "texts" | "places" | "storeRows" | "secrets"> {
  /** Absolute path of the file. */
  readonly file: string;
}

/** Throws OpsError "config" with every problem, or "denied" when the owner or the mode of a file is too open. */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const file = await readConfigFile(request);
  const gathered = gatherTexts(file, request.env);
  checkFileMode(file, request.uid, gathered.hasInlineSecret);
  const parsed = await parseSettings(request, file.path, gathered);
  if (parsed.denied !== undefined) throw parsed.denied;
  const problems = [
    ...file.problems,
    ...gathered.problems,
    ...parsed.problems,
    ...describeCrossProblems(request, file, gathered, parsed),
  ];
  const [first] = problems;
  if (first !== undefined) {
    const count = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
    throw new OpsError(`The configuration is invalid: ${first}${count}`, {
      outcome: "config",
      hint: `Correct "${file.path}"; --check-config tries it, --print-config shows every key`,
      problems,
    });
  }
  const { settings, texts, places, storeRows, secrets } = parsed;
  return { settings, file: file.path, texts, places, storeRows, secrets };
}

/** A rule between settings says nothing where one of them is invalid and its default stands in. */
function describeCrossProblems(
  { purpose = "backup" }: ConfigRequest,
  file: ConfigFile,
  { given }: Gathered,
  parsed: ParsedSettings,
): string[] {
  return crossCheck(parsed.settings, purpose)
    .filter(({ about }) => !about.some((name) => parsed.invalid.has(name)))
    .map(({ about: [name], message }) => `${given.get(name)?.place ?? `${file.path} ${name}`} ${message}`);
}

/**
 * What is valid in a configuration that as a whole is not, so that just this can be reported by its channels. A file that
 * somebody else may have written gives nothing: it names programs and addresses.
 *
 * Never throws: whoever asks has an error to report, and another one would stand in its way.
 */
export async function salvageConfig(
  request: ConfigRequest,
): Promise<Pick<LoadedConfig, "settings" | "file" | "secrets"> | undefined> {
  try {
    const file = await readConfigFile(request);
    const { settings, secrets } = await parseSettings(request, file.path, gatherTexts(file, request.env));
    return { settings, file: file.path, secrets };
  } catch {
    return undefined;
  }
}
