import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectDirectory, runtimeProgram, runtimes } from "#test/support/sandbox.ts";

const asked = join(projectDirectory, "test/support/without-descriptors.ts");

test.each(runtimes)(
  "whatever starts a program says that there are too many open files, and lets its process end, on %s",
  (runtime) => {
    const words = runtime === "bun" ? [] : ["run", "-A"];
    const command = ["--nofile=128", runtimeProgram(runtime), ...words, asked];
    const ended = spawnSync("prlimit", command, { encoding: "utf8", timeout: 60_000 });
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({ status: 0, stderr: "" });
    const tar = 'Cannot start "tar": too many open files';
    expect(JSON.parse(ended.stdout)).toEqual({
      exec: tar,
      runStreaming: tar,
      runToEnd: tar,
      pipeThrough: `${tar}; ${tar}`,
      childSink: tar,
      pipeline: 'Cannot start "/bin/bash": too many open files',
      removeTree: 'Cannot remove "/nowhere/at-all": Cannot start "rm": too many open files',
      daemon: tar,
      relay: tar,
      guardian: expect.stringContaining("Cannot start the guardian"),
    });
  },
);
