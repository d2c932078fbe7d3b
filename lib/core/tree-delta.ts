/**
 * What changed in a tree since it was listed, by names and inodes alone.
 *
 * No clock is compared with another: an entry is the same when its inode and everything that the kernel says of it are, the time
 * of its last change included, which no program can set. Moved, swapped and replaced directories are found by that as well.
 * Names are bytes, and are kept as one character each.
 */
import type { Buffer } from "node:buffer";

/** What `find -printf` is asked to say of an entry, before the NUL: type, size, names, the rest of its identity, name below the root. */
export const listingFormat = "%y %s %n %D:%i:%m:%U:%G:%T@:%C@ %P\\0";

export interface ListedEntry {
  /** Name below the root; empty for the root itself. */
  readonly name: string;
  readonly type: string;
  readonly size: string;
  /** It has other names. */
  readonly isLinked: boolean;
  /** Everything but the name. */
  readonly identity: string;
}

/** Takes chunks of such a listing, and hands on one entry after the other. */
export function createListingParser(onEntry: (entry: ListedEntry) => void): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const records = (rest + chunk.toString("latin1")).split("\0");
    rest = records.pop() ?? "";
    for (const record of records) {
      const typeEnd = record.indexOf(" ");
      const sizeEnd = record.indexOf(" ", typeEnd + 1);
      const linksEnd = record.indexOf(" ", sizeEnd + 1);
      const identityEnd = record.indexOf(" ", linksEnd + 1);
      const type = record.slice(0, typeEnd);
      // A socket is no data: it exists as long as its server does.
      if (type === "s") continue;
      onEntry({
        type,
        name: record.slice(identityEnd + 1),
        size: record.slice(typeEnd + 1, sizeEnd),
        isLinked: type !== "d" && record.slice(sizeEnd + 1, linksEnd) !== "1",
        identity: record.slice(0, identityEnd),
      });
    }
  };
}

/** Whether file systems count times by whole seconds: two changes within one then look like one. */
export function hasCoarseTimes(identities: Iterable<string>): boolean {
  for (const identity of identities) if (!/\.0*$/.test(identity)) return false;
  return true;
}

/** A copy of a tree: by name, what it is like, and of which original it certainly is the copy. */
export interface CopiedTree {
  readonly entries: ReadonlyMap<string, { readonly type: string; readonly original: string | undefined }>;
}

/**
 * Take stock of a copy: `before` is what was listed before it was made, `copied` what it turned out to hold. An entry that it
 * lacks, or has in another size, counts as never copied, whatever the reason was.
 */
export function takeStock(
  before: ReadonlyMap<string, ListedEntry>,
  copied: Iterable<ListedEntry>,
): CopiedTree {
  const entries = new Map<string, { type: string; original: string | undefined }>();
  for (const copy of copied) {
    const source = before.get(copy.name);
    const isWhole = source?.type === copy.type && (source.type === "d" || source.size === copy.size);
    entries.set(copy.name, { type: copy.type, original: isWhole ? source.identity : undefined });
  }
  return { entries };
}

export interface TreeDelta {
  /** To be copied again, each after the directories that lead to it: these lose their times when something in them changes. */
  readonly copy: readonly ListedEntry[];
  /** To be removed from the copy: gone, or of another type now. */
  readonly remove: readonly string[];
}

/** What must be done to `copied` so that it is like the tree that `now` lists. */
export function planDelta(copied: CopiedTree, now: ReadonlyMap<string, ListedEntry>): TreeDelta {
  const remove: string[] = [];
  const touched = new Set<string>();
  const touch = (name: string) => {
    for (let one = name; !touched.has(one); one = parentOf(one)) {
      touched.add(one);
      if (one === "") break;
    }
  };
  for (const [name, { type }] of copied.entries) {
    if (now.get(name)?.type === type) continue;
    remove.push(name);
    if (name !== "") touch(parentOf(name));
  }
  for (const [name, { identity }] of now) {
    if (copied.entries.get(name)?.original !== identity) touch(name);
  }
  touchOtherNames(now, touched, touch);
  return { remove, copy: [...now.values()].filter(({ name }) => touched.has(name)) };
}

/** Names of one inode are copied together, or they would be files of their own. */
function touchOtherNames(
  now: ReadonlyMap<string, ListedEntry>,
  touched: ReadonlySet<string>,
  touch: (name: string) => void,
): void {
  const linked = [...now.values()].filter((entry) => entry.isLinked);
  const again = new Set(linked.filter(({ name }) => touched.has(name)).map(({ identity }) => identity));
  for (const { name, identity } of linked) if (again.has(identity)) touch(name);
}

function parentOf(name: string): string {
  const slash = name.lastIndexOf("/");
  return slash === -1 ? "" : name.slice(0, slash);
}
