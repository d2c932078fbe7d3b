/** A small file in which a job remembers what it did, and the one way in which it is read and written. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { errorCode } from "#lib/core/ops-error.ts";
import { writeFileDurably } from "#lib/tools/durable-file.ts";

interface ReadRecord<Value> {
  readonly record?: Value;
  /** Why there is none although there is a file: whoever writes begins it anew. */
  readonly problem?: string;
}

export async function readRecord<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<ReadRecord<z.infer<Schema>>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return {};
    throw error;
  }
  try {
    return { record: schema.parse(JSON.parse(text)) };
  } catch {
    return { problem: `Cannot understand "${path}": it is damaged, or of a newer version` };
  }
}

/** For programs of the machine's users to read as well. */
export async function writeRecord(path: string, record: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
}
