import { describe, expect, test } from "bun:test";
import {
  createMessage,
  formatBody,
  formatLogLine,
  formatSubject,
  formatSummary,
} from "#lib/core/format-report.ts";
import type { PartReport } from "#lib/core/report.ts";
import { createReport } from "#test/support/report.ts";

const rich = createReport({
  outcome: "partial",
  headline: "The backup lacks something",
  problems: ["./secret.key could not be read", "The backup lacks something"],
  notes: Array.from({ length: 25 }, (_, index) => `note ${index + 1}`),
  findings: [
    { name: "mount", passed: true, message: "/mnt/nas is mounted" },
    { name: "space", passed: false, message: "2 GB free", hint: "Free space" },
  ],
  parts: [
    { kind: "source", name: "application", outcome: "partial", message: "1.3 GiB, 400 MiB written in 3.2 s" },
    { kind: "copy", name: "second", outcome: "failed", message: "no answer" },
    { kind: "retention", name: "first", outcome: "complete", message: "/backups: kept 7, removed 1" },
  ],
  set: "/backups/it's here/20261121T020000Z",
  logFile: "/var/log/backup.log",
  logTail: Array.from({ length: 70 }, (_, index) => `log line ${index + 1}.`),
});

const part = (kind: PartReport["kind"], name: string, outcome: PartReport["outcome"]): PartReport => ({
  kind,
  name,
  outcome,
  message: "",
});
const whole = part("source", "application", "complete");
const lost = part("store", "nas", "failed");

describe("formatSubject()", () => {
  test("begins with how it ended, then what and where", () => {
    expect(formatSubject(createReport())).toBe("[FAILED] backup-run app on web1");
    expect(formatSubject(createReport({ outcome: "complete" }))).toBe("[OK] backup-run app on web1");
  });

  test("says CRITICAL whatever the outcome when a person is needed now", () => {
    const report = createReport({ outcome: "partial", critical: true });
    expect(formatSubject(report)).toBe("[CRITICAL] backup-run app on web1");
  });

  test.each([
    ["a store", [whole, lost], "DEGRADED", ": store nas"],
    [
      "a copy and a store",
      [whole, part("copy", "second destination", "failed"), lost],
      "DEGRADED",
      ": copy second destination, store nas",
    ],
    ["a source too", [whole, part("source", "database-shop", "failed"), lost], "PARTIAL", ": database-shop"],
    ["a file too", [part("source", "application", "partial"), lost], "PARTIAL", ""],
    ["an older set in a store", [whole, part("store", "nas", "partial")], "PARTIAL", ""],
    ["a source that is doubtful", [{ ...whole, isDoubtful: true }, lost], "PARTIAL", ": application"],
    ["retention", [whole, part("retention", "first", "failed")], "PARTIAL", ""],
  ] as const)("says what a run lacks: %s", (_what, parts, tag, names) => {
    expect(formatSubject(createReport({ outcome: "partial", parts }))).toBe(
      `[${tag}] backup-run app on web1${names}`,
    );
  });

  test("says FAILED where a required store has failed the run", () => {
    expect(formatSubject(createReport({ outcome: "failed", parts: [whole, lost] }))).toBe(
      "[FAILED] backup-run app on web1",
    );
  });

  test("stays one line whatever the names hold", () => {
    const report = createReport({ job: "a\r\nBcc: x@y.z", host: "h\u2028i" });
    expect(formatSubject(report)).toBe("[FAILED] backup-run a Bcc: x@y.z on h i");
  });
});

describe("formatLogLine()", () => {
  test("is one line with ending, headline and duration", () => {
    const report = createReport({ headline: "first\nsecond" });
    expect(formatLogLine(report)).toBe("FAILED: first second (5m 13s)");
  });

  test("has the word of the subject where the set is whole", () => {
    const report = createReport({ outcome: "partial", headline: "made", parts: [whole, lost] });
    expect(formatLogLine(report)).toBe("DEGRADED: made (5m 13s)");
  });
});

describe("formatBody()", () => {
  const body = formatBody(rich);

  test("has what happened first, then what to do, then the rest in the order of need", () => {
    const wanted = [
      "The backup lacks something",
      "Hint: Free space or lower MIN_FREE_GB",
      "Problems:",
      "Parts:",
      "Checks that failed:",
      "Notes (25):",
      "Run:",
      "Last 60 lines of the log:",
      "To look further:",
    ];
    const lines = body.split("\n");
    expect(lines.filter((line) => wanted.includes(line))).toEqual(wanted);
    expect(lines[0]).toBe("The backup lacks something");
  });

  test("does not repeat the headline among the problems", () => {
    expect(body.split("The backup lacks something")).toHaveLength(2);
    expect(body).toContain("  ./secret.key could not be read\n");
  });

  test("tells the parts apart by how they ended", () => {
    expect(body).toContain("  ! source application: 1.3 GiB, 400 MiB written in 3.2 s\n");
    expect(body).toContain("  ✗ copy second: no answer\n");
    expect(body).toContain("  ✓ retention first: /backups: kept 7, removed 1\n");
  });

  test("shows the checks that failed, not those that passed", () => {
    expect(body).toContain("  space: 2 GB free. Free space\n");
    expect(body).not.toContain("is mounted");
  });

  test("caps the notes and counts the others", () => {
    expect(body).toContain("  note 20\n  and 5 more, see the log\n");
    expect(body).not.toContain("note 21");
  });

  test("keeps the last lines of the log, oldest first", () => {
    expect(body).not.toContain("log line 10.");
    expect(body).toContain("  log line 11.\n  log line 12.\n");
    expect(body).toContain("  log line 70.\n");
  });

  test("gives commands that can be pasted, whatever the paths hold", () => {
    expect(body).toContain("  grep 1a2b3c4d '/var/log/backup.log'\n");
    expect(body).toContain("  cd '/backups/it'\\''s here/20261121T020000Z' && sha256sum -c SHA256SUMS\n");
  });

  test("has no empty sections", () => {
    const short = formatBody(createReport());
    expect(short).not.toMatch(/Problems|Parts|Notes|Checks|log:|further/);
  });

  test("indents every line of a problem that has several", () => {
    expect(formatBody(createReport({ problems: ["Error: x\n    at y"] }))).toContain(
      "  Error: x\n      at y\n",
    );
  });
});

describe("formatSummary()", () => {
  test("goes to services of others: no log, no notes, no paths of ours but those in a sentence", () => {
    const summary = formatSummary(rich);
    expect(summary).toContain("./secret.key could not be read");
    expect(summary).toContain("source application");
    expect(summary).not.toMatch(/log line|note 1|sha256sum|backup\.log/);
  });
});

describe("createMessage()", () => {
  test("is nothing for a busy lock, about which nobody is told", () => {
    expect(createMessage(createReport({ outcome: "busy" }), "id")).toBeUndefined();
  });

  test("carries the report as JSON without the log", () => {
    const message = createMessage(rich, "id-7");
    const { logTail: _log, ...others } = rich;
    expect(JSON.parse(message?.reportJson ?? "")).toEqual(others);
    expect(message).toMatchObject({
      id: "id-7",
      severity: "warning",
      exitCode: 1,
      createdAt: "2026-11-21T02:05:13.000Z",
    });
  });
});
