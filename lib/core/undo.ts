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
    kind: z.literal("swap"),
    /** A directory that is about to be replaced; it need not exist. */
    target: z.string(),
    /** What takes its place: not whole before the swap. */
    incoming: z.string(),
    /** The name that it is moved to. */
    aside: z.string(),
  }),
  z.object({
    kind: z.literal("unit"),
    /** A systemd unit that was started and is followed; it outlives the run. */
    unit: z.string(),
    startedAt: z.string(),
  }),
]);

export type UndoEntry = z.infer<typeof undoEntrySchema>;

/** A directory that a dead run was about to replace. */
export type SwapEntry = Extract<UndoEntry, { readonly kind: "swap" }>;

/** What a dead run stopped. */
export type StoppedStack = Extract<UndoEntry, { readonly kind: "stack" }>;

/** Whether it does harm until it is undone. The rest is swept by the next run as well. */
export function isLasting({ kind }: UndoEntry): boolean {
  return kind === "stack" || kind === "frozen" || kind === "swap";
}

/** What is not in its place comes first, since what runs needs it; then what does not run, then what fills a disk next: nothing that is merely untidy may hold them up. */
export function inUndoOrder(entries: readonly UndoEntry[]): readonly UndoEntry[] {
  const order: readonly UndoEntry["kind"][] = ["swap", "stack", "frozen"];
  const rank = ({ kind }: UndoEntry) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  return entries.toSorted((a, b) => rank(a) - rank(b));
}
