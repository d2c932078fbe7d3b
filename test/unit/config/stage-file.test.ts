import { describe, expect, test } from "bun:test";
import { parseStageFile, readStageFile, shippedStages } from "#lib/config/stage-file.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { orderByDuration } from "#lib/core/stage.ts";

const good = `stages:
  - title: One
    units: [a.service]
`;

function problemsOf(text: string): readonly string[] {
  try {
    parseStageFile("/etc/lastgood/stages.yaml", text);
    return [];
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    expect(error.outcome).toBe("config");
    return error.problems.map((problem) => problem.replace("/etc/lastgood/stages.yaml", "FILE"));
  }
}

describe("readStageFile()", () => {
  test("reads the shipped stages as the legacy script had them", async () => {
    const { preflight, stages } = await readStageFile(shippedStages);
    expect(preflight).toEqual([
      { path: "/mnt/nas-backup", minFreeGb: 50, isMount: true },
      { path: "/mnt/nas-postgresql", minFreeGb: 20, isMount: true },
    ]);
    expect(
      stages.map(({ label, units, limit, timeoutMs, policy }) => [
        label,
        units,
        limit,
        timeoutMs / 1000,
        policy,
      ]),
    ).toEqual([
      ["1", ["sanoid.service"], undefined, 300, "warning"],
      ["2", ["syncoid-*.service"], undefined, 1800, "counted"],
      ["3a", ["pgbackrest-full-backup.service"], 1, 3600, "counted"],
      ["3b", ["restic-backup-*.service"], 3, 2700, "counted"],
    ]);
    expect(stages[1]?.except).toEqual(["*replication-info*.service", "*target-reachability*.service"]);
    expect(stages[3]?.partialStatuses).toEqual([3]);
  });

  test("says which file cannot be read", async () => {
    await expect(readStageFile("/nowhere/stages.yaml")).rejects.toThrow(
      'Cannot read the stage file "/nowhere/stages.yaml"',
    );
  });
});

describe("parseStageFile()", () => {
  test("fills in what is not said", () => {
    expect(parseStageFile("f", good).stages).toEqual([
      {
        label: "1",
        title: "One",
        units: ["a.service"],
        except: [],
        jobs: [],
        commands: [],
        limit: undefined,
        timeoutMs: 3_600_000,
        policy: "counted",
        whenRunning: "skip",
        partialStatuses: [],
      },
    ]);
  });

  test.each([
    ["nothing", "", "FILE:1 file: expected the keys preflight and stages"],
    ["a list", "- a\n", "FILE:1 file: expected the keys preflight and stages"],
    ["no stage", "stages: []\n", "FILE:1 stages: expected at least one stage"],
    [
      "an unknown key",
      `${good}    limits: 3\n`,
      "FILE:4 stages[1].limits: is no key of this place: did you mean limit?",
    ],
    ["a wrong limit", `${good}    limit: 0\n`, "FILE:4 stages[1].limit: expected 1 or more"],
    [
      "a wrong policy",
      `${good}    policy: strict\n`,
      "FILE:4 stages[1].policy: expected warning, counted or required",
    ],
    [
      "a wrong timeout",
      `${good}    timeout: soon\n`,
      "FILE:4 stages[1].timeout: expected a duration from 1s to 24d, such as 300, 45m or 1h",
    ],
    [
      "a wrong unit",
      "stages:\n  - title: One\n    units:\n      - a.service\n      - b.timer\n",
      "FILE:5 stages[1].units[2]: expected a service: other units do nothing that ends",
    ],
    [
      "a template",
      "stages:\n  - title: One\n    units: [a@.service]\n",
      "FILE:3 stages[1].units[1]: is a template: name an instance of it, NAME@INSTANCE",
    ],
    [
      "a unit with a space",
      'stages:\n  - title: One\n    units: ["a b"]\n',
      "FILE:3 stages[1].units[1]: expected the name of a service unit, or a pattern of names",
    ],
    [
      "a name that systemd would refuse",
      'stages:\n  - title: One\n    units: ["a!b"]\n',
      "FILE:3 stages[1].units[1]: expected the name of a service unit, or a pattern of names",
    ],
    [
      "a range that ends before it begins",
      'stages:\n  - title: One\n    units: [a]\n    except: ["a[z-a]*"]\n',
      "FILE:4 stages[1].except[1]: expected the name of a service unit, or a pattern of names",
    ],
    [
      "nothing to run",
      "stages:\n  - title: One\n",
      "FILE:2 stages[1]: has nothing to run: give it units, jobs or commands",
    ],
    [
      "a command as text",
      "stages:\n  - title: One\n    commands: [ls -l]\n",
      "FILE:3 stages[1].commands[1]: expected a list of words: program, arguments",
    ],
    [
      "a relative path",
      `preflight:\n  - path: mnt\n${good}`,
      "FILE:2 preflight[1].path: expected an absolute path",
    ],
    [
      "a key given twice",
      `${good}    title: Two\n`,
      expect.stringMatching(/^FILE:4 Map keys must be unique/),
    ],
    ["a tab", "stages:\n\t- title: One\n", expect.stringMatching(/^FILE:2 /)],
    ["a quote left open", 'stages:\n  - title: "One\n', expect.stringMatching(/^FILE:\d /)],
  ])("names line and key of %s", (_, text, expected) => {
    expect(problemsOf(text)[0]).toEqual(expected);
  });

  test("names every mistake at once", () => {
    expect(problemsOf("stages:\n  - units: [a]\n    limit: x\n  - title: Two\n")).toEqual([
      "FILE:2 stages[1].title: expected text",
      "FILE:3 stages[1].limit: expected a whole number",
    ]);
  });

  test("expands no file of aliases into millions of values", () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(",")}]`,
    );
    expect(problemsOf(`a0: &a0 [x]\n${levels.join("\n")}\n`)).toHaveLength(1);
  });
});

describe("orderByDuration()", () => {
  test("begins with what was never measured, then the longest, and keeps the order of equals", () => {
    const durations = new Map([
      ["a", 10],
      ["b", 30],
      ["c", 10],
      ["e", 20],
    ]);
    const order = (names: string, known: ReadonlyMap<string, number>) =>
      orderByDuration(
        [...names].map((name) => ({ name })),
        known,
      ).map(({ name }) => name);
    expect(order("abcde", durations)).toEqual(["d", "b", "e", "a", "c"]);
    expect(order("xyz", new Map())).toEqual(["x", "y", "z"]);
  });
});
