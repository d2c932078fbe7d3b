#!/usr/bin/env bun
/** How long health-check takes over 50 jobs that have 200 sets each, and how much memory; and how long `schedule show` takes. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pastRunOf } from "#lib/core/run-history.ts";
import { createReport } from "#test/support/report.ts";
import { type Runtime, runtimeProgram, runtimes } from "#test/support/sandbox.ts";

const jobs = 50;
const setsPerJob = 200;
const rounds = 7;
const dayMs = 86_400_000;

const scripts = {
  "health-check": ["health-check.ts", "--quiet"],
  "schedule show, of this machine": ["schedule.ts", "show"],
};

const directory = await mkdtemp(join(tmpdir(), "lastgood-health-"));
try {
  await layOut();
  process.stdout.write(`${jobs} jobs, ${jobs * setsPerJob} sets, ${rounds} rounds\n`);
  for (const [what, script] of Object.entries(scripts)) {
    for (const runtime of runtimes) {
      const { times, processor, peakKiB } = await measureRounds(runtime, script);
      process.stdout.write(
        `${what} on ${runtime}: median ${middleOf(times).toFixed(0)} ms, best ${Math.min(...times).toFixed(0)} ms, ` +
          `of processors ${(middleOf(processor) * 1000).toFixed(0)} ms, at most ${(peakKiB / 1024).toFixed(0)} MiB\n`,
      );
    }
  }
} finally {
  await rm(directory, { recursive: true });
}

async function measureRounds(runtime: Runtime, script: readonly string[]) {
  const [times, processor, peaks]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    const used = await start(runtime, script);
    times.push(performance.now() - startedMs);
    processor.push(used.processorSeconds);
    peaks.push(used.peakKiB);
  }
  return { times, processor, peakKiB: Math.max(...peaks) };
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

async function layOut(): Promise<void> {
  const app = join(directory, "app");
  await mkdir(app);
  for (let number = 1; number <= jobs; number += 1) {
    const job = `job${number}`;
    const [sets, state] = [join(directory, "sets", job), join(directory, "state", job)];
    await mkdir(sets, { recursive: true });
    await mkdir(state, { recursive: true });
    await mkdir(join(directory, "etc/lastgood"), { recursive: true });
    const settings = { APP_DIR: app, BACKUP_DIR: sets, STATE_DIR: join(directory, "state"), MIN_FREE_GB: 0 };
    const text = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    const config = join(directory, "etc/lastgood", `${job}.env`);
    await writeFile(config, `${text.join("")}EXPECT_SCHEDULE=false\nLOCK_FILE=${directory}/${job}.lock\n`, {
      mode: 0o600,
    });
    const ends = Array.from(
      { length: setsPerJob },
      (_, index) => new Date(Date.now() - (setsPerJob - index) * (dayMs / 3)),
    );
    const lines = ends.map((end) => JSON.stringify(pastRunOf(reportOf(job, end), false)));
    await writeFile(join(state, "history.jsonl"), `${lines.join("\n")}\n`);
    for (const end of ends) await mkdir(join(sets, end.toISOString().replaceAll(/[-:]|\.\d+/g, "")));
    const at = ends.at(-1)?.toISOString();
    const lastRun = { runId: job, outcome: "complete", exitCode: 0, endedAt: at };
    const status = { schema: 1, lastRun, lastCompleteAt: at, places: { "copy destination": at } };
    await writeFile(join(state, "status.json"), JSON.stringify(status));
  }
}

function reportOf(job: string, end: Date) {
  const part = { outcome: "complete", message: "", bytesIn: 1e9, bytesOut: 4e8 } as const;
  return createReport({
    job,
    outcome: "complete",
    endedAt: end.toISOString(),
    parts: ["application", "database-shop", "system-state"].map((name) => ({
      kind: "source",
      name,
      ...part,
    })),
  });
}

/** What GNU time says of a script and of all that it started: peak memory of one of them, processor time of all. */
function start(runtime: Runtime, [script = "", ...args]: readonly string[]) {
  const program = [runtimeProgram(runtime), ...(runtime === "deno" ? ["run", "--allow-all", "--quiet"] : [])];
  const path = resolve(import.meta.dirname, "../scripts", script);
  const child = spawn("/usr/bin/time", ["--format=%M %U %S", ...program, path, ...args], {
    env: { ...process.env, XDG_CONFIG_HOME: join(directory, "etc") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  return new Promise<{ readonly peakKiB: number; readonly processorSeconds: number }>((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => {
      const [peakKiB = 0, user = 0, system = 0] = (stderr.trim().split("\n").at(-1) ?? "")
        .split(" ")
        .map(Number);
      if (code === 0) done({ peakKiB, processorSeconds: user + system });
      else fail(new Error(`${script} ended with ${code}: ${stderr}`));
    });
  });
}
