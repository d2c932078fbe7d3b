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
]);

export type UndoEntry = z.infer<typeof undoEntrySchema>;
