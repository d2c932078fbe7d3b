/** How much a tree is: what a copy or an archive of it has to move. */
import { Buffer } from "node:buffer";
import { type ListAccess, runFind } from "#lib/stacks/list-tree.ts";

export interface TreeMeasure {
  /** Entries of every kind. */
  readonly files: number;
  /** Allocated. */
  readonly bytes: number;
  /** Names below it of directories that are subvolumes, if it lies on btrfs. */
  readonly subvolumes: readonly string[];
}

const blockBytes = 512;

/** The top of every btrfs subvolume has this inode, and nothing else has. */
export const subvolumeInode = "256";

/** Measure a tree that lives. Throws OpsError "failed" when it cannot be listed. */
export async function measureTree(root: string, access: ListAccess): Promise<TreeMeasure> {
  let files = 0;
  let blocks = 0;
  const subvolumes: string[] = [];
  let rest = "";
  const read = (chunk: Buffer) => {
    const records = (rest + chunk.toString("latin1")).split("\0");
    rest = records.pop() ?? "";
    for (const record of records) {
      const [type, inode, size] = record.split(" ", 3);
      const name = record.split(" ").slice(3).join(" ");
      if (access.isExcluded(name)) continue;
      files += 1;
      blocks += Number(size);
      if (type === "d" && inode === subvolumeInode && name !== "") subvolumes.push(toText(name));
    }
  };
  await runFind(root, "%y %i %b %P\\0", true, access, read);
  return { files, bytes: blocks * blockBytes, subvolumes };
}

function toText(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}
