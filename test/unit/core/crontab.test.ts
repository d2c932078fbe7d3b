import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCronName, parseAnacrontab, parseCrontab } from "#lib/core/crontab.ts";

test("parseCrontab() reads user and command of a system's crontab", () => {
  const { lines, flaw } = parseCrontab(
    "PATH=/bin\n\n# x\n 0 3,11,19 * * *\troot  /x/y.sh >> /log 2>&1\n",
    true,
  );
  expect(flaw).toBeUndefined();
  expect(lines).toMatchObject([
    { line: 4, when: "0 3,11,19 * * *", user: "root", command: "/x/y.sh >> /log 2>&1" },
  ]);
});

test("parseCrontab() takes what follows the time for the command in a user's crontab", () => {
  expect(parseCrontab("@daily root x\n", false).lines).toMatchObject([
    { when: "@daily", user: undefined, command: "root x" },
  ]);
});

test("parseCrontab() ends a command at a percent sign, unless a backslash precedes it", () => {
  const { lines } = parseCrontab("0 3 * * * echo 50\\% of %input\n", false);
  expect(lines[0]?.command).toBe("echo 50% of");
});

test.each([
  ["0 3 * * * root true", "its last line has no end"],
  ["61 3 * * * root true\n", "line 1: bad minute"],
  ["0 3 * * * root true\nnonsense\n", "line 2: five fields and a command required"],
  ["0 3 * * *\n", "line 1: a user and a command required"],
  ["0 3 * * * root\n", "line 1: a user and a command required"],
])("parseCrontab() says of %j why cron ignores all of it", (text, flaw) => {
  expect(parseCrontab(text, true).flaw).toBe(flaw);
});

test("parseCrontab() notes a zone, which moves no start on Debian", () => {
  const text = "CRON_TZ=Europe/Berlin\n TZ = UTC\n0 3 * * * root true\n";
  expect(parseCrontab(text, true).notes).toEqual([
    "line 1: CRON_TZ moves no start: cron goes by the system's zone",
    "line 2: TZ moves no start: cron goes by the system's zone",
  ]);
});

test("parseCrontab() finds a flaw where crontab(1) does, and nowhere else", () => {
  const texts = [
    "0 3 * * * true\n",
    "0 3 * * * true",
    "\n\n   \n# only comments\n",
    "",
    "A=b\n",
    "A = b\n",
    "\"A\" = 'b'\n",
    "A=\n",
    "A= \n",
    "A=''\n",
    "0 3 * * *\n",
    "0 3 * *\n",
    "@reboot\n",
    "@reboot true\n",
    "  @daily   true\n",
    "0\t3\t*\t*\t*\ttrue\n",
    "nonsense\n",
    "0 3 * * * true\n0 99 * * * true\n",
    "0 3 * * * A=b true\n",
    "0 3 * * mon,tue true\n",
    "0 3 * * Mon true # x\n",
  ];
  const directory = mkdtempSync(join(tmpdir(), "lastgood-"));
  try {
    const file = join(directory, "crontab");
    const ignored = texts.filter((text) => {
      writeFileSync(file, text);
      return spawnSync("crontab", ["-n", file]).status !== 0;
    });
    expect(texts.filter((text) => parseCrontab(text, false).flaw !== undefined)).toEqual(ignored);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("parseAnacrontab() reads period and command", () => {
  const text = "SHELL=/bin/sh\n# x\n1\t5\tcron.daily\trun-parts /etc/cron.daily\n@monthly 15 m  /x y\nbad\n";
  expect(parseAnacrontab(text)).toEqual([
    { line: 3, period: "1", command: "run-parts /etc/cron.daily" },
    { line: 4, period: "@monthly", command: "/x y" },
  ]);
});

test("isCronName() is false for any name with a dot", () => {
  expect(
    ["lastgood-backup", "a_B9", "lastgood.old", "backup.sh", "x~", "", ".hidden"].filter(isCronName),
  ).toEqual(["lastgood-backup", "a_B9"]);
});
