import { expect, test } from "bun:test";
import { selectStacks } from "#lib/core/select-stacks.ts";

const stacks = [{ name: "immich" }, { name: "plex" }, { name: "my shop" }];
const namesOf = ({ stacks: chosen }: { readonly stacks: readonly { readonly name: string }[] }) =>
  chosen.map(({ name }) => name);

test("selectStacks() takes all when none is named, else those that are, and never those to skip", () => {
  expect(namesOf(selectStacks(stacks, [], []))).toEqual(["immich", "plex", "my shop"]);
  expect(namesOf(selectStacks(stacks, ["my shop", "immich"], []))).toEqual(["immich", "my shop"]);
  expect(namesOf(selectStacks(stacks, ["plex", "immich"], ["plex"]))).toEqual(["immich"]);
});

test("selectStacks() calls it a problem to ask for what is not there, and a note to skip it", () => {
  expect(selectStacks(stacks, ["plxe", "nextcloud"], ["gone"])).toEqual({
    stacks: [],
    problems: [
      'Cannot find stack "plxe" of STACKS_SELECT; did you mean "plex"?',
      'Cannot find stack "nextcloud" of STACKS_SELECT',
    ],
    notes: ['STACKS_SKIP names "gone", which is no stack'],
  });
});
