/**
 * A run is ended at many moments from its first millisecond to its last, and each time the promises are held against what is
 * found: nothing half done is left, what has a final name is whole, whoever must be told is told, the next run is complete.
 *
 * The moments are spread over the length of an undisturbed run, so that they fall into every step of it.
 */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasProcesses } from "#test/support/has-processes.ts";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

const isWhole = process.env.LASTGOOD_FAULT === "whole";
const moments = isWhole ? 120 : 6;
const script = "scripts/backup-run.ts";
const signals = ["SIGKILL", "SIGTERM"] as const;

function expectWhole(job: TestJob): void {
  for (const set of job.sets()) {
    const checked = spawnSync("sha256sum", ["--quiet", "-c", "SHA256SUMS"], { cwd: set });
    expect({ set, status: checked.status, words: checked.stderr.toString() }).toEqual({
      set,
      status: 0,
      words: "",
    });
    expect(statSync(join(set, "application.tar.zst")).size).toBeGreaterThan(0);
  }
  expect(job.partials()).toEqual([]);
}

describe.each(runtimes)("on %s", (runtime) => {
  test.each([...signals])(
    `a run ended by %s at ${moments} moments leaves nothing half done, and tells of it`,
    async (signal) => {
      const server = await startHttpServer(answer(200));
      for (let moment = 0; moment < moments; moment += 1) {
        await using sandbox = await createSandbox();
        const job = await createJob(sandbox, { WEBHOOK_URL: server.url, NOTIFY_ON: "always" });
        const received = () => server.requests.map((request) => JSON.parse(request.body));
        const before = server.requests.length;
        const running = sandbox.start(runtime, script, ["--config", job.config]);
        // Runs take about 300 ms on Bun and 500 ms on Deno; the last moments fall after the end.
        const spanMs = runtime === "bun" ? 400 : 700;
        await Promise.race([sleep((moment * spanMs) / moments), running.exited]);
        running.kill(signal);
        await running.exited;
        await waitFor(() => !hasProcesses(sandbox), { what: "the guardian to end", timeoutMs: 20_000 });

        const log = existsSync(job.logFile) ? readFileSync(job.logFile, "utf8") : "";
        const reports = received().slice(before);
        const ids = new Set(reports.map((report) => report.runId));
        if (ids.size > 1) throw new Error(`Two runs reported: ${JSON.stringify(reports)}\n${log}`);
        if (log.includes("run.began")) expect(reports.length).toBeGreaterThanOrEqual(1);
        // A set is there exactly when a report says so, or when the run died between publishing and reporting.
        if (reports.some((report) => report.outcome === "complete")) expect(job.sets()).toHaveLength(1);
        expectWhole(job);
        expect(existsSync(job.journal)).toBe(false);

        const next = await sandbox.run(runtime, script, ["--config", job.config]);
        expect({ exitCode: next.exitCode, stderr: next.stderr.replaceAll(/.*WARNING.*\n/g, "") }).toEqual({
          exitCode: 0,
          stderr: "",
        });
        expectWhole(job);
        expect(job.sets().length).toBeGreaterThanOrEqual(1);
        expect(readFileSync(job.lockFile, "utf8")).toBe("");
      }
      await server.close();
    },
    isWhole ? 900_000 : 120_000,
  );
});
