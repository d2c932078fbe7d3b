import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createJob } from "#test/support/job.ts";
import { createSandbox, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/backup-run.ts";
const promtool = join(process.env.LASTGOOD_PARTS ?? "/var/cache/lastgood-parts", "bin/promtool");

interface Measured {
  readonly sandbox: Sandbox;
  readonly directory: string;
  readonly run: (...args: readonly string[]) => Promise<number | null>;
  readonly start: () => ReturnType<Sandbox["start"]>;
  /** Value of a series, by its text. */
  readonly value: (series: string) => number | undefined;
  readonly text: () => string;
  readonly configure: (settings: Readonly<Record<string, string>>) => Promise<void>;
}

async function withMetrics(runtime: Runtime, body: (measured: Measured) => Promise<void>): Promise<void> {
  await using sandbox = await createSandbox();
  const directory = sandbox.path("metrics");
  mkdirSync(directory);
  const configure = async (settings: Readonly<Record<string, string>>) => {
    await createJob(sandbox, { METRICS_DIR: directory, ...settings });
  };
  await configure({});
  const config = sandbox.path("etc/app.env");
  const text = () => readFileSync(join(directory, "lastgood-app.prom"), "utf8");
  await body({
    sandbox,
    directory,
    configure,
    text,
    run: async (...args) => (await sandbox.run(runtime, script, ["--config", config, ...args])).exitCode,
    start: () => sandbox.start(runtime, script, ["--config", config]),
    value: (series) => {
      const line = text()
        .split("\n")
        .find((one) => one.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
  });
}

const success = 'lastgood_last_success_timestamp_seconds{job="app"}';
const ended = 'lastgood_last_run_timestamp_seconds{job="app"}';
const outcome = (name: string) => `lastgood_last_run_outcome{job="app",outcome="${name}"}`;

describe.each(runtimes)("metrics on %s", (runtime) => {
  test("are written by a complete run, readable by others whatever the umask, and pass promtool", async () => {
    await withMetrics(runtime, async ({ run, value, text, directory, sandbox }) => {
      const before = Math.floor(Date.now() / 1000);
      expect(await run()).toBe(0);
      expect(value(success)).toBeGreaterThanOrEqual(before);
      expect(value(success)).toBe(value(ended));
      expect([value(outcome("complete")), value(outcome("failed"))]).toEqual([1, 0]);
      expect(value('lastgood_part_complete{job="app",kind="source",name="application"}')).toBe(1);
      expect(value('lastgood_part_size_bytes{job="app",kind="source",name="application"}')).toBeGreaterThan(
        100,
      );
      expect(value('lastgood_last_run_exit_code{job="app"}')).toBe(0);
      expect(readdirSync(directory)).toEqual(["lastgood-app.prom"]);
      expect(statSync(join(directory, "lastgood-app.prom")).mode & 0o777).toBe(0o644);
      expect(text()).not.toMatch(/\} \S+ \d/);
      const checked = spawnSync(promtool, ["check", "metrics"], { input: text(), encoding: "utf8" });
      expect({ status: checked.status, stderr: checked.stderr }).toEqual({ status: 0, stderr: "" });
      const narrow = await sandbox.write("narrow", '#!/bin/sh\numask 077\nexec "$@"\n', 0o755);
      const config = sandbox.path("etc/app.env");
      expect(
        spawnSync(narrow, [process.execPath, script, "-c", config], { env: sandbox.environment }).status,
      ).toBe(0);
      expect(statSync(join(directory, "lastgood-app.prom")).mode & 0o777).toBe(0o644);
    });
  });

  test("keep the last success over runs that fail, that are partial, and whose configuration is invalid", async () => {
    await withMetrics(runtime, async ({ run, value, configure }) => {
      expect(await run()).toBe(0);
      const good = value(success);
      await configure({ APP_REQUIRED: "missing.json" });
      expect(await run()).toBe(2);
      expect([value(success), value(outcome("failed")), value(outcome("complete"))]).toEqual([good, 1, 0]);
      await configure({ SECONDARY_DIR: "/nonexistent/second" });
      expect(await run()).toBe(1);
      expect([value(success), value(outcome("partial"))]).toEqual([good, 1]);
      await configure({ KEEP_LAST: "many" });
      expect(await run()).toBe(78);
      expect([value(success), value(outcome("config"))]).toEqual([good, 1]);
    });
  });

  test("say 0 where no run was ever complete, and nothing of a dry run", async () => {
    await withMetrics(runtime, async ({ run, value, configure, directory }) => {
      expect(await run("--dry-run")).toBe(0);
      expect(readdirSync(directory)).toEqual([]);
      await configure({ APP_REQUIRED: "missing.json" });
      expect(await run()).toBe(2);
      expect(value(success)).toBe(0);
    });
  });

  test("tell of a run that was killed, written by what recovers it", async () => {
    await withMetrics(runtime, async ({ run, start, value, sandbox }) => {
      expect(await run()).toBe(0);
      const good = value(success);
      await sandbox.fake(
        "zstd",
        `#!/bin/sh\ncase "$*" in *--version*) exec /usr/bin/zstd "$@";; esac\ntouch '${sandbox.path("begun")}'\nexec sleep 60\n`,
      );
      const running = start();
      await waitFor(() => Bun.file(sandbox.path("begun")).exists(), {
        what: "the archive to begin",
        timeoutMs: 30_000,
      });
      running.kill("SIGKILL");
      await running.exited;
      await waitFor(() => value(outcome("failed")) === 1, {
        what: "the guardian's recovery",
        timeoutMs: 30_000,
      });
      expect(value(success)).toBe(good);
    });
  });

  test("that cannot be written change no outcome, and are told of", async () => {
    await withMetrics(runtime, async ({ sandbox, configure }) => {
      writeFileSync(sandbox.path("file"), "");
      await configure({ METRICS_DIR: sandbox.path("file") });
      const result = await sandbox.run(runtime, script, ["-c", sandbox.path("etc/app.env")]);
      expect(result.exitCode).toBe(0);
      expect(result.stderr).toContain("Cannot write the metrics");
    });
  });
});
