import { describe, expect, test } from "bun:test";
import { mapBounded } from "#lib/core/map-bounded.ts";

describe("mapBounded()", () => {
  test("keeps the order of the items, whoever ends first, and never has more than the limit under way", async () => {
    let underWay = 0;
    let most = 0;
    const results = await mapBounded([3, 1, 2, 0, 1], 2, async (turns) => {
      underWay += 1;
      most = Math.max(most, underWay);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      underWay -= 1;
      return turns * 10;
    });
    expect(results).toEqual([30, 10, 20, 0, 10]);
    expect(most).toBe(2);
  });

  test("gives nothing for nothing, and rejects with the first failure", async () => {
    expect(await mapBounded([], 4, () => Promise.reject(new Error("never")))).toEqual([]);
    const failing = mapBounded([1, 2], 4, (item) => Promise.reject(new Error(`no ${item}`)));
    await expect(failing).rejects.toThrow("no 1");
  });
});
