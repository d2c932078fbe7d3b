/** A finished set in a local destination, as it is about to be uploaded. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, parseManifest } from "#lib/core/manifest.ts";
import { errorCode, OpsError } from "#lib/core/ops-error.ts";
import { withDeadline } from "#lib/tools/deadline.ts";

export interface LocalSet {
  readonly path: string;
  readonly manifest: Manifest;
  /** Byte for byte as they lie there. */
  readonly manifestText: string;
  readonly sumsText: string;
}

/** Undefined when the set is gone. Throws OpsError "failed" when it cannot be read or understood. */
export async function readLocalSet(path: string, deadlineMs: number): Promise<LocalSet | undefined> {
  const read = (name: string) =>
    withDeadline(readFile(join(path, name), "utf8"), deadlineMs, `read "${join(path, name)}"`);
  let texts: readonly [string, string];
  try {
    texts = [await read("manifest.json"), await read("SHA256SUMS")];
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw new OpsError(`Cannot read the set "${path}"`, { outcome: "failed", cause });
  }
  const [manifestText, sumsText] = texts;
  const parsed = parseManifest(manifestText);
  if (!parsed.ok) throw new OpsError(`Cannot upload "${path}": ${parsed.problem}`, { outcome: "failed" });
  return { path, manifest: parsed.manifest, manifestText, sumsText };
}
