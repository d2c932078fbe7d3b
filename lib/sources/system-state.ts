/** The state of the system: configuration and facts that rebuilding it needs, item by item, in one tar. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { tarProof } from "#lib/core/proof.ts";
import { listSystemItems, type SystemItem } from "#lib/core/system-items.ts";
import { createTarReader } from "#lib/core/tar-status.ts";
import { treeArguments } from "#lib/sources/application.ts";
import { type CollectedItem, collectItem, writeOwn } from "#lib/sources/collect-item.ts";
import type { OpenSource, Source, SourceAccess } from "#lib/sources/source.ts";

export interface SystemStateSettings {
  readonly SYSTEM_STATE: boolean;
  /** Ids of items to leave out. */
  readonly SYSTEM_STATE_SKIP: readonly string[];
  readonly APP_DIR: string | undefined;
}

const atOnce = 8;

/** The system's state as a source; undefined when it is not asked for. */
export function createSystemStateSource(settings: SystemStateSettings): Source | undefined {
  if (!settings.SYSTEM_STATE) return undefined;
  const items = listSystemItems(settings.APP_DIR);
  const skipped = settings.SYSTEM_STATE_SKIP;
  const wanted = items.filter(({ id }) => !skipped.includes(id));
  return {
    name: "system-state",
    kind: "system-state",
    fileStem: "system-state.tar",
    format: "tar",
    programs: [{ program: "tar", package: "tar" }],
    root: undefined,
    describe: async () => `${wanted.length} items of the system's state`,
    checkExists: async () => [],
    checkContent: async () => [],
    open: async (access) => {
      const opened = await openItems(items, skipped, access);
      const unknown = skipped.filter((id) => !items.some((item) => item.id === id));
      return { ...opened, notes: unknown.map((id) => `SYSTEM_STATE_SKIP names "${id}", which is no item`) };
    },
    minBytes: 0,
    minSetting: "APP_MIN_MB",
    whenDoubtful: "doubtful",
  };
}

/** Collect `items`, several at once; those named in `skipped` are in the index alone. */
export async function openItems(
  items: readonly SystemItem[],
  skipped: readonly string[],
  access: SourceAccess,
): Promise<OpenSource> {
  const staging = await access.stagingDirectory();
  const own = join(staging, "own");
  const list = join(staging, "members");
  await mkdir(own, { mode: 0o700 });
  const collected = await collectAll(items, async (item) =>
    skipped.includes(item.id) ? { state: "skipped", files: [] } : collectItem(item, own, access),
  );
  const index = Object.fromEntries(collected.map(([item, state]) => [item.id, describeItem(item, state)]));
  await writeOwn(join(own, "INDEX.json"), `${JSON.stringify(index, null, 2)}\n`, access);
  const members = collected.flatMap(([{ kind }, { files }]) => (kind === "paths" ? files : []));
  await writeOwn(list, [...new Set(members)].map((path) => `${path}\0`).join(""), access);
  return {
    producer: ["tar", ...treeArguments(own), ...memberArguments(list)],
    createReader: createTarReader,
    proof: tarProof,
    problems: collected.flatMap(([{ id }, { state, reason }]) =>
      state === "failed" ? [`The system state lacks ${id}: ${reason}`] : [],
    ),
    notes: [],
    facts: { items: Object.fromEntries(collected.map(([{ id }, state]) => [id, countFiles(state)])) },
  };
}

/** Every item with what became of it, in their order. Nothing is under way any more when this returns or throws. */
async function collectAll(
  items: readonly SystemItem[],
  collect: (item: SystemItem) => Promise<CollectedItem>,
): Promise<readonly (readonly [SystemItem, CollectedItem])[]> {
  const results = new Map<SystemItem, CollectedItem>();
  const waiting = items.values();
  const workers = Array.from({ length: atOnce }, async () => {
    for (const item of waiting) results.set(item, await collect(item));
  });
  await Promise.allSettled(workers);
  await Promise.all(workers);
  return items.flatMap((item) => {
    const result = results.get(item);
    return result === undefined ? [] : [[item, result]];
  });
}

/**
 * Arguments of GNU tar for the files of this machine, by a list of their absolute names. They come to lie below `files/`, so
 * that unpacking in the wrong place overwrites nothing, and links in them still lead where they led.
 */
function memberArguments(list: string): string[] {
  return [
    "--absolute-names",
    "--transform=flags=rhS;s,^/,./files/,",
    "--no-recursion",
    "--null",
    `--files-from=${list}`,
  ];
}

/** For whoever opens the archive: what it is, how it was got, what there is of it. */
function describeItem(item: SystemItem, state: CollectedItem) {
  const { id, kind, file, ...got } = { file: undefined, ...item };
  return { ...got, ...state };
}

/** For the manifest: names of files are in the index. */
function countFiles({ state, reason, files, leftOut }: CollectedItem) {
  return {
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(files.length === 0 ? {} : { files: files.length }),
    ...(leftOut === undefined ? {} : { keysLeftOut: leftOut.length }),
  };
}
