/**
 * What GNU tar does when its source or its output misbehaves, with the real tar, and what we make of it.
 *
 * A gate in the compressor's place stops tar in the middle of a file (its pipe is full), so that the source can be changed
 * at a known moment.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants, open } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTarReader, type TarStatus } from "#lib/core/tar-status.ts";
import { tarArguments } from "#lib/sources/application.ts";
import { type PipelineEnd, startArchivePipeline } from "#lib/tools/archive-pipeline.ts";
import { isSystemAdmin } from "#test/support/capabilities.ts";

const made: string[] = [];
const env = { PATH: process.env.PATH ?? "" };
const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] as const;

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "lastgood-tar-"));
  chmodSync(dir, 0o755);
  made.push(dir);
  return dir;
}

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function tree(): string {
  const dir = join(tempDir(), "app");
  mkdirSync(join(dir, "sub"), { recursive: true });
  writeFileSync(join(dir, "a-large"), Buffer.alloc(2_000_000, "a"));
  writeFileSync(join(dir, "b-small"), "b");
  writeFileSync(join(dir, "sub", "c"), "c");
  return dir;
}

interface Run {
  readonly status: TarStatus;
  readonly end: PipelineEnd;
  readonly archive: string;
}

/** Run tar over `dir`; with `during`, stop it in the middle of `a-large`, act, and let it go on. */
async function archive(
  dir: string,
  options: {
    during?: () => void;
    as?: readonly string[];
    extra?: readonly string[];
    compressor?: string[];
  } = {},
): Promise<Run> {
  const work = tempDir();
  const reader = createTarReader();
  const gate = `head -c 20000; touch ${work}/reached; while [ ! -e ${work}/go ]; do sleep 0.01; done; cat`;
  const compressor = options.compressor ?? (options.during ? ["sh", "-c", gate] : undefined);
  const path = join(work, "out.tar");
  await using output = await open(path, constants.O_RDWR | constants.O_CREAT);
  const args = tarArguments(dir, { APP_EXCLUDES: [], APP_ONE_FILE_SYSTEM: true });
  const producer = [...(options.as ?? []), "tar", ...(options.extra ?? []), ...args] as [string, ...string[]];
  const pipeline = startArchivePipeline({
    producer,
    compressor,
    outputFd: output.fd,
    env,
    onProducerLine: reader.readLine,
  });
  if (options.during) {
    while (!existsSync(`${work}/reached`)) await Bun.sleep(5);
    options.during();
    writeFileSync(`${work}/go`, "");
  }
  const end = await pipeline.ended;
  return { status: reader.classifyExit(end.producerExit), end, archive: path };
}

function members(path: string): string[] {
  return execFileSync("tar", ["-tf", path], { encoding: "utf8" }).trim().split("\n");
}

