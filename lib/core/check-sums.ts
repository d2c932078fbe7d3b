/** `SHA256SUMS` of a set: what its manifest says, and the manifest's own hash. Pure. */
import type { Manifest } from "#lib/core/manifest.ts";

/** The whole file, as every set of ours has it: another text is not what was written. */
export function formatCheckSums(manifest: Manifest, manifestSha256: string): string {
  return [
    ...manifest.components.map(({ sha256, file }) => `${sha256}  ${file}\n`),
    `${manifestSha256}  manifest.json\n`,
  ].join("");
}

/** What is wrong with a set's two small files; undefined when they agree. */
export function compareCheckSums(
  sums: string,
  manifest: Manifest,
  manifestSha256: string,
): string | undefined {
  if (sums === formatCheckSums(manifest, manifestSha256)) return undefined;
  const said = /^([0-9a-f]{64}) {2}manifest\.json$/m.exec(sums)?.[1];
  if (said === undefined) return "SHA256SUMS is damaged: it says nothing of the manifest";
  return said === manifestSha256
    ? "SHA256SUMS is not what the manifest says"
    : "manifest.json is not what SHA256SUMS says";
}
