/** When which copy of a set was last verified after it had been made, and with what result. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { errorCode } from "#lib/core/ops-error.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

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

/** Oldest first; none when there is no record, or one that cannot be understood. */
export async function readVerifications(path: string): Promise<readonly Verification[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  try {
    return recordSchema.parse(JSON.parse(text)).verifications;
  } catch {
    return [];
  }
}

/** Add `verifications`, each in place of what was known of that copy. */
export async function recordVerifications(
  path: string,
  verifications: readonly Verification[],
): Promise<void> {
  const isReplaced = (old: Verification) =>
    verifications.some(({ runId, place }) => runId === old.runId && place === old.place);
  const others = (await readVerifications(path)).filter((old) => !isReplaced(old));
  const record = { schema: 1, verifications: [...others, ...verifications].slice(-kept) };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
}
