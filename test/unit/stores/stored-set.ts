import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatManifest, type Manifest } from "#lib/core/manifest.ts";

export const sha256Of = (content: string | Uint8Array): string =>
  createHash("sha256").update(content).digest("hex");

export function manifest(more: Partial<Manifest> = {}): Manifest {
  return {
    schema: 1,
    tool: { name: "lastgood", version: "0.0.0", runtime: "test" },
    host: { name: "web1", machineId: "m1" },
    job: "app",
    runId: "run-1",
    startedAt: "2026-11-20T03:00:00.000Z",
    endedAt: "2026-11-20T03:01:00.000Z",
    timeZone: "UTC",
    outcome: "complete",
    problems: [],
    notes: [],
    configHash: "0",
    components: [
      {
        name: "application",
        source: "application",
        file: "application.tar.zst",
        format: "tar",
        compression: "zstd",
        bytesIn: 2,
        bytesOut: 1,
        entries: 1,
        sha256: "0".repeat(64),
        outcome: "complete",
        doubts: [],
        durationSeconds: 1,
      },
    ],
    missing: [],
    verified: { at: "2026-11-20T03:01:00.000Z", how: "medium" },
    ...more,
  };
}

/** Put a set on disk as a run would leave it. */
export function putSet(path: string, more: Partial<Manifest> = {}): string {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "application.tar.zst"), "x");
  writeFileSync(join(path, "manifest.json"), formatManifest(manifest(more)));
  return path;
}

/** A whole set of two components, as a run leaves it in a local destination; its sums are right. */
export function makeLocalSet(path: string, more: Partial<Manifest> = {}): Manifest {
  mkdirSync(path, { recursive: true });
  const base = manifest(more);
  const components = ["application.tar.zst", "database-shop.sql.zst"].flatMap((file) => {
    const content = `${file} of ${base.runId}`.repeat(1000);
    writeFileSync(join(path, file), content);
    return base.components.slice(0, 1).map((component) => ({
      ...component,
      file,
      name: file,
      bytesOut: content.length,
      sha256: sha256Of(content),
    }));
  });
  const made = { ...base, components };
  const text = formatManifest(made);
  writeFileSync(join(path, "manifest.json"), text);
  const sums = components.map(({ sha256, file }) => `${sha256}  ${file}\n`);
  writeFileSync(join(path, "SHA256SUMS"), `${sums.join("")}${sha256Of(text)}  manifest.json\n`);
  return made;
}
