import { describe, expect, test } from "bun:test";
import type { FreezeMeasurement, FreezeSetting, RootFacts } from "#lib/core/freeze.ts";
import { planFreeze } from "#lib/core/freeze-plan.ts";

const gigabyte = 1024 ** 3;

function root(changes: Partial<RootFacts> = {}): RootFacts {
  return {
    path: "/srv/plex",
    fileSystem: "ext4",
    mountPoint: "/",
    snapshotSource: undefined,
    staging: "/srv",
    stagingMount: "/",
    obstacles: {},
    sharesBlocks: true,
    files: 63_000,
    bytes: 1.1 * gigabyte,
    ...changes,
  };
}

const onBtrfs = root({ fileSystem: "btrfs", snapshotSource: { kind: "btrfs", top: "/srv" } });
const onXfs = root({ fileSystem: "xfs", obstacles: { snapshot: "the data is on xfs" } });
const onExt4 = root({
  sharesBlocks: false,
  obstacles: { snapshot: "the data is on ext4", reflink: "files on ext4 cannot share blocks" },
});
const onNfs = root({
  path: "/mnt/nas/plex",
  sharesBlocks: false,
  obstacles: { snapshot: "the data is on nfs4", reflink: "no", presync: "changes cannot be told" },
});
const few = { files: 12, bytes: 4 * gigabyte };

const strategiesOf = (
  roots: readonly RootFacts[],
  setting: FreezeSetting = "auto",
  history: FreezeMeasurement[] = [],
) => planFreeze(roots, history, setting).roots.map(({ strategies }) => strategies);

describe("planFreeze() with auto", () => {
  test.each<[string, RootFacts, string]>([
    ["many small files on btrfs: snapshot", onBtrfs, "snapshot"],
    ["many small files on XFS: a copy before, since each shared file costs", onXfs, "presync"],
    ["few large files on XFS: shared blocks", { ...onXfs, ...few }, "reflink"],
    ["many small files on ext4: a copy before", onExt4, "presync"],
    ["few large files on ext4: a copy before", { ...onExt4, ...few }, "presync"],
    ["next to nothing on ext4: archived at once", { ...onExt4, files: 10, bytes: 1e6 }, "none"],
    ["next to nothing on btrfs: shared blocks", { ...onBtrfs, files: 10, bytes: 1e6 }, "reflink"],
    ["a network file system: archived while stopped", onNfs, "none"],
    ["no room for a copy: archived while stopped", { ...onExt4, obstacles: { ...onNfs.obstacles } }, "none"],
  ])("takes for %s", (_, facts, expected) => {
    expect(planFreeze([facts], [], "auto").strategy).toBe(expected as never);
  });

  test("tries what is next best when the best fails, and archives while stopped at last", () => {
    expect(strategiesOf([onBtrfs])).toEqual([["snapshot", "presync", "reflink", "none"]]);
    expect(strategiesOf([onExt4])).toEqual([["presync", "none"]]);
  });

  test("freezes each root in its own way", () => {
    const strategies = strategiesOf([onBtrfs, onExt4]);
    expect(strategies.map(([first]) => first)).toEqual(["snapshot", "presync"]);
    expect(planFreeze([onBtrfs, onExt4], [], "auto").strategy).toBe("presync");
  });

  test("freezes nothing when one root keeps the stack stopped anyway, and names that root's reasons", () => {
    expect(strategiesOf([onBtrfs, onNfs])).toEqual([["none"], ["none"]]);
    expect(planFreeze([onBtrfs, onNfs], [], "auto").why).toContain("no presync, changes cannot be told");
  });

  test("says what it took and why, with figures", () => {
    expect(planFreeze([onXfs], [], "auto").why).toBe(
      "presync of 63,000 files, 1.1 GiB: about 0.6 s (no snapshot, the data is on xfs; reflink 2.6 s; none 5.0 s)",
    );
    expect(planFreeze([{ ...onExt4, files: 1, bytes: 4096 }], [], "auto").why).toStartWith(
      "none of 1 file, 4.0 KiB: ",
    );
  });

  test("of no data is nothing to do", () => {
    expect(planFreeze([], [], "auto")).toEqual({
      strategy: "none",
      why: "no data to freeze",
      notes: [],
      roots: [],
    });
  });
});

describe("planFreeze() with a history", () => {
  const measured = (strategy: FreezeMeasurement["strategy"], seconds: number): FreezeMeasurement => ({
    strategy,
    seconds,
    files: 63_000,
    bytes: 1.1 * gigabyte,
  });

  test("leaves a strategy that was measured to be slow here", () => {
    expect(strategiesOf([onXfs], "auto", [measured("presync", 9)])[0]?.[0]).toBe("reflink");
  });

  test("does not leave it for one slow night", () => {
    const history = [measured("presync", 9), measured("presync", 0.5), measured("presync", 0.5)];
    expect(strategiesOf([onXfs], "auto", history)[0]?.[0]).toBe("presync");
  });

  test("keeps to what is worse on paper and better in fact", () => {
    expect(strategiesOf([onXfs], "auto", [measured("reflink", 0.3)])[0]?.[0]).toBe("reflink");
  });

  test("scales what it knows by the size of the data", () => {
    const half = { strategy: "none", seconds: 0.1, files: 100, bytes: 1e6 } as const;
    expect(planFreeze([onNfs], [half], "auto").why).toContain("about 2.4 s");
  });

  test("forgets what lies more than seven windows back", () => {
    const old = Array.from({ length: 9 }, () => measured("presync", 9));
    const recent = Array.from({ length: 7 }, () => measured("reflink", 2.6));
    expect(strategiesOf([onXfs], "auto", [...recent, ...old])[0]?.[0]).toBe("presync");
  });

  test("believes no measurement that is beyond all bounds", () => {
    expect(strategiesOf([onBtrfs], "auto", [measured("snapshot", 0)])[0]?.[0]).toBe("snapshot");
    expect(planFreeze([onNfs], [measured("none", 1e9)], "auto").why).toContain("about 100.7 s");
  });
});

describe("planFreeze() with a strategy that is asked for", () => {
  test("takes it although another one is faster", () => {
    expect(strategiesOf([onBtrfs], "reflink")).toEqual([["reflink", "snapshot", "presync", "none"]]);
    expect(planFreeze([onBtrfs], [], "reflink")).toMatchObject({ strategy: "reflink", notes: [] });
    expect(planFreeze([onBtrfs], [], "reflink").why).toEndWith("as STACK_FREEZE says");
  });

  test("takes it although archiving at once were as good", () => {
    expect(strategiesOf([{ ...onExt4, files: 1, bytes: 10 }], "presync")).toEqual([["presync", "none"]]);
  });

  test("takes what auto takes when it is not possible, with a note that says why", () => {
    const plan = planFreeze([onExt4], [], "snapshot");
    expect(plan.strategy).toBe("presync");
    expect(plan.notes).toEqual([
      'STACK_FREEZE is snapshot, which is not possible for "/srv/plex": the data is on ext4',
    ]);
  });

  test("archives while stopped when that is asked for", () => {
    expect(strategiesOf([onBtrfs, onExt4], "none")).toEqual([["none"], ["none"]]);
  });
});
