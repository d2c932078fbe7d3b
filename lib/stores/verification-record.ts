/** When which copy of a set was last verified after it had been made, and with what result. */
import { z } from "zod";
import { readRecord, writeRecord } from "#lib/stores/record-file.ts";

const verificationSchema = z.object({
  runId: z.string(),
  place: z.string(),
  at: z.iso.datetime(),
  outcome: z.enum(["complete", "failed"]),
  problems: z.array(z.string()),
});

const recordSchema = z.object({ schema: z.literal(1), verifications: z.array(verificationSchema) });

export type Verification = z.infer<typeof verificationSchema>;

const kept = 2000;

interface Verifications {
  /** Oldest first. */
  readonly verifications: readonly Verification[];
  /** Why earlier ones are not known. */
  readonly problem?: string | undefined;
}

export async function readVerifications(path: string): Promise<Verifications> {
  const { record, problem } = await readRecord(path, recordSchema);
  return { verifications: record?.verifications ?? [], problem };
}

/** Add `verifications`, each in place of what was known of that copy. */
export async function recordVerifications(
  path: string,
  verifications: readonly Verification[],
): Promise<void> {
  const isReplaced = (old: Verification) =>
    verifications.some(({ runId, place }) => runId === old.runId && place === old.place);
  const others = (await readVerifications(path)).verifications.filter((old) => !isReplaced(old));
  await writeRecord(path, { schema: 1, verifications: [...others, ...verifications].slice(-kept) });
}
