import { describe, expect, test } from "bun:test";
import { listSystemItems } from "#lib/core/system-items.ts";

describe("listSystemItems()", () => {
  const items = listSystemItems("/srv/app");
  const paths = items.flatMap((item) => (item.kind === "paths" ? item.paths : []));
  const files = items.flatMap((item) => (item.kind === "paths" ? [] : [item.file]));

  test("names every item and every file once", () => {
    const ids = items.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(files).size).toBe(files.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
    for (const { about } of items) expect(about).not.toBe("");
  });

  test("gives files names that stay in their directory and spare those of the archive", () => {
    for (const file of files) expect(file).toMatch(/^[a-z0-9-]+\.(?:txt|json)$/);
  });

  test("takes absolute paths, none of which lies in another", () => {
    for (const path of paths) expect(path).toMatch(/^(?:\/[\w.-]+)+$/);
    const nested = paths.filter((path) => paths.some((other) => path.startsWith(`${other}/`)));
    expect(nested).toEqual([]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test("asks nobody outside, and takes neither shadow nor keys by name", () => {
    const text = JSON.stringify(items);
    expect(text).not.toMatch(
      /https?:|curl|wget|\/g?shadow|ssl\/private|letsencrypt\/(?:live|archive)|ssh_host/,
    );
    expect(paths).not.toContain("/etc");
    expect(paths).not.toContain("/etc/ssh");
    expect(paths).not.toContain("/etc/letsencrypt");
  });

  test("reads variables of an application only where there is one, and only their names", () => {
    const ofApplication = (appDir: string | undefined) =>
      listSystemItems(appDir).filter(({ kind }) => kind === "names");
    expect(ofApplication(undefined)).toEqual([]);
    expect(ofApplication("/srv/app")).toMatchObject([{ path: "/srv/app/.env" }]);
    expect(JSON.stringify(items.filter(({ kind }) => kind !== "names"))).not.toContain("/srv/app");
  });
});
