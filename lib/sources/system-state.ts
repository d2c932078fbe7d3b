/** The state of the system: configuration and facts that rebuilding it needs, collected item by item, then one tar of them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describeError, errorCode, OpsError } from "#lib/core/ops-error.ts";
import { tarProof } from "#lib/core/proof.ts";
import { keyPatterns, listSystemItems, readEnvNames, type SystemItem } from "#lib/core/system-items.ts";
import { createTarReader } from "#lib/core/tar-status.ts";
import { treeArguments } from "#lib/sources/application.ts";
import type { OpenSource, Source, SourceAccess } from "#lib/sources/source.ts";

export interface SystemStateSettings {
  readonly SYSTEM_STATE: boolean;
  /** Ids of items to leave out. */
  readonly SYSTEM_STATE_SKIP: readonly string[];
  readonly APP_DIR: string | undefined;
}

type ItemState =
  | { readonly state: "collected" }
  /** Not on this machine, which is normal. */
  | { readonly state: "not_found" }
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "skipped" };

const atOnce = 6;

/** The system's state as a source; undefined when it is not asked for. */
export function createSystemStateSource(settings: SystemStateSettings): Source | undefined {
  if (!settings.SYSTEM_STATE) return undefined;
  return {
    name: "system-state",
    kind: "system-state",
    fileStem: "system-state.tar",
    format: "tar",
    programs: [{ program: "tar", package: "tar" }],
    root: undefined,
    description: `${listSystemItems(settings.APP_DIR).length} items of the system's state`,
    checkExists: async () => [],
    checkContent: async () => [],
    open: (access) => openSource(settings, access),
    minBytes: 0,
    minSetting: "APP_MIN_MB",
    whenDoubtful: "doubtful",
  };
}

async function openSource(settings: SystemStateSettings, access: SourceAccess): Promise<OpenSource> {
  const directory = await access.stagingDirectory();
  const items = listSystemItems(settings.APP_DIR);
  const unknown = settings.SYSTEM_STATE_SKIP.filter((id) => !items.some((item) => item.id === id));
  const states = new Map<string, ItemState>();
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const isSkipped = settings.SYSTEM_STATE_SKIP.includes(item.id);
      states.set(item.id, isSkipped ? { state: "skipped" } : await collectItem(item, directory, access));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const index = Object.fromEntries(items.map(({ id }) => [id, states.get(id)]));
  await writeFile(join(directory, "INDEX.json"), `${JSON.stringify(index, null, 2)}\n`, { mode: 0o600 });
  return {
    producer: ["tar", ...treeArguments(directory)],
    createReader: createTarReader,
    proof: tarProof,
    problems: [...states].flatMap(([id, state]) =>
      state.state === "failed" ? [`The system state lacks ${id}: ${state.reason}`] : [],
    ),
    notes: unknown.map((id) => `SYSTEM_STATE_SKIP names "${id}", which is no item`),
    facts: { items: index },
  };
}

/** Whatever goes wrong with an item stays with it. */
async function collectItem(item: SystemItem, directory: string, access: SourceAccess): Promise<ItemState> {
  try {
    if (item.kind === "command") return await runCommand(item, directory, access);
    if (item.kind === "paths") return await copyPaths(item, directory, access);
    return await writeNames(item, directory);
  } catch (error) {
    access.signal.throwIfAborted();
    return { state: "failed", reason: describeError(error) };
  }
}

async function runCommand(
  { command, file }: Extract<SystemItem, { kind: "command" }>,
  directory: string,
  { exec, signal, timeoutMs }: SourceAccess,
): Promise<ItemState> {
  const result = await exec(command, { signal, timeoutMs });
  if (result.notFound) return { state: "not_found" };
  if (result.timedOut) return { state: "failed", reason: `no answer after ${timeoutMs / 1000} s` };
  if (result.exitCode !== 0) {
    const words = result.stderr.trim().split("\n").at(-1) || `it ended with ${result.exitCode}`;
    // What is installed, but not running, has no state.
    if (
      /not been booted with systemd|Failed to connect to bus|Cannot connect to the Docker daemon/.test(words)
    ) {
      return { state: "not_found" };
    }
    return { state: "failed", reason: `${command[0]}: ${words}` };
  }
  await writeFile(join(directory, file), result.stdout, { mode: 0o600 });
  return { state: "collected" };
}

/** By tar, so that owners, modes and links stay as they are, and keys are passed over. */
async function copyPaths(
  { paths }: Extract<SystemItem, { kind: "paths" }>,
  directory: string,
  { exec, signal, timeoutMs }: SourceAccess,
): Promise<ItemState> {
  const found: string[] = [];
  for (const path of paths) {
    const answer = await exec(["test", "-e", path], { signal, timeoutMs });
    if (answer.timedOut) return { state: "failed", reason: `no answer from the file system of ${path}` };
    if (answer.exitCode === 0) found.push(path);
  }
  if (found.length === 0) return { state: "not_found" };
  const target = join(directory, "files");
  await mkdir(target, { recursive: true, mode: 0o700 });
  const excludes = keyPatterns.map((pattern) => `--exclude=${pattern}`);
  // The shell joins two programs, and says when the first of them failed.
  const script =
    'd=$1; shift; exec 3>&1; { tar --create --file=- --directory=/ --ignore-case "$@" || echo "first $?" >&3; } | tar --extract --file=- --directory="$d" --numeric-owner';
  const relative = found.map((path) => path.slice(1));
  const result = await exec(["sh", "-c", script, "copy", target, ...excludes, "--", ...relative], {
    signal,
    timeoutMs,
  });
  if (result.timedOut) return { state: "failed", reason: `not copied after ${timeoutMs / 1000} s` };
  if (result.exitCode === 0 && result.stdout === "") return { state: "collected" };
  const words = result.stderr
    .trim()
    .split("\n")
    .find((line) => !line.includes("Exiting with failure"));
  // Files that changed while they were read are as good as before.
  if (result.stdout.trim() === "first 1" && result.exitCode === 0) return { state: "collected" };
  return { state: "failed", reason: words ?? "tar failed" };
}

async function writeNames(
  { path, file }: Extract<SystemItem, { kind: "names" }>,
  directory: string,
): Promise<ItemState> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return { state: "not_found" };
    throw new OpsError(`Cannot read "${path}"`, { outcome: "failed", cause });
  }
  await mkdir(dirname(join(directory, file)), { recursive: true });
  await writeFile(join(directory, file), `${readEnvNames(text).join("\n")}\n`, { mode: 0o600 });
  return { state: "collected" };
}
