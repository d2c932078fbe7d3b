import { expect, test } from "bun:test";
import { readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import type { LogLevel } from "#lib/core/log.ts";
import { createSessionLog, formatLocalTime } from "#lib/run/session-log.ts";
import { createSandbox } from "#test/support/sandbox.ts";

function logTo(
  written: string[],
  options: { terminal?: boolean; journal?: boolean; colour?: boolean; level?: LogLevel } = {},
) {
  return createSessionLog({
    stderr: {
      write: async (text) => {
        written.push(text);
      },
      isTerminal: options.terminal ?? false,
      columns: 80,
    },
    isJournal: options.journal ?? false,
    useColour: options.colour ?? false,
    level: options.level ?? "warning",
    label: () => "backup-run[app 1a2b3c4d]",
    now: () => new Date("2026-11-21T03:30:07Z"),
  });
}

test("a log off a terminal shows warnings and errors with time stamps, and is silent otherwise", async () => {
  const written: string[] = [];
  const log = logTo(written);
  log.info("archive.written", "all is well");
  log.warning("source.changed", "3 files changed");
  await log.close();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(
    /^2026-11-2\dT\d\d:30:07[+-]\d\d:\d\d WARNING backup-run\[app 1a2b3c4d\] source\.changed: 3 files changed\n$/,
  );
});

test("a log on a terminal shows messages alone, in colour where colour is wanted", async () => {
  const [plain, coloured]: [string[], string[]] = [[], []];
  const [log, colourLog] = [
    logTo(plain, { terminal: true, level: "info" }),
    logTo(coloured, { terminal: true, level: "info", colour: true }),
  ];
  for (const each of [log, colourLog]) {
    each.error("a.b", "it broke");
    await each.close();
  }
  expect(plain).toEqual(["it broke\n"]);
  expect(coloured).toEqual(["\x1b[31mit broke\x1b[0m\n"]);
});

test("a log into the journal gives each line of a message its priority", async () => {
  const written: string[] = [];
  const log = logTo(written, { journal: true, level: "info" });
  log.error("a.b", "one\ntwo");
  log.info("a.c", "three");
  await log.close();
  expect(written).toEqual(["<3>one\n<3>two\n", "<6>three\n"]);
});

test("the log file gets every line, also those said before it was open, without colour and with secrets masked", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("logs", "run.log");
  const log = logTo([], { colour: true, terminal: true });
  log.debug("config.found", "password is hunter22");
  log.setRedactor((text) => text.replaceAll("hunter22", "***"));
  await log.openFile(path);
  log.info("run.began", "still hunter22");
  await log.close();
  const text = readFileSync(path, "utf8");
  expect(text.split("\n")).toHaveLength(3);
  expect(text).not.toContain("hunter22");
  expect(text).not.toContain("\x1b");
  expect(text).toContain("DEBUG   backup-run[app 1a2b3c4d] config.found: password is ***");
});

test("the log file is appended to, and a rotated one is replaced by the next run", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("run.log");
  for (const word of ["one", "two"]) {
    const log = logTo([]);
    await log.openFile(path);
    log.info("a.b", word);
    await log.close();
  }
  expect(readFileSync(path, "utf8")).toMatch(/one\n.*two\n$/s);
  renameSync(path, `${path}.1`);
  const log = logTo([]);
  await log.openFile(path);
  log.info("a.b", "three");
  await log.close();
  expect(readFileSync(path, "utf8")).not.toContain("one");
});

test("the log file is never a symlink's target", async () => {
  await using sandbox = await createSandbox();
  writeFileSync(sandbox.path("victim"), "precious");
  symlinkSync(sandbox.path("victim"), sandbox.path("run.log"));
  await expect(logTo([]).openFile(sandbox.path("run.log"))).rejects.toThrow();
  expect(readFileSync(sandbox.path("victim"), "utf8")).toBe("precious");
});

test("the tail keeps the last 200 lines", () => {
  const log = logTo([]);
  for (let i = 0; i < 250; i += 1) log.info("a.b", `line ${i}`);
  expect(log.tail()).toHaveLength(200);
  expect(log.tail()[0]).toContain("line 50");
});

test("formatLocalTime() carries the offset of the zone", () => {
  expect(new Date(formatLocalTime(new Date("2026-07-01T00:00:00Z"))).toISOString()).toBe(
    "2026-07-01T00:00:00.000Z",
  );
});

test("a log has each line once in its file, also when stderr was still busy with an earlier one as the file was opened", async () => {
  await using sandbox = await createSandbox();
  const path = sandbox.path("run.log");
  const busy = Promise.withResolvers<undefined>();
  const log = createSessionLog({
    stderr: { write: () => busy.promise, isTerminal: false, columns: 80 },
    isJournal: false,
    useColour: false,
    level: "warning",
    label: () => "backup-run[app 1a2b3c4d]",
    now: () => new Date("2026-11-21T03:30:07Z"),
  });
  log.warning("a.b", "one");
  log.warning("a.c", "two");
  await log.openFile(path);
  log.warning("a.d", "three");
  busy.resolve(undefined);
  await log.close();
  const words = readFileSync(path, "utf8").match(/one|two|three/g);
  expect(words).toEqual(["one", "two", "three"]);
});
