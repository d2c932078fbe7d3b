import { describe, expect, test } from "bun:test";
import type { Container } from "#lib/core/containers.ts";
import { judgeStart } from "#lib/core/judge-start.ts";
import type { RecordedContainer } from "#lib/core/stack-record.ts";
import { fakeContainer, stoppedStack } from "#test/support/fake-docker.ts";

const stack = stoppedStack(["web", "other"]).record;
const mark = { startedAt: "2026-11-21T01:00:00Z", restartCount: 0 };

function judge(
  change: Partial<Container> | undefined,
  before: Partial<RecordedContainer> = {},
  otherNeeds: RecordedContainer["dependsOn"] = [],
  known: typeof mark | "none" = mark,
) {
  const [web, other] = stack.containers;
  if (web === undefined || other === undefined) throw new Error("Two containers are recorded");
  const recorded = { ...web, ...before };
  const record = { ...stack, containers: [recorded, { ...other, dependsOn: otherNeeds }] };
  const container = change === undefined ? undefined : fakeContainer("web", change);
  return judgeStart({ recorded, container }, known === "none" ? undefined : known, record);
}

describe("judgeStart()", () => {
  test("is content with what runs as it was started", () => {
    expect(judge({})).toEqual({ kind: "up" });
    expect(judge({ health: "unhealthy" })).toEqual({ kind: "up" });
    expect(judge({ health: "healthy" }, { wasHealthy: true })).toEqual({ kind: "up" });
  });

  test.each([
    [undefined, 'Container "web" is gone'],
    [{ state: "exited", exitCode: 3 }, 'Container "web" does not run: it is exited with exit code 3'],
    [{ state: "exited", exitCode: 0 }, 'Container "web" does not run: it is exited with exit code 0'],
    [{ state: "created" }, 'Container "web" does not run: it is created'],
    [{ state: "paused" }, 'Container "web" does not run: it is paused'],
    [{ state: "dead" }, 'Container "web" does not run: it is dead'],
    [{ state: "unknown" }, 'Container "web" does not run: it is unknown'],
  ] as const)("calls down: %p", (change, problem) => {
    expect(judge(change)).toEqual({ kind: "down", problem });
  });

  test("sees by count, by start and by state that docker started it again", () => {
    const flapping = 'Container "web" ends again and again: docker started it again ';
    expect(judge({ restartCount: 1 })).toEqual({ kind: "down", problem: `${flapping}once` });
    expect(judge({ startedAt: "2026-11-21T01:00:02Z" })).toMatchObject({ kind: "down" });
    expect(judge({ state: "restarting", restartCount: 4, exitCode: 1 })).toEqual({
      kind: "down",
      problem: `${flapping}4 times, it ended with exit code 1`,
    });
  });

  test("only notes it of what did so before, and knows nothing of one that was made anew meanwhile", () => {
    expect(judge({ restartCount: 2 }, { wasRestarting: true })).toEqual({
      kind: "up",
      note: 'Container "web" ends again and again: docker started it again 2 times, as it did before',
    });
    expect(judge({ state: "exited", exitCode: 1 }, { wasRestarting: true })).toEqual({
      kind: "up",
      note: 'Container "web" does not run: it is exited with exit code 1; it ended again and again before',
    });
    expect(judge({ restartCount: 2 }, {}, [], "none")).toEqual({ kind: "up" });
  });

  test("waits for the health of what was healthy", () => {
    for (const health of ["starting", "unhealthy"] as const) {
      expect(judge({ health }, { wasHealthy: true })).toEqual({
        kind: "unhealthy",
        problem: `Container "web" runs, but its healthcheck says: ${health}`,
      });
    }
    expect(judge({ health: undefined }, { wasHealthy: true })).toEqual({ kind: "up" });
  });

  test("is content with a job that was at work and has ended well, and with no other end", () => {
    const done = { kind: "up", note: 'Container "web" did its work again and ended' } as const;
    const needs = [{ service: "web", condition: "service_completed_successfully" }] as const;
    expect(judge({ state: "exited" }, {}, [...needs])).toEqual(done);
    expect(judge({ state: "exited" }, { restartPolicy: "on-failure" })).toEqual(done);
    expect(judge({ state: "exited", exitCode: 1 }, { restartPolicy: "on-failure" })).toMatchObject({
      kind: "down",
    });
    expect(judge({ state: "exited" }, { restartPolicy: "always" })).toMatchObject({ kind: "down" });
    const started = [{ service: "web", condition: "service_started" }] as const;
    expect(judge({ state: "exited" }, {}, [...started])).toMatchObject({ kind: "down" });
  });
});
