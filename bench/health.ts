#!/usr/bin/env bun
/** How long health-check takes over 50 jobs that have 200 sets each, and how much memory. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pastRunOf } from "#lib/core/run-history.ts";
import { createReport } from "#test/support/report.ts";

const jobs = 50;
const setsPerJob = 200;
const rounds = 7;
const dayMs = 86_400_000;

const directory = await mkdtemp(join(tmpdir(), "lastgood-health-"));
try {
  await layOut();
  const times: number[] = [];
  let peakKiB = 0;
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = performance.now();
    peakKiB = Math.max(peakKiB, await check());
    times.push(performance.now() - startedMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[rounds >> 1] ?? 0;
  process.stdout.write(
    `health-check, ${jobs} jobs, ${jobs * setsPerJob} sets: median ${median.toFixed(0)} ms, ` +
      `best ${(sorted[0] ?? 0).toFixed(0)} ms, at most ${(peakKiB / 1024).toFixed(0)} MiB\n`,
  );
} finally {
  await rm(directory, { recursive: true });
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

/** Peak memory in KiB, as GNU time tells it. */
function check(): Promise<number> {
  const script = resolve(import.meta.dirname, "../scripts/health-check.ts");
  const child = spawn("/usr/bin/time", ["--format=%M", process.execPath, script, "--quiet"], {
    env: { ...process.env, XDG_CONFIG_HOME: join(directory, "etc") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => {
      if (code === 0) done(Number(stderr.trim().split("\n").at(-1)));
      else fail(new Error(`health-check ended with ${code}: ${stderr}`));
    });
  });
}
