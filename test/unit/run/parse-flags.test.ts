import { expect, test } from "bun:test";
import { OpsError } from "#lib/core/ops-error.ts";
import { findConfigFlag, jobShape, parseFlags, shortFlagOf } from "#lib/run/parse-flags.ts";

function refusal(argv: string[]): OpsError {
  try {
    parseFlags(argv);
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error(`"${argv.join(" ")}" was accepted`);
}

test.each([
  [["-n"], { isDryRun: true }],
  [["--dry-run"], { isDryRun: true }],
  [["--dryrun"], { isDryRun: true }],
  [["--json", "-c", "/etc/x.env", "-q"], { isJson: true, config: "/etc/x.env", isQuiet: true }],
  [["--config=/etc/x.env"], { config: "/etc/x.env" }],
  [["-nv"], { isDryRun: true, isVerbose: true }],
  [["-h"], { mode: "help" }],
  [["--version"], { mode: "version" }],
  [["--check-config"], { mode: "check-config" }],
  [[], { mode: "run", isDryRun: false, isJson: false, config: undefined }],
] as [string[], object][])("parseFlags(%j) is understood", (argv, expected) => {
  expect(parseFlags(argv)).toMatchObject(expected);
});

test.each([
  [["--dry-rnu"], "did you mean --dry-run?"],
  // Not the other spelling of it, which --help does not show.
  [["--dryrn"], "did you mean --dry-run?"],
  [["--confg=x"], "did you mean --config?"],
  [["-x"], 'Unknown option "-x"'],
  [["restore"], 'Unexpected argument "restore"'],
  [["--", "--json"], 'Unexpected argument "--json"'],
  [["--config"], "--config needs a value"],
  [["-c", "a", "-c", "b"], "--config is given more than once"],
] as [string[], string][])("parseFlags(%j) is refused", (argv, words) => {
  const error = refusal(argv);
  expect(error.outcome).toBe("usage");
  expect(error.problems.join()).toContain(words);
});

test("parseFlags() names every mistake at once", () => {
  expect(refusal(["bar", "--jsno", "--foo"]).problems).toHaveLength(3);
});

test("findConfigFlag() finds the configuration on a command line with mistakes", () => {
  expect(findConfigFlag(["--jsno", "-c", "/etc/x.env", "--foo"])).toBe("/etc/x.env");
  expect(findConfigFlag(["--config=/etc/x.env"])).toBe("/etc/x.env");
  expect(findConfigFlag(["--foo"])).toBeUndefined();
});

test("shortFlagOf() is the one letter that stands for a flag", () => {
  expect(["config", "dry-run", "json"].map(shortFlagOf)).toEqual(["c", "n", undefined]);
});

test("parseFlags() knows no dry run of a recovery", () => {
  expect(() => parseFlags(["--dry-run"], {}, jobShape(0, false))).toThrow('Unknown option "--dry-run"');
});
