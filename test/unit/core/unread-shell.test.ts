import { expect, test } from "bun:test";
import { findUnread } from "#lib/core/unread-shell.ts";

test.each<[string, readonly string[]]>([
  ["X=1\nexport Y=2 Z=3 # W=4\n# V=5\ntypeset -r U=6", []],
  ["[ -d /nas ] && X=/nas", ["X 1"]],
  ["\nif a; then X=1; else Y=2; fi", ["X 2", "Y 2"]],
  ["case a in b) X=1;; esac", ["X 1"]],
  [`: "\${X:=a}"`, ["X 1"]],
  ["f() { local X=1; }", ["X 1"]],
  ['eval "X=1"; printf -v Y %s 1\nread -r Z; unset W', ["X 1", "Y 1", "Z 2", "W 2"]],
  ["\uFEFFX=1", ["X 1"]],
  ['[ "$X" = 1 ] && [[ $Y == 2 && $Z =~ a ]]; cmd --KEY=1', []],
  ["cat <<EOF\nX=1\n. file\nEOF\na && Y=2", ["Y 5"]],
  ["cat <<-'EOF'\n\tX=1\n\tEOF\na && Y=2", ["Y 4"]],
  ["cat <<\\EOF\nX=1\nEOF\na && Y=2", ["Y 4"]],
  ["a=$((1 << B))\n[ a ] && X=1", ["X 2"]],
])("findUnread(%j) names what gives a value in another way than a line of its own", (script, expected) => {
  expect(findUnread(script).assignments.map(({ name, line }) => `${name} ${line}`)).toEqual([...expected]);
});

test("findUnread() names the files that a script reads", () => {
  const script = 'source a.sh\n[ -f b ] && . ./b\nif c; then . "$D/e f"; fi\n./run.sh . # . no\n';
  expect(findUnread(script).sourced).toEqual([
    { path: "a.sh", line: 1 },
    { path: "./b", line: 2 },
    { path: '"$D/e f"', line: 3 },
  ]);
});
