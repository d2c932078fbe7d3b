/** The answer of `manifestsScript`: whole, or nothing. */
import { Buffer } from "node:buffer";
import { remoteParent } from "#lib/core/remote-path.ts";
import type { RemoteManifest } from "#lib/stores/remote.ts";

/**
 * `answer` has one character for each byte. "changed" when a set has gone while the answer was made; "garbled" for anything
 * that does not hold as many manifests, and as many bytes of them, as it says itself.
 */
export function readManifestAnswer(answer: string): readonly RemoteManifest[] | "changed" | "garbled" {
  if (answer.endsWith("\nchanged\n")) return "changed";
  const [head, count, links] = /^begin (\d+)\n((?:link .*\n)*)sizes\n/m.exec(answer) ?? [];
  if (head === undefined || links === undefined || !answer.endsWith("\nend\n")) return "garbled";
  const rest = answer.slice(answer.indexOf(head) + head.length, -"\nend\n".length);
  if (count === "0") return rest === "" ? [] : "garbled";
  const border = rest.indexOf("content\n");
  const rows = [...rest.slice(0, border).matchAll(/^ *(\d+) (.+)$/gm)].slice(0, Number(count));
  const content = rest.slice(border + "content\n".length);
  const total = rows.reduce((sum, row) => sum + Number(row[1]), 0);
  if (border === -1 || rows.length !== Number(count) || total !== content.length) return "garbled";
  // The same set by another name would count twice where sets are counted.
  const isLinked = (path: string) =>
    links.split("\n").some((line) => line !== "" && path.startsWith(line.slice(5)));
  let at = 0;
  return rows.flatMap(([, size, path = ""]) => {
    const text = decode(content.slice(at, at + Number(size)));
    at += Number(size);
    return isLinked(path) ? [] : [{ path: decode(remoteParent(path)), text }];
  });
}

function decode(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
