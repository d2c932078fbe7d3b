import { describe, expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load-config.ts";
import { formatCheckedConfig, printConfig } from "#lib/config/print-config.ts";
import { storeKeys } from "#lib/config/settings-store.ts";
import { createConfigDirectory, least, refusalOf } from "#test/unit/config/config-directory.ts";

async function load(lines: string, env: Record<string, string> = {}) {
  await using directory = await createConfigDirectory();
  const file = await directory.write("app.env", least + lines);
  return await loadConfig(directory.request(file, { env }));
}

async function problemsOf(lines: string): Promise<string> {
  return (await refusalOf(load(lines))).problems.join("\n");
}

describe("Settings of stores", () => {
  test.each([
    ["/mnt/my nas/backups", { kind: "directory", path: "/mnt/my nas/backups" }],
    [
      "ssh://backup@nas.example.org:50222/volume1/homes/Backup Server/it's",
      {
        kind: "ssh",
        user: "backup",
        host: "nas.example.org",
        port: 50222,
        path: "/volume1/homes/Backup Server/it's",
      },
    ],
    ["ssh://nas/~/sets", { kind: "ssh", user: undefined, host: "nas", port: undefined, path: "sets" }],
    ["ssh://[::1]:22/b", { kind: "ssh", user: undefined, host: "::1", port: 22, path: "/b" }],
    ["rclone:cloud:bucket/some sets", { kind: "rclone", remote: "cloud:bucket/some sets" }],
    ["rclone::local:/mnt/x", { kind: "rclone", remote: ":local:/mnt/x" }],
  ])("take the address %s", async (url, address) => {
    const { settings } = await load(`STORE_NAS_URL="${url}"\n`);
    expect(settings.STORES).toMatchObject([{ name: "nas", address, isRequired: false }]);
  });

  test("inherit retention and time zone from the job, each by itself", async () => {
    const { settings } = await load(
      "KEEP_LAST=5\nKEEP_DAILY=9\nTIME_ZONE=Europe/Berlin\nSTORE_A_URL=/a\nSTORE_A_KEEP_DAILY=14\nSTORE_B_URL=/b\n",
    );
    expect(settings.STORES).toMatchObject([
      { name: "a", retention: { last: 5, daily: 14, timeZone: "Europe/Berlin" } },
      { name: "b", retention: { last: 5, daily: 9 } },
    ]);
  });

  test("take tiers with their days, and a limit of speed", async () => {
    const { settings } = await load(
      'STORE_NAS_URL=/a\nSTORE_NAS_LAYOUT={tier}/{YYYY}/{MM}/{DD}/{HH}{mm}\nSTORE_NAS_TIERS="biweekly=1, 15\nyearly=31"\nSTORE_NAS_BANDWIDTH_MB=0.5\n',
    );
    expect(settings.STORES[0]).toMatchObject({
      layout: "{tier}/{YYYY}/{MM}/{DD}/{HH}{mm}",
      tiers: [
        { name: "biweekly", days: [1, 15] },
        { name: "yearly", days: [31] },
      ],
      defaultTier: "daily",
      bytesPerSecond: 524_288,
    });
  });

  test("may come from the environment, which wins", async () => {
    const { settings, storeRows } = await load("STORE_A_URL=/a\nSTORE_A_TIMEOUT=1h\n", {
      STORE_A_TIMEOUT: "2h",
    });
    expect(settings.STORES[0]?.timeoutMs).toBe(7_200_000);
    expect(storeRows.map(({ place }) => place)).toContain("environment STORE_A_TIMEOUT");
  });

  test.each([
    ["STORE_NAS_REQUIRED=true", "STORE_NAS_URL is not set: it is required"],
    ["STORE_NAS_URL=nas:/x", "ssh://USER@HOST:PORT/PATH"],
    ["STORE_NAS_URL=ssh://-oProxyCommand=x/y", "ssh://USER@HOST:PORT/PATH"],
    ["STORE_NAS_URL=ssh://-evil@nas/y", "ssh://USER@HOST:PORT/PATH"],
    ["STORE_NAS_URL=rclone::sftp,host=x,pass=y:/z", "without secrets"],
    ["STORE_NAS_URL=/a\nSTORE_NAS_TIERS=weekly=0", "days of the month"],
    ["STORE_NAS_URL=/a\nSTORE_NAS_TIERS=biweekly=1", "LAYOUT has no {tier}"],
    ["STORE_NAS_URL=/a\nSTORE_NAS_MAX_WAITING=0", "a whole number from 1 to 10000"],
    ["STORE_NAS_URL=/a\nSTORE_NAS_LAYOUT={tier}/{DD}", "tell sets apart"],
    ["STORE_NAS_URL=/a\nSTORE_NAS_KEY_FILE=/k", "is of no use: the store is a directory"],
    [
      "STORE_NAS_URL=/a\nKEEP_LAST=1\nSTORE_NAS_KEEP_LAST=0\nSTORE_NAS_KEEP_DAILY=0\nSTORE_NAS_KEEP_WEEKLY=0\nSTORE_NAS_KEEP_MONTHLY=0",
      "would keep nothing",
    ],
    ["STORE_NAS_UR=/a", "did you mean STORE_NAS_URL?"],
    ["BACKUP_LAYOUT={tier}/{stamp}", "{tier}"],
  ])("are refused: %s", async (lines, word) => {
    expect(await problemsOf(`${lines}\n`)).toContain(word);
  });

  test("are shown by --check-config with their place, and by --print-config every one", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", `${least}STORE_NAS_URL="/mnt/nas"\n`);
    const shown = formatCheckedConfig(await loadConfig(directory.request(file)));
    expect(shown).toMatch(/STORE_NAS_URL +.*"\/mnt\/nas" +\(.*app\.env:3 STORE_NAS_URL\)/);
    for (const key of storeKeys)
      expect(printConfig(directory.request(undefined))).toContain(`#STORE_NAS_${key}=`);
  });
});
