import { describe, expect, test } from "bun:test";
import type { Container, Mount } from "#lib/core/containers.ts";
import { describeShared } from "#lib/core/shared-data.ts";
import type { DataRoot } from "#lib/core/stack-data.ts";
import { fakeContainer } from "#test/support/fake-docker.ts";

const root = (path: string): DataRoot => ({ path, type: "directory", origin: "bind", name: path });

function mounting(source: string, change: Partial<Mount> = {}, more: Partial<Container> = {}): Container {
  const mount: Mount = {
    type: "bind",
    source,
    destination: "/data",
    volumeName: undefined,
    isAnonymous: false,
    isReadOnly: false,
    ...change,
  };
  return fakeContainer("other", { project: "elsewhere", mounts: [mount], ...more });
}

describe("describeShared()", () => {
  test.each(["/srv/media", "/srv/media/films", "/srv"])(
    "names who can write to %s, in, around or at the data",
    (source) => {
      // What belongs to the machine says nothing of a stack.
      const expected =
        source === "/srv"
          ? []
          : ['"/srv/media" is written by "other" as well, which is not stopped with the stack'];
      expect(describeShared([root("/srv/media")], [], [mounting(source)], new Map())).toEqual(expected);
    },
  );

  test("knows data by another name that leads there", () => {
    const places = new Map([["/link", { path: "/srv/media" }]]);
    expect(describeShared([root("/srv/media")], [], [mounting("/link")], places)).toHaveLength(1);
  });

  test("passes over who only reads, does not run, lies elsewhere, or is of the stack itself", () => {
    const own = mounting("/srv/media");
    const others = [
      own,
      mounting("/srv/media", { isReadOnly: true }, { id: "a" }),
      mounting("/srv/media", {}, { id: "b", state: "exited" }),
      mounting("/srv/media2", {}, { id: "c" }),
      mounting("", { type: "tmpfs" }, { id: "d" }),
    ];
    expect(describeShared([root("/srv/media")], [own], others, new Map())).toEqual([]);
  });
});