describe("createTarReader() with the real tar", () => {
  test("is complete, without notes, for a quiet tree", async () => {
    const { status, end } = await archive(tree());
    expect(end.producerExit).toBe(0);
    expect(status).toMatchObject({ outcome: "complete", problems: [], changed: { count: 0 } });
    expect(status.bytesWritten).toBeGreaterThan(2_000_000);
  });

  test("is a note when a file grew while tar read it (exit 1)", async () => {
    const dir = tree();
    const { status, end } = await archive(dir, {
      during: () => appendFileSync(join(dir, "a-large"), "more"),
    });
    expect(end.producerExit).toBe(1);
    expect(status.outcome).toBe("complete");
    expect(status.changed).toEqual({ count: 1, names: ["./a-large"] });
  });

  test("is a note when a file shrank while tar read it (exit 1)", async () => {
    const dir = tree();
    const { status, end } = await archive(dir, {
      during: () => writeFileSync(join(dir, "a-large"), "short"),
    });
    expect(end.producerExit).toBe(1);
    expect(status.outcome).toBe("complete");
    expect(status.changed.names).toContain("./a-large");
  });

  test("is a note when a file and a directory vanished before tar came to them (exit 1)", async () => {
    const dir = tree();
    const {
      status,
      end,
      archive: path,
    } = await archive(dir, {
      during: () => {
        rmSync(join(dir, "b-small"));
        rmSync(join(dir, "sub"), { recursive: true });
      },
    });
    expect(end.producerExit).toBe(1);
    expect(status.outcome).toBe("complete");
    expect(status.vanished.names).toEqual(["./b-small", "./sub"]);
    expect(members(path)).toEqual(["./", "./a-large"]);
  });

  test("is partial and names what an ordinary user may not read (exit 2, archive usable)", async () => {
    const dir = tree();
    chmodSync(join(dir, "b-small"), 0o000);
    chmodSync(join(dir, "sub"), 0o000);
    const { status, end, archive: path } = await archive(dir, { as: asNobody });
    chmodSync(join(dir, "sub"), 0o755);
    expect(end.producerExit).toBe(2);
    expect(status.outcome).toBe("partial");
    expect(status.unreadable.names.map((name) => name.replace(/\/$/, "")).sort()).toEqual([
      "./b-small",
      "./sub",
    ]);
    expect(members(path)).toContain("./a-large");
  });

  test("is partial when a named source is missing though the archive is otherwise whole (exit 2)", async () => {
    const dir = tree();
    const work = tempDir();
    const result = spawnSync("tar", ["-C", dir, "-cf", `${work}/x.tar`, ".", "missing"], {
      env: { ...env, LC_ALL: "C" },
    });
    const reader = createTarReader();
    result.stderr.toString().split("\n").forEach(reader.readLine);
    expect(result.status).toBe(2);
    const status = reader.classifyExit(result.status);
    expect(status).toMatchObject({ outcome: "partial", unreadable: { count: 1, names: ["missing"] } });
    expect(members(`${work}/x.tar`)).toContain("./a-large");
  });

  test("--ignore-failed-read would hide an unreadable file behind exit 0, so it is not used", async () => {
    const dir = tree();
    chmodSync(join(dir, "b-small"), 0o000);
    const { end } = await archive(dir, { as: asNobody, extra: ["--ignore-failed-read"] });
    expect(end.producerExit).toBe(0);
    expect(tarArguments(dir, { APP_EXCLUDES: [], APP_ONE_FILE_SYSTEM: true })).not.toContain(
      "--ignore-failed-read",
    );
  });

  test.skipIf(!isSystemAdmin)(
    "leaves out what is mounted in it with a note: never in silence (exit 0)",
    async () => {
      const dir = tree();
      const mount = join(dir, "uploads");
      mkdirSync(mount);
      execFileSync("mount", ["-t", "tmpfs", "tmpfs", mount]);
      try {
        writeFileSync(join(mount, "photo"), "x");
        const { status, end } = await archive(dir);
        expect(end.producerExit).toBe(0);
        expect(status).toMatchObject({ outcome: "complete", leftOut: { count: 1, names: ["./uploads/"] } });
      } finally {
        execFileSync("umount", [mount]);
      }
    },
  );

  test("leaves a socket out with a note (exit 0)", async () => {
    const dir = tree();
    const server = createServer().listen(join(dir, "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    const { status, end } = await archive(dir);
    server.close();
    expect(end.producerExit).toBe(0);
    expect(status).toMatchObject({ outcome: "complete", leftOut: { count: 1, names: ["./socket"] } });
  });

  test("is failed when tar itself is killed", async () => {
    const dir = tree();
    const { status, end } = await archive(dir, {
      during: () => execFileSync("pkill", ["-9", "-f", `^tar .*${dir}`]),
    });
    expect(end.producerExit).toBe(128 + 9);
    expect(status.outcome).toBe("failed");
  });

  test("is failed when the compressor is killed, and both exits say so", async () => {
    const { status, end } = await archive(tree(), {
      compressor: ["sh", "-c", "head -c 1000 >/dev/null; kill -9 $$"],
    });
    expect(end).toMatchObject({ producerExit: 128 + 13, compressorExit: 128 + 9 });
    expect(status.outcome).toBe("failed");
  });

  test("is failed when the source directory itself is gone (exit 2)", async () => {
    const dir = join(tempDir(), "gone");
    const { status, end } = await archive(dir);
    expect(end.producerExit).toBe(2);
    expect(status.outcome).toBe("failed");
  });

  test("speaks English whatever the locale of the caller", async () => {
    const dir = tree();
    const before = { ...env };
    Object.assign(env, { LANG: "de_DE.UTF-8", LANGUAGE: "de", LC_MESSAGES: "de_DE.UTF-8" });
    const { status } = await archive(dir, { during: () => appendFileSync(join(dir, "a-large"), "x") });
    for (const key of Object.keys(env)) if (!(key in before)) delete (env as Record<string, string>)[key];
    expect(status.changed.count).toBe(1);
  });
});

describe("tar's traps", () => {
  test("tar with /dev/null as its output does not read the files, so it verifies nothing", () => {
    const dir = tree();
    chmodSync(join(dir, "b-small"), 0o000);
    const [setpriv, ...args] = asNobody;
    const silent = spawnSync(setpriv, [...args, "tar", "-C", dir, "-cf", "/dev/null", "."]);
    expect(silent.status).toBe(0);
    const toPipe = `set -o pipefail; ${asNobody.join(" ")} tar -C ${dir} -cf - . | cat >/dev/null`;
    expect(spawnSync("bash", ["-c", toPipe]).status).toBe(2);
  });

  test("a truncated archive fails to list with tar (2) and to test with gzip (1)", () => {
    const dir = tree();
    const work = tempDir();
    execFileSync("tar", ["-C", dir, "-czf", `${work}/x.tgz`, "."]);
    execFileSync("truncate", ["-s", "-100", `${work}/x.tgz`]);
    expect(spawnSync("tar", ["-tzf", `${work}/x.tgz`]).status).toBe(2);
    expect(spawnSync("gzip", ["-t", `${work}/x.tgz`]).status).toBe(1);
  });

  test("bsdtar exits 1 for an error that GNU tar calls 2", () => {
    expect(spawnSync("bsdtar", ["-cf", "/dev/null", "/nonexistent"]).status).toBe(1);
    expect(spawnSync("tar", ["-cf", "/dev/null", "/nonexistent"]).status).toBe(2);
  });

  test("an empty stream still makes a file of known small size", () => {
    const sizeOf = (command: string) =>
      spawnSync("sh", ["-c", `printf '' | ${command} | wc -c`])
        .stdout.toString()
        .trim();
    expect(sizeOf("gzip")).toBe("20");
    expect(sizeOf("zstd -q")).toBe("13");
  });
});
