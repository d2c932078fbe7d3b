import { describe, expect, test } from "bun:test";
import {
  type Point,
  pickBackups,
  pickDrills,
  pickDurations,
  pickSizes,
  pickWindows,
} from "#lib/report/pick-series.ts";
import { createPart, createPastRun } from "#test/support/job-record.ts";

const [first, second] = ["2026-11-20T03:00:00.000Z", "2026-11-21T03:00:00.000Z"];
const values = (points: readonly Point[]) => points.map(({ value }) => value);

describe("pickDurations()", () => {
  test("takes backups of the whole job, failed ones with their look, and none that found it busy", () => {
    const runs = [
      createPastRun(first, { durationSeconds: 10 }),
      createPastRun(first, { outcome: "busy", durationSeconds: 1 }),
      createPastRun(first, { selection: ["database-shop"], durationSeconds: 2 }),
      createPastRun(first, { script: "restore", selection: ["drill"], durationSeconds: 3 }),
      createPastRun(second, { outcome: "failed", durationSeconds: 20 }),
    ];
    expect(pickDurations(runs).points).toEqual([
      { at: Date.parse(first), value: 10, look: "good" },
      { at: Date.parse(second), value: 20, look: "bad" },
    ]);
  });

  test("is empty for a job that never ran", () => {
    expect(pickDurations([]).points).toEqual([]);
  });
});

test("pickDrills() takes drills, and no other restore", () => {
  const runs = [
    createPastRun(first, { script: "restore", selection: ["drill"], durationSeconds: 3 }),
    createPastRun(second, { script: "restore", durationSeconds: 4 }),
  ];
  expect(values(pickDrills(runs).points)).toEqual([3]);
});

describe("pickSizes()", () => {
  test("draws a line for each source, the largest first, copies and stores left out", () => {
    const runs = [first, second].map((at, index) =>
      createPastRun(at, {
        parts: [
          createPart("small", { bytesOut: 1 + index }),
          createPart("large", { bytesOut: 100 + index }),
          createPart("large", { kind: "copy", bytesOut: 500 }),
          createPart("failed", { outcome: "failed" }),
        ],
      }),
    );
    expect(pickSizes(runs).map(({ name, points }) => [name, values(points)])).toEqual([
      ["large", [100, 101]],
      ["small", [1, 2]],
    ]);
  });

  test("says of which runs a source left nothing, once it was there, and nothing of runs that were not for it", () => {
    const made = [createPart("database", { bytesOut: 7 })];
    const failed = [createPart("database", { outcome: "failed" })];
    const runs = [
      createPastRun("2026-11-14T03:00:00.000Z"),
      createPastRun("2026-11-15T03:00:00.000Z", { parts: made }),
      createPastRun("2026-11-16T03:00:00.000Z", { parts: failed, outcome: "partial" }),
      createPastRun("2026-11-17T03:00:00.000Z", { outcome: "failed" }),
      createPastRun("2026-11-18T03:00:00.000Z", { outcome: "busy" }),
      createPastRun("2026-11-19T03:00:00.000Z", { selection: ["application"] }),
    ];
    expect(pickSizes(runs)[0]?.points).toEqual([
      { at: Date.parse("2026-11-15T03:00:00.000Z"), value: 7, look: "good" },
      { at: Date.parse("2026-11-16T03:00:00.000Z"), value: undefined, look: "bad" },
      { at: Date.parse("2026-11-17T03:00:00.000Z"), value: undefined, look: "bad" },
    ]);
  });

  test("shows what is doubtful although it was made", () => {
    const run = createPastRun(first, { parts: [createPart("database", { bytesOut: 1, isDoubtful: true })] });
    expect(pickSizes([run])[0]?.points[0]?.look).toBe("warning");
  });

  test("leaves out the smallest where there are too many to be told apart", () => {
    const parts = Array.from({ length: 9 }, (_, index) => createPart(`s${index}`, { bytesOut: index }));
    const names = pickSizes([createPastRun(first, { parts })]).map(({ name }) => name);
    expect(names).toEqual(["s8", "s7", "s6", "s5", "s4"]);
  });
});

test("pickWindows() draws only sources for which something was stopped", () => {
  const parts = [createPart("stack-plex", { windowSeconds: 4 }), createPart("application", { bytesOut: 1 })];
  expect(pickWindows([createPastRun(first, { parts })]).map(({ name }) => name)).toEqual(["stack-plex"]);
});

test("pickBackups() keeps the last ninety", () => {
  const runs = Array.from({ length: 200 }, (_, index) => createPastRun(first, { durationSeconds: index }));
  const kept = pickBackups(runs);
  expect([kept.length, kept[0]?.durationSeconds]).toEqual([90, 110]);
});
