import { expect, test } from "bun:test";
import { appBackup } from "#lib/migrate/app-backup.ts";

const read = (...lines: readonly string[]) => {
  const { settings, todo } = appBackup.read(["APP_DIR=/srv/app", ...lines].join("\n"));
  return { ours: Object.fromEntries(settings.flatMap((one) => one.settings)), todo };
};

test("appBackup.read() excludes nothing that only a comment excludes, and guesses no pattern", () => {
  const { ours, todo } = read(
    "# tar --exclude=uploads",
    'tar --exclude "$C" --exclude=a --exclude-from=/x .',
  );
  expect(ours["APP_EXCLUDES"]).toBe("a");
  expect(todo).toContain("tar --exclude $C: only a shell could tell its value: set APP_EXCLUDES by hand");
  expect(todo).toContain(
    "tar --exclude-from=/x: only a shell could tell its value: set APP_EXCLUDES by hand",
  );
});

test("appBackup.read() makes no address of a NAS of which it does not know all", () => {
  const nas = ["SYNOLOGY_HOST=nas", "SYNOLOGY_BASE_PATH=/volume1"];
  expect(read(...nas).ours["STORE_SYNOLOGY_URL"]).toBe("ssh://nas/volume1");
  expect(read("SYNOLOGY_HOST=nas").ours).toMatchObject({ STORE_SYNOLOGY_KEEP_DAILY: "14" });
  const { ours, todo } = read(...nas, "SYNOLOGY_PORT=$(cat /etc/port)");
  expect(ours["STORE_SYNOLOGY_URL"]).toBeUndefined();
  expect(ours["STORE_SYNOLOGY_KEEP_DAILY"]).toBe("14");
  expect(todo).toContain(
    "address of the NAS: only a shell could tell its value: set STORE_SYNOLOGY_URL by hand",
  );
});

test("appBackup.read() takes the first of several values, and says so of a setting", () => {
  const { ours, todo } = read("KEEP_LOCAL=5", "KEEP_LOCAL=9", "x && KEEP_LOCAL=7", "START=1", "START=2");
  expect(ours["KEEP_LAST"]).toBe("5");
  expect(todo.filter((line) => line.includes("set in lines"))).toEqual([
    "KEEP_LOCAL: set in lines 2, 3, 4; that of line 2 was taken",
  ]);
});
