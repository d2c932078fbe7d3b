import { describe, expect, test } from "bun:test";
import type { Docker } from "#lib/stacks/docker.ts";
import { foreseeConfig } from "#lib/stacks/foresee-config.ts";
import { createFakeDocker, fakeContainer } from "#test/support/fake-docker.ts";

const stack = { name: "shop", directory: "/srv/shop", files: [] };
const place = { workingDir: stack.directory, configFiles: ["/srv/shop/a.yaml"], environmentFiles: [] };
const known = [fakeContainer("web", place)];
const project = { name: "shop" } as Awaited<ReturnType<Docker["readConfig"]>>;

function createWorld(readConfig: Docker["readConfig"] = () => Promise.resolve(project)) {
  const asked: (readonly string[])[] = [];
  const docker: Docker = {
    ...createFakeDocker([]).docker,
    readConfig: (location) => {
      asked.push(location.configFiles);
      return readConfig(location);
    },
  };
  const ask = (foreseeing: Docker, configFiles: readonly string[]) =>
    foreseeing.readConfig({
      project: "shop",
      directory: stack.directory,
      configFiles,
      environmentFiles: [],
    });
  return { asked, docker, ask };
}

describe("foreseeConfig()", () => {
  test("asks at once, and not again when it is as it was", async () => {
    const { asked, docker, ask } = createWorld();
    const foreseeing = foreseeConfig(docker, stack, known);
    expect(asked).toEqual([place.configFiles]);
    expect(await ask(foreseeing, place.configFiles)).toBe(project);
    expect(asked).toHaveLength(1);
  });

  test("asks again when the stack is made of other files by now", async () => {
    const { asked, docker, ask } = createWorld();
    await ask(foreseeConfig(docker, stack, known), ["/srv/shop/b.yaml"]);
    expect(asked).toEqual([place.configFiles, ["/srv/shop/b.yaml"]]);
  });

  test("foresees nothing of a stack that was not there", () => {
    const { asked, docker } = createWorld();
    expect(foreseeConfig(docker, stack, [fakeContainer("web", { ...place, workingDir: "/srv/other" })])).toBe(
      docker,
    );
    expect(asked).toEqual([]);
  });

  test("tells of a failure whoever asks, and breaks nothing when nobody does", async () => {
    const { docker, ask } = createWorld(() => Promise.reject(new Error("no such file")));
    foreseeConfig(docker, stack, known);
    await expect(ask(foreseeConfig(docker, stack, known), place.configFiles)).rejects.toThrow("no such file");
  });
});
