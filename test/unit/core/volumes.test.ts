import { expect, test } from "bun:test";
import { locateVolume, parseVolumes } from "#lib/core/volumes.ts";

const volume = { name: "v", driver: "local", mountpoint: "/var/lib/docker/volumes/v/_data", options: {} };

test("parseVolumes() reads what docker volume inspect prints", () => {
  const printed = [
    { Name: "v", Driver: "local", Mountpoint: volume.mountpoint, Options: null, Labels: {}, Scope: "local" },
  ];
  expect(parseVolumes(JSON.stringify(printed))).toEqual([volume]);
  expect(parseVolumes("[]\n")).toEqual([]);
  expect(() => parseVolumes("[{}]")).toThrow();
});

test.each([
  [{}, { path: volume.mountpoint }],
  [{ options: { o: "size=1g" } }, { path: volume.mountpoint }],
  [{ options: { type: "none", o: "rw,bind", device: "/srv/data" } }, { path: "/srv/data" }],
  [{ options: { o: "rbind", device: "/srv/data" } }, { path: "/srv/data" }],
  [
    { options: { type: "nfs", o: "addr=nas,rw", device: ":/export" } },
    { reason: "it is a mount of type nfs, there only while it is in use", isProblem: true },
  ],
  [
    { options: { device: "/dev/sdb1" } },
    { reason: "it is a mount of type unknown, there only while it is in use", isProblem: true },
  ],
  [
    { options: { type: "tmpfs", o: "size=1m", device: "tmpfs" } },
    { reason: "it lives in memory", isProblem: false },
  ],
  [{ driver: "rclone" }, { reason: "its driver is rclone", isProblem: true }],
] as const)("locateVolume() of %p: %p", (change, place) => {
  expect(locateVolume({ ...volume, ...change })).toEqual(place);
});
