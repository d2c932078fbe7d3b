import { describe, expect, test } from "bun:test";
import { findLegacySets, readLegacySum } from "#lib/core/legacy-archives.ts";

const files = (...paths: readonly string[]) => paths.map((path) => ({ path, sizeBytes: 1 }));

describe("findLegacySets()", () => {
  test("knows stacks by their directory, newest first, and whole backups by their name", () => {
    const found = findLegacySets(
      files(
        "nas1/20251103_020000/plex.tar.zst",
        "nas1/20251104_020000/plex.tar",
        "nas1/20251104_020000/arr.tar.gz",
        "daily/2025/11/05/0300/backup-20251105_030000.tar.gz",
        "daily/2025/11/05/0300/backup-20251105_030000.tar.gz.sha256",
      ),
    );
    expect(
      found.map(({ kind, stamp, host, archives }) => [kind, stamp, host, archives.map(({ name }) => name)]),
    ).toEqual([
      ["app-backup", "20251105_030000", undefined, ["backup"]],
      ["docker-stacks", "20251104_020000", "nas1", ["arr", "plex"]],
      ["docker-stacks", "20251103_020000", "nas1", ["plex"]],
    ]);
    expect(found[0]?.archives[0]).toMatchObject({
      compression: "gzip",
      sumFile: expect.stringMatching(/\.sha256$/),
    });
    expect(found[1]?.archives[0]?.sumFile).toBeUndefined();
  });

  test("knows sets in the directory itself, and nothing else", () => {
    expect(findLegacySets(files("20251104_020000/x.tar.xz"))).toMatchObject([
      { host: undefined, path: "20251104_020000" },
    ]);
    expect(
      findLegacySets(
        files(
          "x.tar.gz",
          "web1/app/20261121T030000Z/application.tar.zst",
          "a/20251104/x.tar",
          "20251104_020000/x.zip",
        ),
      ),
    ).toEqual([]);
  });
});

describe("readLegacySum()", () => {
  test("takes the hash, whatever path stands beside it", () => {
    const sum = "a".repeat(64);
    expect(readLegacySum(`${sum}  /var/backups/x.tar.gz\n`)).toBe(sum);
    expect(readLegacySum(`${sum.toUpperCase()} *x`)).toBe(sum);
    expect(readLegacySum("")).toBeUndefined();
    expect(readLegacySum(`${sum}0  x`)).toBeUndefined();
  });
});
