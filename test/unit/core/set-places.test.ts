import { expect, test } from "bun:test";
import type { PartReport, Report } from "#lib/core/report.ts";
import { recallSets, updatePlaces } from "#lib/core/set-places.ts";
import { createReport } from "#test/support/report.ts";

const old = "2026-11-01T03:00:00.000Z";
const end = "2026-11-21T03:10:00.000Z";

function reportOf(
  parts: readonly (readonly [PartReport["kind"], string, PartReport["outcome"]])[],
  more = {},
) {
  return createReport({
    endedAt: end,
    parts: parts.map(([kind, name, outcome]) => ({ kind, name, outcome, message: "…" })),
    ...more,
  } satisfies Partial<Report>);
}

test("updatePlaces() gives a place the run's end when its set is whole and got there, whatever happened elsewhere", () => {
  const report = reportOf([
    ["source", "application", "complete"],
    ["copy", "destination", "complete"],
    ["store", "nas", "failed"],
    ["store", "cloud", "complete"],
  ]);
  expect(updatePlaces({ "store nas": old, "store cloud": old }, report)).toEqual({
    "copy destination": end,
    "store nas": old,
    "store cloud": end,
  });
});

test("updatePlaces() moves nothing for a set that lacks a source, a part of a job, and a run that made none", () => {
  const known = { "copy destination": old };
  const copy = ["copy", "destination", "complete"] as const;
  expect(updatePlaces(known, reportOf([["source", "application", "partial"], copy]))).toEqual(known);
  const chosen = reportOf([["source", "application", "complete"], copy], { selection: ["application"] });
  expect(updatePlaces(known, chosen)).toEqual(known);
  expect(updatePlaces(known, reportOf([]))).toEqual(known);
  const drill = reportOf([["source", "application", "complete"], copy], { script: "restore" });
  expect(updatePlaces(known, drill)).toEqual(known);
});

test("updatePlaces() takes the newest whole set for what is uploaded later", () => {
  const known = { "copy destination": end, "store nas": old };
  const upload = reportOf([["store", "nas", "complete"]], { script: "upload-waiting", selection: [] });
  expect(updatePlaces(known, upload)).toEqual({ "copy destination": end, "store nas": end });
  const copied = reportOf([["copy", "destination", "complete"]], { script: "upload-waiting", selection: [] });
  expect(updatePlaces({ "copy destination": old, "copy second": old }, copied)).toEqual({
    "copy destination": old,
    "copy second": old,
  });
  const other = reportOf([["copy", "second", "complete"]], { script: "restore", selection: ["application"] });
  expect(updatePlaces({ "copy destination": end, "copy second": old }, other)["copy second"]).toBe(old);
  const vain = reportOf([["store", "nas", "partial"]], { script: "upload-waiting", selection: [] });
  expect(updatePlaces(known, vain)).toEqual(known);
});

test("recallSets() says of past runs what was written down after each of them", () => {
  const source = ["source", "application", "complete"] as const;
  const copy = ["copy", "destination", "complete"] as const;
  const whole = reportOf([source, copy, ["store", "nas", "complete"]], { outcome: "complete", endedAt: old });
  const down = reportOf([source, copy, ["store", "nas", "failed"]], { outcome: "partial" });
  const part = reportOf([source], { outcome: "complete", selection: ["application"] });
  expect(recallSets([whole, down, part])).toEqual({
    lastCompleteAt: old,
    places: { "copy destination": end, "store nas": old },
  });
  expect(recallSets([])).toEqual({ lastCompleteAt: undefined, places: {} });
});
