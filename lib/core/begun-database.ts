/** A new database that a restore fills: what is written down of it before it is made. */
import { z } from "zod";

export const begunDatabaseSchema = z.object({
  schema: z.literal(1),
  /** Of the restore; what it has started bears it as well. */
  runId: z.string().min(8),
  /** Of the database in DATABASES on whose server it is. */
  component: z.string(),
  database: z.string(),
});

export type BegunDatabase = z.infer<typeof begunDatabaseSchema>;

/** What bears it was made by that restore, and is not whole. */
export function beginMark({ runId }: Pick<BegunDatabase, "runId">): string {
  return `lastgood_restoring_${runId.slice(0, 8)}`;
}
