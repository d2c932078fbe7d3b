import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { startArchivePipeline } from "#lib/tools/archive-pipeline.ts";

const words = ["tar: ./a: Cannot open", "Total bytes written: 20480"];
const script = `echo data; echo '${words[0]}' >&2; printf '${words[1]}' >&2; exit 2`;

test("startArchivePipeline() gives every word of the producer, however busy the machine is", async () => {
  const runs = Array.from({ length: 200 }, async () => {
    const outputFd = openSync("/dev/null", "w");
    const lines: string[] = [];
    const pipeline = startArchivePipeline({
      producer: ["sh", "-c", script],
      compressor: ["cat"],
      outputFd,
      env: { PATH: process.env.PATH ?? "" },
      onProducerLine: (line) => lines.push(line),
    });
    const { producerExit, compressorExit } = await pipeline.ended;
    closeSync(outputFd);
    return { producerExit, compressorExit, lines };
  });
  const expected = { producerExit: 2, compressorExit: 0, lines: words };
  for (const ended of await Promise.all(runs)) expect(ended).toEqual(expected);
});

test("startArchivePipeline() ends when it is killed, with a producer that says nothing more", async () => {
  const outputFd = openSync("/dev/null", "w");
  const begun = Promise.withResolvers<void>();
  const pipeline = startArchivePipeline({
    producer: ["sh", "-c", "echo begun >&2; exec sleep 1000"],
    compressor: undefined,
    outputFd,
    env: { PATH: process.env.PATH ?? "" },
    onProducerLine: () => begun.resolve(),
  });
  await begun.promise;
  expect(await pipeline.kill()).toBe(true);
  expect((await pipeline.ended).producerExit).toBeNull();
  closeSync(outputFd);
});
