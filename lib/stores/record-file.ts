/** A small file in which a job remembers what it did, and the one way in which it is read and written. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { errorCode } from "#lib/core/ops-error.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

/** Undefined when there is none, or one that cannot be understood: then it is begun anew. */
export async function readRecord<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** For programs of the machine's users to read as well. */
export async function writeRecord(path: string, record: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
}
