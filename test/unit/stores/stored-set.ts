import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatManifest, type Manifest } from "#lib/core/manifest.ts";

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
