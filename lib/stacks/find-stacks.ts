/** The stacks in STACKS_DIR: each directory in it that has a compose file. */
import { join } from "node:path";
import { composeFileNames, overrideFileNames } from "#lib/core/compose-files.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { selectStacks } from "#lib/core/select-stacks.ts";
import { askFileType, type FileSystemAsker } from "#lib/preflight/ask-file-system.ts";

export interface FoundStack {
  /** Of its directory. */
  readonly name: string;
  readonly directory: string;
  /** The compose file, its override and `.env`, as far as they are there. */
  readonly files: readonly string[];
}

export interface StackSearch {
  readonly STACKS_DIR: string;
  readonly STACKS_DIR_APPEND_HOSTNAME: "auto" | "true" | "false";
  readonly STACKS_SELECT: readonly string[];
  readonly STACKS_SKIP: readonly string[];
}

export interface FoundStacks {
  /** Where they were looked for. */
  readonly base: string;
  readonly stacks: readonly FoundStack[];
  /** What was asked for and is not there, or could not be looked into. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Throws OpsError "failed" when there is no such directory, or it cannot be read. */
export async function findStacks(
  asker: FileSystemAsker,
  search: StackSearch,
  hostName: string,
): Promise<FoundStacks> {
  const base = await findBase(asker, search, hostName);
  const { names, filesOf, problems } = await listDirectories(asker, base);
  const usable = names.filter((name) => !name.startsWith("."));
  const hasStack = (name: string) => composeFileNames.some((file) => filesOf.get(name)?.has(file));
  const odd = usable.filter((name) => hasStack(name) && isOdd(name));
  const stacks = usable
    .filter((name) => hasStack(name) && !isOdd(name))
    .map((name): FoundStack => {
      const directory = join(base, name);
      return { name, directory, files: chooseFiles(filesOf.get(name)).map((file) => join(directory, file)) };
    });
  const selection = selectStacks(stacks, search.STACKS_SELECT, search.STACKS_SKIP);
  const plain = usable.filter((name) => !(hasStack(name) || search.STACKS_SKIP.includes(name)));
  return {
    base,
    stacks: selection.stacks,
    problems: [
      ...problems,
      ...selection.problems,
      ...odd.map(
        (name) => `Cannot back up the stack in ${JSON.stringify(join(base, name))}: rename its directory`,
      ),
    ],
    notes: [
      ...selection.notes,
      ...plain.map((name) => `Directory ${JSON.stringify(join(base, name))} has no compose file`),
    ],
  };
}

async function findBase(asker: FileSystemAsker, search: StackSearch, hostName: string): Promise<string> {
  const { STACKS_DIR, STACKS_DIR_APPEND_HOSTNAME } = search;
  const below = join(STACKS_DIR, hostName);
  if (STACKS_DIR_APPEND_HOSTNAME === "true") return below;
  if (STACKS_DIR_APPEND_HOSTNAME === "false") return STACKS_DIR;
  const type = await askFileType(asker, below);
  return type.ok && type.value === "directory" ? below : STACKS_DIR;
}

interface Listing {
  readonly names: readonly string[];
  readonly filesOf: ReadonlyMap<string, ReadonlySet<string>>;
  readonly problems: readonly string[];
}

/** All directories and what is called like a compose file in them, by one program, whatever is in their names. */
async function listDirectories({ exec, timeoutMs, signal }: FileSystemAsker, base: string): Promise<Listing> {
  const wanted = [...composeFileNames, ...overrideFileNames, ".env"].flatMap((name) => ["-o", "-name", name]);
  const tests = ["(", "-type", "d", ...wanted, ")", "-printf", "%d %y %P\\0"];
  const depth = ["-mindepth", "1", "-maxdepth", "2"];
  const result = await exec(["find", "-L", base, ...depth, ...tests], { timeoutMs, signal });
  const complaints = result.stderr.split("\n").flatMap((line) => line.replace(/^find: /, "").trim() || []);
  if (result.timedOut || (result.exitCode !== 0 && result.stdout === "")) {
    const words = result.timedOut ? `no answer after ${timeoutMs / 1000} s` : complaints.join("; ");
    throw new OpsError(`Cannot read STACKS_DIR "${base}": ${words}`, {
      outcome: "failed",
      hint: "Does it exist, is its disk mounted, and may this user read it?",
    });
  }
  const names: string[] = [];
  const filesOf = new Map<string, Set<string>>();
  for (const entry of result.stdout.split("\0")) {
    const [, depthOfEntry, type, path = ""] = /^(\d) (.) (.*)$/s.exec(entry) ?? [];
    const slash = path.lastIndexOf("/");
    if (depthOfEntry === "1" && type === "d") names.push(path);
    if (depthOfEntry !== "2" || type !== "f") continue;
    const files = filesOf.get(path.slice(0, slash)) ?? new Set();
    filesOf.set(path.slice(0, slash), files.add(path.slice(slash + 1)));
  }
  return {
    names: names.sort((a, b) => (a < b ? -1 : 1)),
    filesOf,
    problems: complaints.filter(isTrouble).map((line) => `Cannot read ${line}`),
  };
}

/** Links that lead in circles lead to no stack. */
function isTrouble(complaint: string): boolean {
  return !/^File system loop detected|: Too many levels of symbolic links$/.test(complaint);
}

/** What neither a person nor a log line can name. */
function isOdd(name: string): boolean {
  return /[\p{Cc}\uFFFD]/u.test(name);
}

function chooseFiles(files: ReadonlySet<string> | undefined): string[] {
  const first = (names: readonly string[]) => names.find((name) => files?.has(name)) ?? [];
  return [composeFileNames, overrideFileNames, [".env"]].flatMap(first);
}
