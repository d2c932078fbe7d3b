import { describe, expect, test } from "bun:test";
import {
  findUnmounted,
  mountOf,
  mountsBelow,
  parseFstab,
  parseMountTable,
  sharedPlaces,
} from "#lib/core/mount-table.ts";

const text = `22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:21 / /proc rw - proc proc rw
30 22 0:40 /@srv /srv rw,noatime shared:7 master:1 - btrfs /dev/sdb rw,subvol=/@srv
31 30 0:50 / /srv/my\\040data rw - zfs tank/my\\040data rw
32 22 0:51 / /mnt rw - autofs systemd-1 rw
33 32 0:52 / /mnt rw - nfs4 nas:/export rw
34 22 0:53 / /m\\303\\274ll rw - tmpfs tmpfs rw
`;
const table = parseMountTable(text);

describe("mountOf()", () => {
  test.each([
    ["/etc", "/", "ext4"],
    ["/srv", "/srv", "btrfs"],
    ["/srv/plex", "/srv", "btrfs"],
    ["/srvx", "/", "ext4"],
    ["/srv/my data/db", "/srv/my data", "zfs"],
    ["/müll/x", "/müll", "tmpfs"],
  ])("finds what %j lies in", (path, mountPoint, fileSystem) => {
    expect(mountOf(path, table)).toMatchObject({ mountPoint, fileSystem });
  });

  test("takes the last of several mounts at one place: that is the one that is seen", () => {
    expect(mountOf("/mnt/x", table)?.source).toBe("nas:/export");
  });

  test("gives the dataset's own name", () => {
    expect(mountOf("/srv/my data", table)?.source).toBe("tank/my data");
  });
});

test("mountsBelow() names what is mounted in a directory, the directory left out", () => {
  expect(mountsBelow("/srv", table)).toEqual(["/srv/my data"]);
  expect(mountsBelow("/sr", table)).toEqual([]);
});

describe("sharedPlaces()", () => {
  const mounts = (...lines: readonly string[]) => parseMountTable(`${text}${lines.join("\n")}\n`);
  const bind = (root: string, at: string) => `40 22 254:1 ${root} ${at} rw - ext4 /dev/vda1 rw`;
  test.each([
    ["a bind mount of it", "/backup", [bind("/backup", "/app/old")], "/app/old", "/backup"],
    [
      "a bind mount of what it lies in",
      "/backup/x",
      [bind("/backup", "/app/old")],
      "/app/old/x",
      "/backup/x",
    ],
    ["a bind mount of a part", "/backup", [bind("/backup/web1", "/app/old")], "/app/old", "/backup/web1"],
    [
      "the source by another path",
      "/data/app/sets",
      [bind("/data/app", "/app")],
      "/app/sets",
      "/data/app/sets",
    ],
    [
      "a mount of the same disk",
      "/srv/b",
      ["41 22 0:40 / /app/all rw - btrfs /dev/sdb rw"],
      "/app/all/@srv/b",
      "/srv/b",
    ],
  ])("finds %s", (_what, path, lines, inside, outside) => {
    expect(sharedPlaces(path, "/app", mounts(...lines))).toEqual([{ inside, outside }]);
  });
  test.each([
    ["another directory of the disk", "/backup", [bind("/media", "/app/media")]],
    ["a mount outside the source", "/backup", [bind("/backup", "/apps/old")]],
    ["another share of the same server", "/mnt/b", ["42 22 0:52 / /app/nas rw - nfs4 nas:/other rw"]],
  ])("finds nothing in %s", (_what, path, lines) => {
    expect(sharedPlaces(path, "/app", mounts(...lines))).toEqual([]);
  });
});

describe("findUnmounted()", () => {
  const fstab = parseFstab(`# a comment
UUID=1 / ext4 defaults 0 1
/dev/sdb /srv/ btrfs subvol=@srv 0 0
/dev/sdc  /mnt/big\\040disk\text4 nofail 0 2
/swapfile none swap sw 0 0
proc /proc proc defaults
`);

  test.each([
    ["/mnt/big disk/appdata", "/mnt/big disk"],
    ["/mnt/big disk", "/mnt/big disk"],
    ["/mnt/big", undefined],
    ["/srv/plex", undefined],
    ["/etc", undefined],
  ])("of %j is %j", (path, expected) => {
    expect(findUnmounted(path, table, fstab)).toBe(expected);
  });
});
