/**
 * Manifests that have been read once: they never change. A file for each, named by its version and beginning with the hash of
 * its text, so that one that was half written when the power failed counts for nothing.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "#lib/core/ops-error.ts";

const suffix = ".manifest";

export interface KnownManifest {
  /** What tells it from every other one, and from itself before a change. */
  readonly version: string;
  readonly text: string;
}

/** Texts of the versions that are known. What is known of any other is dropped. */
export async function readKnownManifests(
  directory: string,
  versions: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>();
  const wanted = new Map(versions.map((version) => [nameOf(version), version]));
  for (const name of await listNames(directory)) {
    const version = wanted.get(name);
    const text = version === undefined ? undefined : await readEntry(join(directory, name));
    if (version !== undefined && text !== undefined) known.set(version, text);
    else await rm(join(directory, name), { force: true });
  }
  return known;
}

export async function keepManifests(directory: string, manifests: readonly KnownManifest[]): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const { version, text } of manifests) {
    await writeFile(join(directory, nameOf(version)), `${hashOf(text)}\n${text}`, { mode: 0o600 });
  }
}

/** A file's text; undefined when it does not exist. */
export async function readWhenThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Undefined when it is damaged, or was removed by somebody who lists at the same time. */
async function readEntry(path: string): Promise<string | undefined> {
  const content = (await readWhenThere(path)) ?? "";
  const at = content.indexOf("\n");
  const text = content.slice(at + 1);
  return content.slice(0, at) === hashOf(text) ? text : undefined;
}

function nameOf(version: string): string {
  return `${hashOf(version)}${suffix}`;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.endsWith(suffix));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
