import { expect, test } from "bun:test";
import { parseShellAssignments } from "#lib/core/shell-assignments.ts";

/** Value of X; "@" stands for the dollar of the shell. */
const read = (script: string) =>
  parseShellAssignments(script.replaceAll("@", "$")).find((one) => one.name === "X")?.value;

test.each<[string, string | undefined]>([
  ["X=plain", "plain"],
  ['X="two words"  # said why', "two words"],
  ["X='as @it is'", "as $it is"],
  ['X="a \\"quoted\\" \\@word"', 'a "quoted" $word'],
  ['X="@{X:-default value}"', "default value"],
  ["X=@{X-default}", "default"],
  ['export X="/var/x"', "/var/x"],
  ["readonly X=5; echo done", "5"],
  ['BASE=/srv\nX="@{BASE}/app"', "/srv/app"],
  ["BASE=/srv\nX=@BASE/app", "/srv/app"],
  ['X="@{OTHER:-@{X:-inner}}"', undefined],
  ["X=@(date +%s)", undefined],
  ["X=`date`", undefined],
  ["X=@((1 + 1))", undefined],
  ["X=@1", undefined],
  ["X=@UNKNOWN/app", undefined],
  ["X=first\nX=second", "first"],
  ["  X=in a function", "in"],
  ['X="#no comment"', "#no comment"],
])("parseShellAssignments(%j) reads it as data", (script, value) => {
  expect(read(script)).toBe(value);
});

test("parseShellAssignments() names line and source of what only a shell could tell", () => {
  expect(parseShellAssignments('A=1\nNOW=$(TZ="Europe/Berlin" date "+%H %M") # now\n')).toEqual([
    { name: "A", line: 1, source: "1", value: "1" },
    { name: "NOW", line: 2, source: '$(TZ="Europe/Berlin" date "+%H %M")', value: undefined },
  ]);
});

test("parseShellAssignments() runs nothing", () => {
  expect(parseShellAssignments("X=$(touch /nonexistent/x)")[0]?.value).toBeUndefined();
  expect(parseShellAssignments("# X=1\n[ $X = 1 ]\nif X; then\n  lower=1\nfi")).toEqual([]);
});
