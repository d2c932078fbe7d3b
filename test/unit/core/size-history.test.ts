import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { historyOf, judgeSize } from "#lib/core/size-history.ts";
import { manifest } from "#test/unit/stores/stored-set.ts";

const mb = 1024 * 1024;

describe("judgeSize()", () => {
  test.each([
    ["half of the usual size", 50, [100], "shrank"],
    ["just above half", 51, [100], undefined],
    ["half of the median, whatever one outlier was", 50, [1000, 100, 100], "shrank"],
    ["what it was three runs ago, before a clean-up", 40, [40, 40, 40, 40, 100, 100, 100], undefined],
    ["a first dump", 1, [], undefined],
    ["something after nothing", 5, [0, 0], undefined],
    ["nothing after something", 0, [100, 100], "shrank"],
    ["the eighth and older, which do not count", 50, [50, 50, 50, 50, 50, 50, 50, 500, 500], undefined],
  ])("takes %s for what it is", (_what, size, earlier, word) => {
    const { doubt } = judgeSize(
      size * mb,
      earlier.map((each) => each * mb),
      50,
    );
    if (word === undefined) expect(doubt).toBeUndefined();
    else expect(doubt).toContain(word);
  });

  test("says both sizes and the limit", () => {
    expect(judgeSize(10 * mb, [100 * mb], 50)).toEqual({
      doubt: "it shrank: 10.0 MiB, usually 100 MiB (-90 %), SIZE_ALERT_PERCENT is 50",
    });
    expect(judgeSize(300 * mb, [100 * mb], 50)).toEqual({
      note: "it grew: 300 MiB, usually 100 MiB (+200 %)",
    });
  });

  test("asks nothing when it is switched off", () => {
    expect(judgeSize(0, [100], 0)).toEqual({});
  });

  test("lets every doubt end by itself once four of seven have the new size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 100 }), (size, percent) => {
        const earlier = [size, size, size, size, size * 1000, size * 1000, size * 1000];
        expect(judgeSize(size, earlier, percent)).toEqual({});
      }),
    );
  });
});

test("historyOf() takes the component of that name from sets of any outcome, newest first", () => {
  const [component] = manifest().components;
  if (component === undefined) throw new Error("A manifest has a component");
  const sizes = (bytesIn: number, name = "database-shop") =>
    manifest({
      outcome: "partial",
      components: [
        {
          ...component,
          name,
          bytesIn,
          bytesOut: bytesIn / 2,
          facts: bytesIn === 4 ? undefined : { server: bytesIn },
        },
      ],
    });
  expect(historyOf("database-shop", [sizes(8), sizes(6, "other"), sizes(4)])).toEqual({
    bytesIn: [8, 4],
    lastBytesOut: 4,
    facts: [{ server: 8 }, {}],
  });
  expect(historyOf("database-shop", [])).toEqual({ bytesIn: [], lastBytesOut: undefined, facts: [] });
});
