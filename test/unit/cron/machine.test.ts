import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { lookAt, readListed } from "#lib/cron/machine.ts";
import { createMachineRoot } from "#test/support/machine-root.ts";
import { createSandbox } from "#test/support/sandbox.ts";

test("readListed() gives each text as it is: without an end, empty, with a zero byte, of odd bytes, under odd names", async () => {
  await using sandbox = await createSandbox();
  const { machine, write } = await createMachineRoot(sandbox);
  const texts = {
    whole: "a\nb\n",
    unended: "a\nb",
    empty: "",
    "a\nb 'c'": "line\n",
    "-n": "für\n",
    zero: "a\0b\n",
    last: "z",
  };
  for (const [name, text] of Object.entries(texts)) await write(`/etc/cron.d/${name}`, text);
  const look = await lookAt(machine, [{ path: "/etc/cron.d", depth: 1 }]);
  const read = await readListed(machine, look.list("/etc/cron.d"), (problem) => {
    throw new Error(problem);
  });
  expect(Object.fromEntries(read.map(({ name, text }) => [name, text]))).toEqual({ ...texts, zero: "ab\n" });
});

test("lookAt() sees a link itself, what a linked directory holds, no deeper than asked, and nothing where nothing is", async () => {
  await using sandbox = await createSandbox();
  const { machine, write, path } = await createMachineRoot(sandbox);
  await write("/srv/units/a.timer.d/x.conf", "x");
  await write("/srv/units/b.timer", "bb", 0o640);
  symlinkSync(path("/srv/units"), path("/etc/linked"));
  symlinkSync("units/b.timer", path("/srv/to-b"));
  const look = await lookAt(machine, [
    { path: "/etc/linked", depth: 2 },
    { path: "/srv/units", depth: 1 },
    { path: "/srv/to-b", depth: 0 },
    { path: "/srv/none", depth: 0 },
    { path: "/srv/none", depth: 1 },
    { path: "/srv/to-b", depth: 1 },
  ]);
  const pathsIn = (directory: string) => new Set(look.list(directory).map((listed) => listed.path));
  expect(pathsIn("/etc/linked")).toEqual(
    new Set(["/etc/linked/a.timer.d", "/etc/linked/a.timer.d/x.conf", "/etc/linked/b.timer"]),
  );
  expect(pathsIn("/srv/units")).toEqual(new Set(["/srv/units/a.timer.d", "/srv/units/b.timer"]));
  expect(look.file("/srv/to-b")).toMatchObject({ path: "/srv/to-b", type: "l", target: "units/b.timer" });
  expect([look.file("/srv/none"), look.list("/srv/none"), look.list("/srv/to-b")]).toEqual([
    undefined,
    [],
    [],
  ]);
});
