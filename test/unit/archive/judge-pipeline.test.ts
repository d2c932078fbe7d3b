import { expect, test } from "bun:test";
import { judgePipeline } from "#lib/archive/judge-pipeline.ts";
import { chooseCompressor } from "#lib/core/compression.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { createTarReader } from "#lib/core/tar-status.ts";

test.each([
  ["No space left on device", "Free space"],
  ["Disk quota exceeded", "Raise the quota"],
  ["File too large", "file system takes no file of that size"],
])("judgePipeline() says what to do when zstd could not write: %s", (reason, hint) => {
  const end = {
    producerExit: 141,
    compressorExit: 70,
    compressorStderr: `zstd: error 70 : Write error : cannot write block : ${reason}`,
  };
  const judge = () =>
    judgePipeline(end, {
      producer: ["tar"],
      reader: createTarReader(),
      compressor: chooseCompressor({ method: "zstd", level: 3, threads: 0 }, false),
      fileName: "application.tar.zst",
    });
  expect(judge).toThrow(OpsError);
  expect(judge).toThrow(expect.objectContaining({ outcome: "failed", hint: expect.stringContaining(hint) }));
});
