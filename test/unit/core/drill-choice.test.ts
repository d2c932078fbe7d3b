import { describe, expect, test } from "bun:test";
import { chooseForDrill, type PastDrill } from "#lib/core/drill-choice.ts";
import { type Manifest, parseManifest } from "#lib/core/manifest.ts";

/** The set of a day in November. */
function set(day: number, outcome = "complete"): Manifest {
  const at = new Date(Date.UTC(2026, 10, day, 3)).toISOString();
  const parsed = parseManifest(
    JSON.stringify({
      schema: 1,
      tool: { name: "lastgood", version: "1.0.0", runtime: "bun" },
      host: { name: "web1" },
      job: "app",
      runId: `run-${day}`,
      startedAt: at,
      endedAt: at,
      timeZone: "UTC",
      outcome,
      problems: [],
      notes: [],
      configHash: "x",
      components: [
        {
          name: "a",
          source: "application",
          file: "a.tar",
          format: "tar",
          compression: "none",
          outcome: "complete",
          bytesIn: 1,
          bytesOut: 1,
          sha256: "0".repeat(64),
          durationSeconds: 1,
        },
      ],
      verified: { at, how: "medium" },
    }),
  );
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.manifest;
}

const sets = [5, 4, 3, 2, 1].map((day) => set(day));
let clock = 0;
function drilled(day: number, choice?: PastDrill["choice"]): PastDrill {
  clock += 1;
  return { runId: `run-${day}`, at: new Date(Date.UTC(2026, 11, 1, clock)).toISOString(), choice };
}

describe("chooseForDrill()", () => {
  test("takes the newest three times, then an older one, and says what comes next", () => {
    const record: PastDrill[] = [];
    const taken: string[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      const { choice, runId, why } = chooseForDrill(sets, record);
      taken.push(`${runId ?? "newest"}: ${why}`);
      record.push(drilled(runId === undefined ? 5 : Number(runId.slice(4)), choice));
    }
    const older = "an older one, as every 4th time: the oldest that no drill has tried";
    const newest = "newest: the latest good one";
    const [first, second, third] = [
      "an older one comes after 2 more",
      "an older one comes after 1 more",
      "the next drill takes an older one",
    ];
    expect(taken).toEqual([
      `${newest}, ${first}`,
      `${newest}, ${second}`,
      `${newest}, ${third}`,
      `run-1: ${older}`,
      `${newest}, ${first}`,
      `${newest}, ${second}`,
      `${newest}, ${third}`,
      `run-2: ${older}`,
      `${newest}, ${first}`,
    ]);
  });

  test("takes the one that was tried longest ago when all were, whoever asked for it", () => {
    const record = [drilled(2, "named"), drilled(1, "older"), drilled(3, "named"), drilled(4, "named")];
    record.push(drilled(2, "named"), drilled(5, "newest"), drilled(5, "newest"), drilled(5, "newest"));
    expect(chooseForDrill(sets, record)).toEqual({
      choice: "older",
      runId: "run-1",
      why: "an older one, as every 4th time: the one whose last drill is longest ago",
    });
  });

  test("counts drills of before there was a choice, and none that somebody named", () => {
    const old = [drilled(3), drilled(4), drilled(5)];
    expect(chooseForDrill(sets, old).choice).toBe("older");
    expect(
      chooseForDrill(
        sets,
        old.map((one) => ({ ...one, choice: "named" as const })),
      ).choice,
    ).toBe("newest");
  });

  test("passes over sets that lack something, and stays with the newest where there is no other", () => {
    const record = [drilled(5, "newest"), drilled(5, "newest"), drilled(5, "newest")];
    const choose = (...found: Manifest[]) => chooseForDrill(found, record);
    expect(choose(set(5), set(2), set(1, "partial"), set(2))).toMatchObject({ runId: "run-2" });
    expect(choose(set(5), set(4, "partial"), set(5))).toEqual({
      choice: "newest",
      runId: undefined,
      why: "the latest good one, there is no other",
    });
  });
});
