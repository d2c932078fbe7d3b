/** Acts of a run that somebody must undo if it dies before it can. */
import { z } from "zod";
import { stackRecordSchema } from "#lib/core/stack-record.ts";

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
    kind: z.literal("stack"),
    /** What ran in it, and was about to be stopped. */
    record: stackRecordSchema,
    /** When each of its containers had been started, by id: one that was started since is not about to stop. */
    startedAt: z.record(z.string(), z.string()),
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
  z.object({
    kind: z.literal("unit"),
    /** A systemd unit that was started and is followed; it outlives the run. */
    unit: z.string(),
    startedAt: z.string(),
  }),
]);

export type UndoEntry = z.infer<typeof undoEntrySchema>;

/** What a dead run stopped. */
export type StoppedStack = Extract<UndoEntry, { readonly kind: "stack" }>;

/** Whether it does harm until it is undone. The rest is swept by the next run as well. */
export function isLasting({ kind }: UndoEntry): boolean {
  return kind === "stack" || kind === "frozen";
}

/** What does not run comes first, what fills a disk next: nothing that is merely untidy may hold them up. */
export function inUndoOrder(entries: readonly UndoEntry[]): readonly UndoEntry[] {
  const rank = ({ kind }: UndoEntry) => (kind === "stack" ? 0 : kind === "frozen" ? 1 : 2);
  return entries.toSorted((a, b) => rank(a) - rank(b));
}
