/**
 * A copy made while the stack runs, brought up to date in the window by what has changed since.
 *
 * What makes it true: the tree is listed before it is copied, so whatever changes during the copy differs from that list. Between
 * the two the file system is synced and time passes. The sync takes the write permission from every mapped page, so that a program
 * that writes to its memory shows in the file's change time again; the pause is longer than the grain of that time, so that
 * a change after the list cannot bear the time that is in it.
 */
import { Buffer } from "node:buffer";
import { basename, dirname, join } from "node:path";
import type { RootFacts } from "#lib/core/freeze.ts";
import { createExcluder } from "#lib/core/tar-pattern.ts";
import {
  type CopiedTree,
  hasCoarseTimes,
  type ListedEntry,
  planDelta,
  takeStock,
} from "#lib/core/tree-delta.ts";
import { copyByCp } from "#lib/stacks/copy-by-cp.ts";
import { copyByTar } from "#lib/stacks/copy-by-tar.ts";
import { planCopyDirectory } from "#lib/stacks/copy-directory.ts";
import { feedNames } from "#lib/stacks/feed-names.ts";
import type { FreezeAccess } from "#lib/stacks/freezer.ts";
import type { Holder } from "#lib/stacks/holder.ts";
import { listTree } from "#lib/stacks/list-tree.ts";
import { syncFileSystem } from "#lib/stacks/run-command.ts";

/** Longer than the grain of change times: a tick of the kernel's clock, or where they are whole seconds, two of them. */
const pauseMs = { fine: 20, coarse: 2100 } as const;

/** A file of this size is worth a program of its own: several are copied at once, or share their blocks in no time. */
const largeBytes = 256 * 1024;
const atOnce = 4;
const mostPerProgram = 32;

export function createPresyncHolder(root: RootFacts, index: number, access: FreezeAccess): Holder {
  const directory = planCopyDirectory(root, index, access);
  const isExcluded = createExcluder(access.excludes);
  const list = (path: string, isLive: boolean) => listTree(path, isLive, { ...access, isExcluded });
  let copied: CopiedTree = { entries: new Map() };
  return {
    prepare: async () => {
      await directory.make();
      const before = await list(root.path, true);
      const identities = [...before.values()].map(({ identity }) => identity);
      await access.clock.sleep(hasCoarseTimes(identities) ? pauseMs.coarse : pauseMs.fine, access.signal);
      await syncFileSystem(root.path, access);
      if (root.sharesBlocks) await copyByCp(root.path, directory.path, true, access);
      else await copyByTar(root.path, directory.path, { excludes: access.excludes }, true, access);
      // What the kernel still has to write of the copy would hold up the disk in the window, and with it docker.
      await syncFileSystem(directory.path, access);
      const made = await listTree(directory.copy, false, { ...access, isExcluded: () => false });
      const isKept = ({ name }: ListedEntry) => !isExcluded(name);
      const unwanted = [...made.values()].filter((entry) => !isKept(entry));
      await removeNames(
        directory.path,
        directory.copy,
        unwanted.map(({ name }) => name),
        access,
      );
      copied = takeStock(before, [...made.values()].filter(isKept));
    },
    freeze: async () => {
      const now = await list(root.path, false);
      const { copy, remove } = planDelta(copied, now);
      await removeNames(directory.path, directory.copy, remove, access);
      const large = copy.filter(isLarge);
      const others = copy.filter((entry) => !isLarge(entry));
      await copyNames(root.path, directory.path, others, access);
      if (large.length > 0) {
        await copyLarge(root.path, directory.path, large, access);
        // What came into them took their times from them.
        const directories = others.filter(({ type }) => type === "d");
        await copyNames(root.path, directory.path, directories, access);
      }
      return [{ original: root.path, frozen: directory.copy }];
    },
    release: directory.remove,
  };
}

/** Other names of a file must be copied with it, by tar. */
function isLarge({ type, size, isLinked }: ListedEntry): boolean {
  return type === "f" && !isLinked && Number(size) >= largeBytes;
}

async function removeNames(
  directory: string,
  copy: string,
  names: readonly string[],
  access: FreezeAccess,
): Promise<void> {
  const paths = names.map((name) => nameIn(copy, name));
  await feedNames(["xargs", "-0", "rm", "-rf", "--"], paths, `update the copy in "${directory}"`, access);
}

const copyScript =
  'cd "$1" && exec xargs -0 -P "$3" -n "$4" cp --no-dereference --preserve=all --reflink=auto --remove-destination --parents --target-directory="$2" --';

/** The directories that they belong into are there. */
async function copyLarge(
  root: string,
  directory: string,
  entries: readonly ListedEntry[],
  access: FreezeAccess,
): Promise<void> {
  const names = entries.map(({ name }) => nameIn(`./${basename(root)}`, name));
  const perProgram = Math.min(mostPerProgram, Math.ceil(names.length / atOnce));
  const parameters = [dirname(root), directory, String(atOnce), String(perProgram)];
  await feedNames(["sh", "-c", copyScript, "copy", ...parameters], names, `copy "${root}"`, access);
}

async function copyNames(
  root: string,
  directory: string,
  entries: readonly ListedEntry[],
  access: FreezeAccess,
): Promise<void> {
  if (entries.length === 0) return;
  const listFile = join(directory, ".names");
  const names = entries.map(({ name }) => nameIn(`./${basename(root)}`, name));
  await feedNames(["sh", "-c", 'cat >"$1"', "names", listFile], names, `write "${listFile}"`, access);
  await copyByTar(root, directory, { listFile }, false, access);
}

/** In bytes, each one character, as the names below it are. */
function nameIn(directory: string, name: string): string {
  const path = Buffer.from(directory).toString("latin1");
  return name === "" ? path : `${path}/${name}`;
}
