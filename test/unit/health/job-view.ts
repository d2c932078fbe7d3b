/** A job that is well, with what a test wants to be different. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "#lib/config/load-config.ts";
import type { Settings } from "#lib/config/schema.ts";
import { emptyMemory } from "#lib/core/health-memory.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import { type PastRun, pastRunOf } from "#lib/core/run-history.ts";
import type { MachineFacts } from "#lib/health/gather-facts.ts";
import type { JobView } from "#lib/health/job-view.ts";
import { createReport } from "#test/support/report.ts";

export const now = new Date("2026-11-21T12:00:00.000Z");
export const config = "/etc/lastgood/shop.env";

const hourMs = 3_600_000;

export function hoursAgo(hours: number): string {
  return new Date(now.getTime() - hours * hourMs).toISOString();
}

async function loadSettings(): Promise<Settings> {
  const directory = await mkdtemp(join(tmpdir(), "lastgood-"));
  try {
    const file = join(directory, "shop.env");
    const text =
      "APP_DIR=/srv/shop\nBACKUP_DIR=/mnt/backup\nLOCK_FILE=/run/lock/shop.lock\nSTATE_DIR=/var/lib/lastgood\n";
    await writeFile(file, text, { mode: 0o600 });
    const deps = { exec: () => Promise.reject(new Error("no programs here")) };
    const request = { configFlag: file, env: {}, cwd: "/", uid: 0, home: "/root", hostname: "web1", deps };
    const uid = process.getuid?.() ?? 0;
    return (await loadConfig({ ...request, uid })).settings;
  } finally {
    await rm(directory, { recursive: true });
  }
}

const settings = await loadSettings();

interface Changes {
  readonly settings?: Partial<Settings>;
  readonly record?: Partial<JobRecord>;
  readonly facts?: Partial<MachineFacts>;
}

export function jobView(changes: Changes = {}): JobView {
  return {
    name: "shop",
    config,
    settings: { ...settings, ...changes.settings },
    record: {
      history: { runs: [pastRun(2)], unreadableCount: 0 },
      lastRun: {
        runId: "1",
        outcome: "complete",
        endedAt: hoursAgo(2),
      },
      lastSet: "/mnt/backup/web1/shop/20261121T100000Z",
      lastCompleteAt: hoursAgo(2),
      places: { "copy destination": hoursAgo(2) },
      lock: { isHeld: false, holder: undefined },
      journal: undefined,
      outbox: { count: 0, oldestAt: undefined },
      failedChannels: [],
      uploads: {},
      verification: undefined,
      drill: undefined,
      memory: emptyMemory,
      problems: [],
      ...changes.record,
    },
    facts: {
      paths: new Map(),
      space: new Map(),
      mounts: new Map(),
      programs: new Map(),
      stacks: new Map(),
      stores: new Map(),
      timeZone: "UTC",
      entries: [],
      schedule: undefined,
      scheduleProblems: [],
      jobNames: new Map([[config, "shop"]]),
      namesakes: new Map(),
      ...changes.facts,
    },
    now,
  };
}

export function pastRun(endedHoursAgo: number, changes: Partial<PastRun> = {}): PastRun {
  const endedAt = hoursAgo(endedHoursAgo);
  const report = createReport({ outcome: "complete", startedAt: endedAt, endedAt, headline: "Backed up" });
  return { ...pastRunOf(report, false), ...changes };
}
