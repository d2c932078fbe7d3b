import { describe, expect, test } from "bun:test";
import { findObstacles, type RootSurvey, sharesBlocks } from "#lib/core/freeze-obstacles.ts";

const gigabyte = 1024 ** 3;

const staging = {
  path: "/srv",
  fileSystem: "btrfs",
  mountPoint: "/srv",
  freeBytes: 100 * gigabyte,
  totalBytes: 200 * gigabyte,
  isSameFileSystem: true,
};

function survey(changes: Partial<RootSurvey> = {}): RootSurvey {
  return {
    fileSystem: "btrfs",
    bytes: 10 * gigabyte,
    files: 1000,
    snapshotProblem: undefined,
    inside: { subvolumes: [], mounts: [] },
    staging,
    stagingProblem: undefined,
    canReflink: true,
    ...changes,
  };
}

const ext4 = { fileSystem: "ext4", canReflink: false, snapshotProblem: "the data is on ext4" } as const;

describe("findObstacles()", () => {
  test("finds none on btrfs with room", () => {
    expect(findObstacles(survey())).toEqual({});
  });

  test("takes no snapshot that would lack a subvolume within; copies contain it", () => {
    expect(findObstacles(survey({ inside: { subvolumes: ["db"], mounts: [] } }))).toEqual({
      snapshot: 'it would lack "db", which is a file system of its own',
    });
  });

  test("only archives what has another file system mounted in it", () => {
    const found = findObstacles(survey({ inside: { subvolumes: [], mounts: ["media"] } }));
    expect(new Set(Object.keys(found))).toEqual(new Set(["snapshot", "reflink", "presync"]));
    expect(found.presync).toBe('another file system is mounted in it, at "media"');
  });

  test("on ext4 leaves the copy before the stop", () => {
    expect(findObstacles(survey(ext4))).toEqual({
      snapshot: "the data is on ext4",
      reflink: "files on ext4 cannot share blocks",
    });
  });

  test("makes no copy that would fill the disk, and says what it needs", () => {
    const full = { ...staging, freeBytes: 11 * gigabyte };
    expect(findObstacles(survey({ ...ext4, staging: full })).presync).toBe(
      'a copy needs 12.0 GiB, there are 11.0 GiB free in "/srv"',
    );
    expect(
      findObstacles(survey({ ...ext4, staging: { ...staging, freeBytes: 12 * gigabyte } })).presync,
    ).toBe(undefined);
  });

  test("asks of a small disk for a tenth of it, no more", () => {
    const small = { ...staging, totalBytes: gigabyte, freeBytes: 0.3 * gigabyte };
    expect(findObstacles(survey({ ...ext4, bytes: 0.19 * gigabyte, staging: small })).presync).toBe(
      undefined,
    );
    expect(findObstacles(survey({ ...ext4, bytes: 0.21 * gigabyte, staging: small })).presync).toBeString();
  });

  test("needs no room for the bytes of a copy that shares them, but some for its files", () => {
    const tight = { ...staging, freeBytes: 1.5 * gigabyte };
    expect(findObstacles(survey({ staging: tight }))).toEqual({});
    expect(findObstacles(survey({ staging: tight, files: 1_000_000 })).reflink).toStartWith("a copy needs");
  });

  test("shares no blocks with another file system", () => {
    const other = survey({ staging: { ...staging, path: "/big", isSameFileSystem: false } });
    expect(sharesBlocks(other)).toBe(false);
    expect(findObstacles(other)).toEqual({ reflink: '"/big" is on another file system than the data' });
  });

  test.each(["nfs4", "cifs", "vfat", "fuse.sshfs", "tmpfs"])(
    "makes no copy on %s, which loses owners or more",
    (fileSystem) => {
      const found = findObstacles(
        survey({ ...ext4, staging: { ...staging, fileSystem, isSameFileSystem: false } }),
      );
      expect(found.presync).toContain("does not keep everything of a file");
    },
  );

  test.each(["nfs4", "zfs", "tmpfs", "overlay", "fuse.mergerfs"])(
    "believes no change times of %s",
    (fileSystem) => {
      const found = findObstacles(
        survey({ ...ext4, fileSystem, staging: { ...staging, isSameFileSystem: false } }),
      );
      expect(found.presync).toBe(`changes cannot be told for certain on ${fileSystem}`);
    },
  );

  test("compares no more names than fit into memory", () => {
    expect(findObstacles(survey({ files: 2_000_001 })).presync).toBe(
      "it has 2,000,001 files, too many to compare",
    );
  });

  test("says why there is no place for a copy", () => {
    const found = findObstacles(survey({ staging: undefined, stagingProblem: "it is a mount point" }));
    expect(found).toEqual({ reflink: "it is a mount point", presync: "it is a mount point" });
  });
});
