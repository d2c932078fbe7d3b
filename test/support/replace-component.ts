/** Another content for a component of a set, whose hashes and sizes are right: what no verification can find. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function replaceComponent(
  set: string,
  name: string,
  change: (content: Buffer) => Buffer | string,
  facts: Readonly<Record<string, unknown>> = {},
): void {
  const manifest = JSON.parse(readFileSync(join(set, "manifest.json"), "utf8"));
  const component = manifest.components.find((one: { name: string }) => one.name === name);
  const file = join(set, component.file);
  const content = Buffer.from(change(execFileSync("zstd", ["-q", "-d", "-c", file], { maxBuffer: 1e9 })));
  const bytes = execFileSync("zstd", ["-q", "-c"], { input: content, maxBuffer: 1e9 });
  writeFileSync(file, bytes);
  Object.assign(component, { sha256: sha256(bytes), bytesIn: content.length, bytesOut: bytes.length });
  if (component.format === "tar") component.entries = countMembers(content);
  Object.assign(component, facts);
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  writeFileSync(join(set, "manifest.json"), text);
  const sums = manifest.components.map(
    (one: { sha256: string; file: string }) => `${one.sha256}  ${one.file}\n`,
  );
  writeFileSync(join(set, "SHA256SUMS"), `${sums.join("")}${sha256(text)}  manifest.json\n`);
}

function countMembers(tar: Buffer): number {
  const list = execFileSync("tar", ["--list", "--quoting-style=escape"], { input: tar }).toString();
  return list.split("\n").length - 1;
}

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
