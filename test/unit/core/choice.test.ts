import { describe, expect, test } from "bun:test";
import { parseChoice } from "#lib/core/choice.ts";

describe("parseChoice()", () => {
  test.each([
    ["1", [0]],
    ["3 1", [0, 2]],
    ["1-3 5", [0, 1, 2, 4]],
    ["2,4-5", [1, 3, 4]],
    ["4-5 5 4", [3, 4]],
    [" ALL ", [0, 1, 2, 3, 4]],
    ["5-5", [4]],
  ] as const)("takes %j", (text, places) => {
    expect(parseChoice(text, 5)).toEqual({ ok: true, places });
  });

  test.each([
    ["", "nothing was chosen"],
    ["0", '"0" is not in the list: it has 1 to 5'],
    ["4-6", '"4-6" is not in the list: it has 1 to 5'],
    ["3-1", '"3-1" runs backwards'],
    ["1 plex", '"plex" is no number, no range such as 1-3, and not all'],
    ["-2", '"-2" is no number, no range such as 1-3, and not all'],
    ["1e9", '"1e9" is no number, no range such as 1-3, and not all'],
  ])("refuses %j and says why", (text, problem) => {
    expect(parseChoice(text, 5)).toEqual({ ok: false, problem });
  });
});
