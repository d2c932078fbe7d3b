import { expect, test } from "bun:test";
import { parseComposeProject } from "#lib/core/compose-project.ts";

test("parseComposeProject() tells what a project mounts, and which services do", () => {
  const project = parseComposeProject(
    JSON.stringify({
      name: "shop",
      services: {
        db: {
          labels: { "lastgood.dump": "postgres" },
          volumes: [
            { type: "volume", source: "pg", target: "/pg" },
            { type: "bind", source: "/srv/x", target: "/x", read_only: true },
            { type: "tmpfs", target: "/run" },
            { type: "volume", target: "/anonymous" },
          ],
        },
        web: { profiles: ["debug"], build: { context: "/srv/web" }, labels: null },
        far: { build: { context: "https://example.org/repo.git" } },
      },
      volumes: { pg: { name: "real" }, ext: { name: "theirs", external: true }, bare: null },
      configs: { c: { name: "shop_c", file: "/srv/c.conf" } },
      secrets: { s: { file: "/srv/s.txt" }, e: { environment: "S" } },
    }),
  );
  expect(project).toEqual({
    name: "shop",
    services: [
      { name: "db", labels: { "lastgood.dump": "postgres" }, profiles: [] },
      { name: "web", labels: {}, profiles: ["debug"] },
      { name: "far", labels: {}, profiles: [] },
    ],
    binds: [{ path: "/srv/x", service: "db", isReadOnly: true }],
    volumes: [
      { name: "real", isExternal: false, services: ["db"] },
      { name: "theirs", isExternal: true, services: [] },
      { name: "shop_bare", isExternal: false, services: [] },
    ],
    files: ["/srv/c.conf", "/srv/s.txt"],
    buildContexts: ["/srv/web"],
  });
});

test("parseComposeProject() reads a project without anything, and throws for no project", () => {
  expect(parseComposeProject('{"name": "x"}')).toMatchObject({
    services: [],
    binds: [],
    volumes: [],
    files: [],
  });
  expect(() => parseComposeProject("{}")).toThrow();
});
