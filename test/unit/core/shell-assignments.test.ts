import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { parseShellAssignments } from "#lib/core/shell-assignments.ts";
import { quoteForShell } from "#lib/core/shell-quote.ts";

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
  ["A=1; X=2; B=3", "2"],
  ["export A=1 X='2 3' B=4", "2 3"],
  ["A=(1 2) X=3", "3"],
  ["A=1 # X=2", undefined],
  ["echo X=2", undefined],
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
  ["X=\\\n5", "5"],
  ['X="a\\\nb\\\\"', "ab\\"],
  ["cat <<EOF\nX=text\nEOF\nX=5", "5"],
  ["typeset -r X=5", "5"],
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

/** The items of X by a real shell. */
const readByBash = (script: string) =>
  spawnSync("bash", ["-fc", `${script}\nprintf '%s\\0' end "\${X[@]}"`], { encoding: "utf8" })
    .stdout.split("\0")
    .slice(1, -1);

test.each([
  'X=("*.log" "*/cache/*")',
  "X=(\n  '*.tmp'   # said why\n\n  # nothing here ) yet\n  two words\n)",
  'X=(a"b c"d \'e f\'"g" h\\ i \\$j k\\\\l "m\\\\n")',
  'DIR="/usr/local/hooks"\nX=("@DIR/one" @{DIR}/two "@{NONE:-three}" @{NONE:-"four"})'.replaceAll("@", "$"),
  "X=()",
  "X=(one)\nX+=(two 'thr ee')",
  'X=(")" "(" "#" a#b)',
  "X=(*.log a;b)".replace(";", "\\;"),
  'X=("two\nlines")',
])("parseShellAssignments(%j) reads the list that bash reads", (script) => {
  const found = parseShellAssignments(script, "last").find(({ name }) => name === "X");
  expect(found?.items).toEqual(readByBash(script));
});

test.each(["X=(one $(date))", "X=(~/hook)", "X=([3]=three)", "X=($HOME/hook)", "X=($'a\\nb')"])(
  "parseShellAssignments(%j) leaves to the shell what only it can tell",
  (script) => {
    expect(parseShellAssignments(script)).toMatchObject([{ name: "X", value: undefined }]);
    expect(parseShellAssignments(script)[0]?.items).toBeUndefined();
  },
);

test("parseShellAssignments() of settings lets the last value count, and names the lines of the others", () => {
  expect(parseShellAssignments("X=1\nY=2\nX=3\nX='4\n4'\nZ=5", "last")).toMatchObject([
    { name: "X", line: 4, value: "4\n4", otherLines: [1, 3] },
    { name: "Y", line: 2, value: "2" },
    { name: "Z", line: 6, value: "5" },
  ]);
  expect(parseShellAssignments("X=a\nX+=b\n", "last")).toMatchObject([{ value: "ab", line: 1 }]);
});

test("parseShellAssignments() takes a quote that never closes for the end of its own line", () => {
  expect(parseShellAssignments('X="open\nY=2')).toMatchObject([
    { name: "X", value: undefined },
    { name: "Y", value: "2" },
  ]);
  expect(parseShellAssignments("X=(open\nY=2")).toMatchObject([{ value: undefined }, { value: "2" }]);
});

test("parseShellAssignments() reads back whatever was quoted for a shell", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.string(), (items, value) => {
      const quoted = items.map((item) => (item === "" ? "''" : quoteForShell(item))).join("\n  ");
      const script = `A=(${quoted})\nB="after"; X=${quoteForShell(value)}\n`;
      expect(parseShellAssignments(script, "last")).toMatchObject([
        { name: "A", items },
        { name: "B", value: "after" },
        { name: "X", value },
      ]);
    }),
  );
});
