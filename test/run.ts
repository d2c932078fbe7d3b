#!/usr/bin/env bun
/**
 * The whole gate, the same for a person and for CI: `bun test/run.ts [lint | types | test | fault]`, all but the last
 * without an argument. Stops at the first step that fails; its last line is always `N passed, N failed[, N skipped]`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import {
  formatCounts,
  listFailedFiles,
  parseBunSummary,
  type TestCounts,
} from "#test/support/bun-summary.ts";
import { runtimeProgram } from "#test/support/sandbox.ts";

const groups = ["lint", "types", "test", "fault"] as const;
type Group = (typeof groups)[number];

interface Step {
  readonly name: string;
  readonly group: Group;
  readonly run: () => TestCounts | Promise<TestCounts>;
}

const top = resolve(import.meta.dir, "..");
const isCi = process.env.CI === "true";
/** A test waits more than it computes: on a small machine more of them run at once than it has cores. */
const filesAtOnce = Math.max(6, availableParallelism());
/** Failures in more files than these are no accident. */
const mostUnsteadyFiles = 3;
const nothing: TestCounts = { passed: 0, failed: 0, skipped: 0 };

const steps: readonly Step[] = [
  {
    name: "Biome",
    group: "lint",
    run: () => check(packageProgram("biome"), "ci", "--colors=off", "--error-on-warnings", "."),
  },
  { name: "types of scripts and lib", group: "types", run: () => check(packageProgram("tsc"), "-p", ".") },
  { name: "types of tests", group: "types", run: () => check(packageProgram("tsc"), "-p", "test") },
  {
    name: "types as Deno sees them",
    group: "types",
    run: () => check([runtimeProgram("deno")], "check", "--quiet", "scripts", "lib"),
  },
  { name: "knip", group: "lint", run: () => check(packageProgram("knip")) },
  { name: "knip, production", group: "lint", run: () => check(packageProgram("knip"), "--production") },
  { name: "real parts", group: "test", run: () => check(["test/support/install-parts.sh"]) },
  { name: "shellcheck", group: "lint", run: checkShell },
  { name: "tests", group: "test", run: () => runTests({}) },
  {
    name: "faults",
    group: "fault",
    run: () =>
      runTests({ LASTGOOD_FAULT: "whole" }, "test/fault", "test/e2e", "test/real", "test/unit/archive"),
  },
];

process.chdir(top);
const wanted = readArguments(process.argv.slice(2));
let counts = nothing;
try {
  for (const step of steps.filter(({ group }) => wanted.includes(group))) {
    counts = add(counts, await runStep(step));
    if (counts.failed > 0) break;
  }
} catch (error) {
  console.error(error);
  counts = add(counts, { ...nothing, failed: 1 });
}
const reasons = listReasons(counts);
for (const reason of reasons) console.log(reason);
console.log(formatCounts(counts));
process.exitCode = counts.failed > 0 || reasons.length > 0 ? 1 : 0;

/** Why counts without a failure are not good either. */
function listReasons({ passed, failed, skipped }: TestCounts): string[] {
  const hasTests = wanted.includes("test") || wanted.includes("fault");
  return [
    ...(isCi && skipped > 0 ? ["Not good: with CI=true nothing may be skipped"] : []),
    ...(hasTests && failed === 0 && passed === 0 ? ["Not good: no test has run"] : []),
  ];
}

function readArguments(args: readonly string[]): readonly Group[] {
  if (args.length === 0) return ["lint", "types", "test"];
  return args.map((arg) => {
    const group = groups.find((name) => name === arg);
    if (group === undefined) throw new Error(`Unknown argument "${arg}": ${groups.join(" | ")}`);
    return group;
  });
}

async function runStep({ name, run }: Step): Promise<TestCounts> {
  const startedAt = performance.now();
  const result = await run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${result.failed > 0 ? "FAILED" : "ok"}  ${name}  ${seconds} s`);
  return result;
}

/** A program of an npm package, run by Bun, so that an old Node does not matter. */
function packageProgram(name: string): readonly [string, ...string[]] {
  return [process.execPath, "--bun", realpathSync(join("node_modules/.bin", name))];
}

/** A quiet step: its output is shown when it fails. */
function check([program, ...before]: readonly [string, ...string[]], ...args: readonly string[]): TestCounts {
  const { status, error, stdout, stderr } = spawnSync(program, [...before, ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw new Error(`Cannot run "${program}"`, { cause: error });
  if (status === 0) return nothing;
  console.log(`${stdout}${stderr}`.trimEnd());
  return { ...nothing, failed: 1 };
}

function checkShell(): TestCounts {
  if (Bun.which("shellcheck") === null) {
    console.log("Skipped: shellcheck is not installed");
    return { ...nothing, skipped: 1 };
  }
  const listed = spawnSync("git", ["ls-files", "-z", "-co", "--exclude-standard", "*.sh", ".ci/run"], {
    encoding: "utf8",
  });
  const files = listed.stdout.split("\0").filter((file) => existsSync(file) && !file.includes("/legacy/"));
  return check(["shellcheck"], ...files);
}

/** A failure that is gone when its file runs again alone is a race, of the test or of a machine that is too busy: named, to be mended, and no failure. */
async function runTests(
  environment: Readonly<Record<string, string>>,
  ...paths: readonly string[]
): Promise<TestCounts> {
  const { counts: first, failedFiles } = await runTestsOnce(environment, filesAtOnce, paths);
  if (failedFiles.length === 0 || failedFiles.length > mostUnsteadyFiles) return first;
  const { counts: again } = await runTestsOnce(environment, 1, failedFiles);
  if (again.failed > 0 || again.passed === 0) return first;
  console.log(`UNSTEADY, passed when run again alone: ${failedFiles.join(", ")}`);
  return { ...first, passed: first.passed + first.failed, failed: 0 };
}

/** Shows the tests' output as it comes, and counts what its summary says. */
async function runTestsOnce(
  environment: Readonly<Record<string, string>>,
  atOnce: number,
  paths: readonly string[],
): Promise<{ readonly counts: TestCounts; readonly failedFiles: readonly string[] }> {
  const child = Bun.spawn([process.execPath, "test", `--parallel=${atOnce}`, ...paths], {
    env: { ...process.env, ...environment },
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
  let output = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    process.stderr.write(text);
    output += text;
  }
  const exitCode = await child.exited;
  const result = parseBunSummary(output) ?? nothing;
  const counts = exitCode === 0 || result.failed > 0 ? result : { ...result, failed: 1 };
  return { counts, failedFiles: result.failed > 0 ? listFailedFiles(output) : [] };
}

function add(a: TestCounts, b: TestCounts): TestCounts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}
