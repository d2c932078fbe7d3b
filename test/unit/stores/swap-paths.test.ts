/** Several paths swapped: whatever the step at which it breaks, rolling back gives everything that was. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Exec } from "#lib/core/deps.ts";
import type { PathSwap } from "#lib/core/undo.ts";
import { hasSwapped, removeBoxes, rollBackSwaps, swapPaths } from "#lib/stores/swap-paths.ts";
import { createExec } from "#lib/tools/exec.ts";
import { compareTrees, describeTree } from "#test/support/compare-trees.ts";

const exec = createExec({ PATH: process.env.PATH ?? "", LC_ALL: "C" });
const access = { exec, timeoutMs: 10_000 };

let base: string;
let swaps: PathSwap[];
let boxes: string[];

/** A directory, a link, a file that is not there yet, and a directory whose content is swapped. */
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "lastgood-swap-"));
  const write = (path: string, text: string) => {
    mkdirSync(join(base, path, ".."), { recursive: true });
    writeFileSync(join(base, path), text);
  };
  const box = join(base, ".lastgood-01234567-shop-0");
  const inner = join(base, "mount/.lastgood-01234567-shop-1");
  boxes = [box, inner];
  write("data/file", "old");
  symlinkSync("nowhere", join(base, "link"));
  for (const name of ["a", "-rf", "\n b", ".hidden"]) write(`mount/${name}`, "old");
  write(".lastgood-01234567-shop-0/x/data/file", "new");
  write(".lastgood-01234567-shop-0/x/link", "new");
  write(".lastgood-01234567-shop-0/x/fresh", "new");
  write("mount/.lastgood-01234567-shop-1/mount/a", "new");
  write("mount/.lastgood-01234567-shop-1/mount/c", "new");
  execFileSync("chmod", ["750", join(inner, "mount")]);
  const named = (name: string, wasThere = true): PathSwap => ({
    target: join(base, name),
    incoming: join(box, "x", name),
    aside: join(base, `${name}.before`),
    how: "name",
    wasThere,
  });
  swaps = [
    named("data"),
    named("link"),
    named("fresh", false),
    {
      target: join(base, "mount"),
      incoming: join(inner, "mount"),
      aside: join(base, "mount/.lastgood-01234567-before-0"),
      how: "content",
      wasThere: true,
    },
  ];
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** What is there but for what comes: times of directories change when what is in them moves. */
const present = () =>
  new Map(
    [...describeTree(base)]
      .filter(([path]) => !/(?:^|\/)\.lastgood-01234567-shop-/.test(path))
      .map(([path, entry]) => [path, entry.type === "directory" ? { ...entry, modifiedAt: "" } : entry]),
  );

/** Breaks at the nth step that changes anything: before it, or after it. */
function breakAt(turn: number, when: "before" | "after"): Exec {
  let steps = 0;
  return async (command, options) => {
    const isChange = command[0] !== "stat" && command[0] !== "sync";
    if (isChange) steps += 1;
    if (isChange && steps === turn && when === "before") throw new Error("killed");
    const result = await exec(command, options);
    if (isChange && steps === turn) throw new Error("killed");
    return result;
  };
}

const changes = 13;

describe("swapPaths()", () => {
  test("puts all of it in place and keeps what was", async () => {
    expect(await hasSwapped({ swaps, boxes }, access)).toBe(false);
    await swapPaths({ swaps, boxes }, access);
    expect(await hasSwapped({ swaps, boxes }, access)).toBe(true);
    await removeBoxes({ boxes }, access);
    const names = (path: string) => new Set(readdirSync(join(base, path)));
    expect(names("")).toEqual(new Set(["data", "data.before", "link", "link.before", "fresh", "mount"]));
    expect(names("mount")).toEqual(new Set(["a", "c", ".lastgood-01234567-before-0"]));
    expect(names("mount/.lastgood-01234567-before-0")).toEqual(new Set(["a", "-rf", "\n b", ".hidden"]));
    expect(describeTree(join(base, "mount")).get("")?.mode).toBe("750");
  });

  test("changes something in as many steps as are broken below", async () => {
    const broken = { ...access, exec: breakAt(changes, "after") };
    await expect(swapPaths({ swaps, boxes }, broken)).rejects.toThrow("killed");
    await rollBackSwaps({ swaps, boxes }, access);
    await swapPaths({ swaps, boxes }, { ...access, exec: breakAt(changes + 1, "before") });
  });
});

describe("rollBackSwaps()", () => {
  const moments = Array.from({ length: changes }, (_, index) => index + 1).flatMap((turn) =>
    (["before", "after"] as const).map((when) => [when, turn] as const),
  );
  test.each(moments)(
    "gives everything back when it broke %s step %i, also when it breaks itself",
    async (when, turn) => {
      const before = present();
      const broken = { ...access, exec: breakAt(turn, when) };
      await expect(swapPaths({ swaps, boxes }, broken)).rejects.toThrow("killed");
      for (let step = 1; step <= 3; step += 1) {
        await rollBackSwaps({ swaps, boxes }, { ...access, exec: breakAt(step, "after") }).catch(
          () => undefined,
        );
      }
      await rollBackSwaps({ swaps, boxes }, access);
      expect(compareTrees(before, present())).toEqual([]);
      await removeBoxes({ boxes }, access);
      // Nothing of it is left to be undone a second time, whatever has been made there since.
      writeFileSync(join(base, "fresh"), "of somebody else");
      await rollBackSwaps({ swaps, boxes }, access);
      expect(existsSync(join(base, "fresh"))).toBe(true);
    },
  );

  test("keeps beside what docker made anew when it found nothing, and says so", async () => {
    const before = present();
    await expect(swapPaths({ swaps, boxes }, { ...access, exec: breakAt(1, "after") })).rejects.toThrow(
      "killed",
    );
    mkdirSync(join(base, "data"));
    const notes = await rollBackSwaps({ swaps, boxes }, access);
    const kept = join(base, "data.before-meanwhile");
    expect(notes).toEqual([
      `Something had made ${join(base, "data")} anew meanwhile: that is kept as ${kept}`,
    ]);
    rmSync(kept, { recursive: true });
    expect(compareTrees(before, present())).toEqual([]);
  });
});
