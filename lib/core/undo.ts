/** Acts of a run that somebody must undo if it dies before it can. */
import { z } from "zod";

export const undoEntrySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("partial"),
    /** The destination below which the unfinished set is being written. */
    root: z.string(),
  }),
  z.object({
    kind: z.literal("private"),
    /** Directory that holds credentials of the run. */
    path: z.string(),
  }),
  z.object({
    kind: z.literal("frozen"),
    /** What holds data of a stack still: a snapshot of btrfs or ZFS, or a copy. */
    how: z.enum(["btrfs", "zfs", "copy"]),
    /** Its directory; of ZFS `dataset@name`. */
    path: z.string(),
    /** Of the file system that it lies in. */
    mountPoint: z.string(),
  }),
]);

export type UndoEntry = z.infer<typeof undoEntrySchema>;

/** Whether it does harm until it is undone. The rest is swept by the next run as well. */
export function isLasting({ kind }: UndoEntry): boolean {
  return kind !== "partial" && kind !== "private";
}

/** What does harm comes first: nothing that is merely untidy may hold it up. */
export function inUndoOrder(entries: readonly UndoEntry[]): readonly UndoEntry[] {
  return [...entries.filter(isLasting), ...entries.filter((entry) => !isLasting(entry))];
}

/** Whether something that ran does not run until it is undone. */
export function keepsDown({ kind }: { readonly kind: string }): boolean {
  return kind === "stack";
}
