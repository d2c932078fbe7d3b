/** From files, environment and defaults to settings: every problem at once, or none. */
import { dirname, join } from "node:path";
import { checkFileMode, isForgeable } from "#lib/config/check-file-mode.ts";
import { type ConfigFile, jobOfFile, readConfigFile, xdgDirectory } from "#lib/config/config-file.ts";
import { crossCheck } from "#lib/config/cross-checks.ts";
import type { SettingContext } from "#lib/config/entry.ts";
import { type Gathered, type GivenText, gatherTexts } from "#lib/config/gather-texts.ts";
import { describeSecretProblem, readSecretCommand, readSecretFile } from "#lib/config/read-secret.ts";
import { entryOf, type SettingName, type Settings, settingNames } from "#lib/config/schema.ts";
import type { Deps } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createSecret, type Secret } from "#lib/core/secret.ts";

export interface ConfigRequest {
  /** `--config`: a path, or the name of a job. */
  readonly configFlag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
  readonly home: string;
  readonly hostname: string;
  readonly deps: Pick<Deps, "exec">;
}

export interface LoadedConfig {
  readonly settings: Settings;
  /** Absolute path of the file. */
  readonly file: string;
  /** Where each value came from: a place, or "default". */
  readonly places: Readonly<Record<SettingName, string>>;
  readonly secrets: readonly Secret[];
}

/** Throws OpsError "config" with every problem, or "denied" when the file's owner or mode is too open. */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const file = await readConfigFile(request);
  const gathered = gatherTexts(file, request.env);
  checkFileMode(file, request.uid, gathered.hasInlineSecret);
  const parsed = await parseSettings(request, file, gathered);
  const found = [...file.problems, ...gathered.problems, ...parsed.problems];
  const problems = found.length > 0 ? found : crossCheck(parsed.settings);
  const [first] = problems;
  if (first !== undefined) {
    const count = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
    throw new OpsError(`The configuration is invalid: ${first}${count}`, {
      outcome: "config",
      hint: `Correct "${file.path}"; --check-config tries it, --print-config shows every key`,
      problems,
    });
  }
  return { settings: parsed.settings, file: file.path, places: parsed.places, secrets: parsed.secrets };
}

/** What is valid in a configuration that as a whole is not, so that just this can be reported by its channels. */
export async function salvageConfig(
  request: ConfigRequest,
): Promise<Omit<LoadedConfig, "places"> | undefined> {
  try {
    const file = await readConfigFile(request);
    // Nothing of a file that somebody else may have written is used: it names programs and addresses.
    if (isForgeable(file, request.uid)) return undefined;
    const parsed = await parseSettings(request, file, gatherTexts(file, request.env));
    return { settings: parsed.settings, file: file.path, secrets: parsed.secrets };
  } catch (error) {
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}

interface ParsedSettings {
  /** Whole: where a text is invalid its default stands in. */
  readonly settings: Settings;
  readonly places: Readonly<Record<SettingName, string>>;
  readonly secrets: readonly Secret[];
  readonly problems: readonly string[];
}

async function parseSettings(
  request: ConfigRequest,
  file: ConfigFile,
  { given }: Gathered,
): Promise<ParsedSettings> {
  const context = settingContext(request, file.path);
  const texts = Object.fromEntries([...given.values()].map(({ name, text }) => [name, text]));
  const values: Record<string, unknown> = {};
  const places: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of settingNames) {
    const one = given.get(name);
    places[name] = one?.place ?? "default";
    const entry = entryOf(name);
    const fallback = entry.default(context, texts);
    values[name] = fallback === undefined ? undefined : entry.parse(context).parse(fallback);
    if (one === undefined) {
      if (entry.isRequired === true) problems.push(`${file.path} has no ${name}: it is required`);
      continue;
    }
    const resolved = await resolveText(one, request, dirname(file.path));
    const parsed = "text" in resolved ? entry.parse(context).safeParse(resolved.text) : undefined;
    if (parsed?.success === true) values[name] = parsed.data;
    else
      problems.push(
        describeProblem(one, entry.isSecret === true, resolved, parsed?.error?.issues[0]?.message),
      );
  }
  const secrets = Object.values(values).filter(isSecret);
  // The record was filled for every name of the schema by that name's own parser.
  return {
    settings: values as unknown as Settings,
    places: places as ParsedSettings["places"],
    secrets,
    problems,
  };
}

type Resolved = { readonly text: string } | { readonly problem: string };

async function resolveText(given: GivenText, request: ConfigRequest, directory: string): Promise<Resolved> {
  try {
    if (given.origin === "file") return { text: await readSecretFile(given.text, directory, request) };
    if (given.origin === "command") return { text: await readSecretCommand(given.text, request) };
    return { text: given.text };
  } catch (error) {
    return { problem: describeSecretProblem(error) };
  }
}

function describeProblem(
  given: GivenText,
  isSecretValue: boolean,
  resolved: Resolved,
  expected = "a valid value",
): string {
  if ("problem" in resolved) return `${given.place}: ${resolved.problem}`;
  const shown = isSecretValue ? "***" : JSON.stringify(resolved.text);
  return `${given.place} is ${shown}: expected ${expected}`;
}

function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && "reveal" in value;
}

/** What defaults may depend on. */
export function settingContext(request: ConfigRequest, file: string): SettingContext {
  const { env, home, uid, hostname } = request;
  const runtime = env["XDG_RUNTIME_DIR"];
  return {
    job: jobOfFile(file),
    isRoot: uid === 0,
    xdg: {
      state: xdgDirectory(env, "XDG_STATE_HOME", join(home, ".local", "state")),
      runtime: runtime?.startsWith("/") ? runtime : undefined,
    },
    hostname,
    directory: dirname(file),
  };
}

/** Secret values of the environment alone: what may be masked before any file is read. */
export function environmentSecrets(env: ConfigRequest["env"]): Secret[] {
  const names = settingNames.filter((name) => entryOf(name).isSecret === true);
  return names.flatMap((name) => (env[name] ? [createSecret(env[name])] : []));
}
