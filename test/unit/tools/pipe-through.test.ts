import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { type PipeRequest, pipeThrough } from "#lib/tools/pipe-through.ts";

const env = { PATH: "/usr/bin:/bin" };

/** Bytes and their hash on the way from `from` to the shell's `to`, how it ended, and what `to` said. */
async function pour(from: string, to: string, changes: Partial<PipeRequest> = {}) {
  const hash = createHash("sha256");
  let bytes = 0;
  let output = "";
  const end = await pipeThrough({
    from: ["sh", "-c", from],
    to: ["sh", "-c", to],
    env,
    pass: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      return chunk;
    },
    onOutput: (chunk) => {
      output += Buffer.from(chunk).toString();
    },
    stallMs: 30_000,
    signal: new AbortController().signal,
    ...changes,
  });
  return { end, bytes, sha256: hash.digest("hex"), output };
}

describe("pipeThrough()", () => {
  test("hands on every byte, however late and slowly they are taken", async () => {
    const sizeBytes = 3_000_000;
    const poured = await pour(
      `head -c ${sizeBytes} /dev/urandom`,
      "sleep 0.2; dd bs=1000 status=none | sha256sum",
    );
    expect(poured.end).toMatchObject({ fromExit: 0, toExit: 0, isStalled: false });
    expect(poured.bytes).toBe(sizeBytes);
    expect(poured.output).toStartWith(poured.sha256);
  });
});
