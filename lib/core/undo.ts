/** Acts of a run that somebody must undo if it dies before it can. */
import { z } from "zod";
import { stackRecordSchema } from "#lib/core/stack-record.ts";
import { isTrialProject } from "#lib/core/trial-name.ts";

const stoppedStackSchema = z.object({
  kind: z.literal("stack"),
  /** What ran in it, and was about to be stopped. */
  record: stackRecordSchema,
  /** When each of its containers had been started, by id: one that was started since is not about to stop. */
  startedAt: z.record(z.string(), z.string()),
});

const execPostSchema = z.object({
  kind: z.literal("exec-post"),
  /** Commands were about to be run in its containers, and others are to be when its backup is over. */
  project: z.string(),
  /** Those of its services that ran and have such commands; none in what older versions wrote. */
  services: z.array(z.string()).default([]),
});

const pathSwapSchema = z.object({
  /** A path that is about to be replaced. */
  target: z.string(),
  /** What takes its place. */
  incoming: z.string(),
  /** Where the target goes: another name, or a new directory for all that is in it. */
  aside: z.string(),
  /** By its name; of a mount point, which has none that could be changed, what is in it. */
  how: z.enum(["name", "content"]),
  /** There was something to replace. */
  wasThere: z.boolean(),
});

const databaseSwapSchema = z.object({
  kind: z.literal("database-swap"),
  /** Component of a database in DATABASES that is about to be replaced. */
  component: z.string(),
  /** Its name on its server; of SQLite, its file. */
  target: z.string(),
  /** What takes its place: not whole before the swap. */
  incoming: z.string(),
  /** The name under which it is kept. */
  aside: z.string(),
  /** There was something to replace. */
  wasThere: z.boolean(),
  /** Of MySQL, what does not move with tables: written down before it is dropped. */
  definitions: z
    .object({
      /** Views, triggers, routines and events. */
      sql: z.string(),
      /** Statements that give again what is granted on single routines. */
      grants: z.array(z.object({ routine: z.string(), sql: z.string() })).readonly(),
    })
    .optional(),
});

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
  stoppedStackSchema,
  execPostSchema,
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
    /** There was something to replace. */
    wasThere: z.boolean(),
  }),
  z.object({
    kind: z.literal("replaced"),
    /** What has been replaced as a whole, to be told of if the run dies before it can say so: `stack "shop"`. */
    what: z.string(),
    /** Where that lies now which was before. */
    asides: z.array(z.string()),
    /** What is left of the directories in which the new came. */
    boxes: z.array(z.string()),
  }),
  z.object({
    kind: z.literal("stack-swap"),
    /** A stack whose data are replaced: all of them, or none. */
    stack: z.string(),
    /** Directories that hold what comes, on the file systems of what it replaces. */
    boxes: z.array(z.string()),
    /** None as long as only the boxes are being filled. */
    swaps: z.array(pathSwapSchema),
    /** What is stopped meanwhile. In the same entry, since it must not be started with half of its data. */
    stopped: stoppedStackSchema.optional(),
  }),
  databaseSwapSchema,
  z.object({
    kind: z.literal("unit"),
    /** A systemd unit that was started and is followed; it outlives the run. */
    unit: z.string(),
    startedAt: z.string(),
  }),
  z.object({
    kind: z.literal("program"),
    /** A job or a command that was started and is waited for; it outlives the run. */
    name: z.string(),
    startedAt: z.string(),
  }),
  z.object({
    kind: z.literal("trial"),
    /** A copy of a stack that a drill starts: a project of compose's by which nothing else is known. */
    project: z.string().refine(isTrialProject),
  }),
]);

export type UndoEntry = z.infer<typeof undoEntrySchema>;

/** A directory that a dead run was about to replace. */
export type SwapEntry = Extract<UndoEntry, { readonly kind: "swap" }>;

/** What a dead run stopped. */
export type StoppedStack = Extract<UndoEntry, { readonly kind: "stack" }>;

/** What a dead run was to end in containers. */
export type ExecPost = z.infer<typeof execPostSchema>;

/** Paths of a stack that a dead run was about to replace. */
export type StackSwap = Extract<UndoEntry, { readonly kind: "stack-swap" }>;

/** What a dead run had replaced. */
export type ReplacedEntry = Extract<UndoEntry, { readonly kind: "replaced" }>;

/** A database that a dead run was about to replace. */
export type DatabaseSwap = z.infer<typeof databaseSwapSchema>;

export type PathSwap = z.infer<typeof pathSwapSchema>;

/** Whether it does harm until it is undone. The rest is swept by the next run as well. */
export function isLasting({ kind }: UndoEntry): boolean {
  const lasting: readonly UndoEntry["kind"][] = [
    "stack",
    "exec-post",
    "frozen",
    "swap",
    "database-swap",
    "stack-swap",
    "trial",
  ];
  return lasting.includes(kind);
}

/** One line for the log and for a report. */
export function describeReplaced({ what, asides }: ReplacedEntry): string {
  const before =
    asides.length === 0 ? "there was nothing before" : `what was before lies in ${asides.join(", ")}`;
  return `Replaced as a whole: ${what}; ${before}`;
}

/** Whether a service may stand still until it is undone. */
export function mayBeDown(entry: UndoEntry): boolean {
  if (["stack", "exec-post", "database-swap"].includes(entry.kind)) return true;
  return entry.kind === "stack-swap" && entry.stopped !== undefined;
}

/** What is not in its place comes first, since what runs needs it; then what does not run, then what fills a disk next: nothing that is merely untidy may hold them up. */
export function inUndoOrder(entries: readonly UndoEntry[]): readonly UndoEntry[] {
  const order: readonly UndoEntry["kind"][] = [
    "swap",
    "database-swap",
    "stack-swap",
    "stack",
    "exec-post",
    "trial",
    "frozen",
  ];
  const rank = ({ kind }: UndoEntry) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  return entries.toSorted((a, b) => rank(a) - rank(b));
}

/** Whether it must be done once more when something else is: what does not run yet could not be told anything. */
export function isToRepeat(entry: UndoEntry, left: readonly UndoEntry[]): boolean {
  if (entry.kind !== "exec-post") return false;
  return left.some((other) => other.kind === "stack" && other.record.project === entry.project);
}
