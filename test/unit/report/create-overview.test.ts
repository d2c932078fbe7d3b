import { describe, expect, test } from "bun:test";
import { emptyMemory } from "#lib/core/health-memory.ts";
import type { JobRecord } from "#lib/core/job-record.ts";
import type { OverviewJob } from "#lib/core/overview.ts";
import { createOverview } from "#lib/report/create-overview.ts";
import { createPart, createPastRun, createRecord } from "#test/support/job-record.ts";
import { parsePage } from "#test/support/parse-page.ts";

const now = new Date("2026-11-21T10:00:00.000Z");
const hostile = `<img src=x onerror=alert(1)>"'&`;

function draw(...jobs: readonly OverviewJob[]) {
  const redact = (text: string) => text.replaceAll("hunter2", "***");
  const overview = createOverview({ host: "web1", version: "0.1.0", now, jobs, redact });
  return { ...overview, parsed: parsePage(overview.page) };
}

function job(name: string, changes: Partial<JobRecord>, problem?: string): OverviewJob {
  return {
    name,
    config: `/etc/lastgood/${name}.env`,
    problem: problem === undefined ? undefined : { isDenied: false, message: problem, hint: undefined },
    record: createRecord(changes),
  };
}

const history = (...runs: readonly ReturnType<typeof createPastRun>[]) => ({ runs, unreadableCount: 0 });

describe("createOverview()", () => {
  test("says in a line how each job stands, and counts those that are not complete", () => {
    const good = createPastRun("2026-11-21T03:00:00.000Z");
    const bad = createPastRun("2026-11-21T09:00:00.000Z", { outcome: "failed" });
    const busy = createPastRun("2026-11-21T09:30:00.000Z", { outcome: "busy" });
    const { lines, badCount, parsed } = draw(
      job("good", { history: history(bad, good, busy), places: { "copy destination": good.endedAt } }),
      job("bad", { history: history(good, bad), lastCompleteAt: good.endedAt }),
      job("never", {}),
      job("invalid", { history: history(good) }, "KEEP_LAST is no number"),
    );
    expect(lines).toEqual([
      "good: complete 7h 00m ago; last whole set 7h 00m ago",
      "bad: failed 1h 00m ago; last whole set 7h 00m ago",
      "never: never ran; no whole set yet",
      "invalid: invalid configuration; no whole set yet",
    ]);
    expect(badCount).toBe(3);
    expect(parsed.text).toContain("KEEP_LAST is no number");
  });

  test("draws each chart for which there is something, also of a single run, and says why others are empty", () => {
    const at = "2026-11-21T03:00:00.000Z";
    const parts = [
      createPart("application", { bytesOut: 5_000_000 }),
      createPart("stack-plex", { windowSeconds: 4 }),
    ];
    const { parsed } = draw(job("app", { history: history(createPastRun(at, { parts })) }), job("never", {}));
    expect(parsed.elements("figcaption")).toEqual([
      "Size in the set",
      "Duration of a backup",
      "How long a stack was stopped",
      "Free space",
      "Duration of a drill",
      "Size in the set",
      "Duration of a backup",
      "Free space",
      "Duration of a drill",
    ]);
    expect(parsed.count("svg")).toBe(3);
    expect(parsed.elements("figure .empty").length).toBe(6);
    expect(parsed.text).not.toMatch(/NaN|undefined|Infinity|Invalid/);
  });

  test("asks for nothing from elsewhere and runs nothing, whatever names and messages say", () => {
    const run = createPastRun("2026-11-21T03:00:00.000Z", {
      script: "manual-backup",
      outcome: hostile,
      headline: hostile,
      selection: [hostile],
      parts: [createPart(hostile, { bytesOut: 1, windowSeconds: 1 })],
    });
    const space = { [hostile]: [{ at: run.endedAt, freeBytes: 1 }] };
    const proof = { at: run.endedAt, isGood: false, problems: [hostile] };
    const { parsed } = draw(
      job(
        hostile,
        {
          history: history(run),
          places: { [hostile]: run.endedAt },
          uploads: { [hostile]: { count: 1, oldestAt: undefined } },
          memory: { ...emptyMemory, space },
          verification: proof,
          drill: proof,
          problems: [hostile],
        },
        hostile,
      ),
    );
    expect(parsed.requests).toEqual([]);
    expect(["img", "script", "link", "iframe", "object"].map(parsed.count)).toEqual([0, 0, 0, 0, 0]);
    expect(parsed.text.split("onerror=alert(1)").length - 1).toBeGreaterThan(8);
  });

  test("masks secrets in all that programs may have said", () => {
    const said = "password hunter2";
    const run = createPastRun("2026-11-21T03:00:00.000Z", { headline: said, outcome: "failed" });
    const proof = { at: run.endedAt, isGood: false, problems: [said] };
    const record = { history: history(run), verification: proof, drill: proof, problems: [said] };
    const { page, parsed } = draw(job("app", record, said));
    expect(page).not.toContain("hunter2");
    expect(parsed.text.split("password ***").length - 1).toBe(5);
  });

  test("gives no two elements the same id", () => {
    const run = createPastRun("2026-11-21T03:00:00.000Z", { parts: [createPart("a", { bytesOut: 1 })] });
    const { page } = draw(job("one", { history: history(run) }), job("two", { history: history(run) }));
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual(["job-1", "job-2"]);
  });
});
