import { describe, expect, test } from "bun:test";
import type { Manifest } from "#lib/core/manifest.ts";
import { chooseSet, stampOf } from "#lib/core/set-choice.ts";

function set(
  startedAt: string,
  changes: { outcome?: "complete" | "partial"; job?: string; runId?: string; path?: string } = {},
) {
  const { outcome = "complete", job = "app", runId = `run-${startedAt}`, path } = changes;
  const manifest = { startedAt, outcome, job, runId, host: { name: "web1" } } as Manifest;
  return { manifest, path: path ?? `web1/${job}/${stampOf(manifest)}` };
}

const [old, good, partial] = [
  set("2026-11-19T03:00:00.000Z"),
  set("2026-11-20T03:00:00.500Z"),
  set("2026-11-21T03:00:00.000Z", { outcome: "partial" }),
];
const all = [good, partial, old];
const chosen = (name: string, sets = all) => chooseSet(sets, name)[0];

describe("chooseSet()", () => {
  test("takes the newest, or the newest of which nothing is missing", () => {
    expect(chosen("latest")).toBe(partial);
    expect(chosen("latest-good")).toBe(good);
  });

  test("takes a time by its beginning, however it is written, a directory, or a run", () => {
    for (const name of [
      "20261120T030000Z",
      "20261120",
      "2026-11-20",
      "2026-11-20T03:00",
      "web1/app/20261120T030000Z",
    ]) {
      expect(chosen(name)).toBe(good);
    }
    expect(chosen("run-2026-11-19")).toBe(old);
  });

  test("gives every copy of the set, in the order of the places", () => {
    const copy = { ...good, path: "daily/20261120T030000Z" };
    expect(chooseSet([old, good, copy], "2026-11-20")).toEqual([good, copy]);
    expect(chooseSet([copy, old, good], "latest")).toEqual([copy, good]);
  });

  test("refuses a name of several sets, and says which", () => {
    expect(() => chosen("2026-11")).toThrow(
      expect.objectContaining({
        outcome: "usage",
        hint: expect.stringContaining("20261121T030000Z (web1/app, partial, run "),
      }),
    );
  });

  test("refuses to guess between jobs, but not between their times", () => {
    const other = set("2026-11-18T03:00:00.000Z", { job: "shop" });
    expect(() => chosen("latest", [good, other])).toThrow("There are sets of 2 jobs: web1/app, web1/shop");
    expect(chosen("2026-11-18", [good, other])).toBe(other);
  });

  test.each([["20250101"], ["nonsense"], [""], ["20"]])(
    "says of %j that there is no such set, and which there are",
    (name) => {
      expect(() => chosen(name)).toThrow(
        expect.objectContaining({
          outcome: "failed",
          hint: expect.stringContaining("The newest are: 20261121T030000Z"),
        }),
      );
    },
  );

  test("names each set once, though it has copies", () => {
    const copy = { ...good, path: "daily/20261120T030000Z" };
    const hint = "The newest are: 20261120T030000Z (web1/app, complete, run run-2026)";
    expect(() => chosen("2025", [good, copy])).toThrow(expect.objectContaining({ hint }));
  });

  test("says what cannot be used, and whose sets there are when there is none of those asked for", () => {
    const newer = "20261122T030000Z in nas: its manifest has version 2, this program knows 1";
    const beside = { unusable: [newer], others: ["web1/app", "web1/shop"] };
    expect(() => chooseSet([], "latest", beside)).toThrow(
      expect.objectContaining({
        message: `There is no set that can be used: ${newer}`,
        hint: "There are sets of web1/app, web1/shop: choose with --host and --job",
      }),
    );
  });

  test("says when there is none at all", () => {
    expect(() => chosen("latest", [])).toThrow("There is no set");
    expect(() => chosen("latest-good", [partial])).toThrow('There is no set "latest-good"');
  });
});
