import { describe, expect, test } from "bun:test";
import { matchRecord } from "#lib/core/match-record.ts";
import { fakeContainer, stoppedStack } from "#test/support/fake-docker.ts";

const { record } = stoppedStack(["web-1", "web-2"]);
const webs = { ...record, containers: record.containers.map((one) => ({ ...one, service: "web" })) };
const web = (id: string, name: string, change = {}) => fakeContainer(name, { id, service: "web", ...change });
const idsOf = (containers: Parameters<typeof matchRecord>[1]) =>
  matchRecord(webs, containers).map(({ recorded, container }) => [recorded.name, container?.id]);

describe("matchRecord()", () => {
  test("knows the same containers by their ids, whatever they are called now", () => {
    expect(idsOf([web("id-web-2", "web-1"), web("id-web-1", "renamed")])).toEqual([
      ["web-1", "id-web-1"],
      ["web-2", "id-web-2"],
    ]);
  });

  test("takes for one that was made anew the one of its name, then any of its service", () => {
    expect(idsOf([web("new-3", "web-3"), web("new-1", "web-1")])).toEqual([
      ["web-1", "new-1"],
      ["web-2", "new-3"],
    ]);
  });

  test("never lets one container stand for two, and says which is gone", () => {
    expect(idsOf([web("new-1", "web-1")])).toEqual([
      ["web-1", "new-1"],
      ["web-2", undefined],
    ]);
  });

  test("takes nothing of another project or service, and no container of docker compose run", () => {
    const others = [
      web("a", "web-1", { project: "other" }),
      web("b", "web-1", { service: "db" }),
      web("c", "web-1", { isOneOff: true }),
    ];
    expect(idsOf(others)).toEqual([
      ["web-1", undefined],
      ["web-2", undefined],
    ]);
  });
});
