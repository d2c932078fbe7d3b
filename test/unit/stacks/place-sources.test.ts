import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { placeSources, placeVolumes } from "#lib/stacks/place-sources.ts";
import { resolveWithin } from "#lib/stacks/resolve-within.ts";
import { createExec } from "#lib/tools/exec.ts";

const exec = createExec({ PATH: process.env.PATH ?? "" });
const asker = { exec, timeoutMs: 10_000, signal: new AbortController().signal };

let top: string;
let scratch: string;
/** Of the stack on this host. */
let live: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), "lastgood-"));
  scratch = join(top, "scratch");
  live = join(top, "live");
});
afterAll(() => rmSync(top, { recursive: true }));

const make = (path: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "");
};

describe("resolveWithin()", () => {
  test("follows links as if the tree were everything, and never leads out of it", async () => {
    make(join(scratch, "srv/real/file"));
    make(join(scratch, "opt/shop/compose.yaml"));
    symlinkSync("/srv/real", join(scratch, "opt/shop/data"));
    symlinkSync("../../../../../../../../../etc", join(scratch, "opt/shop/up"));
    symlinkSync("data\n/./x", join(scratch, "opt/shop/odd"));
    symlinkSync("loop", join(scratch, "opt/shop/loop"));
    const resolve = (path: string) => resolveWithin(asker, scratch, path);
    expect(await resolve("/opt/shop/data/file")).toBe("/srv/real/file");
    expect(await resolve("/opt/shop/up/passwd")).toBe("/etc/passwd");
    expect(await resolve("/opt/shop/odd")).toBe("/opt/shop/data\n/x");
    expect(await resolve("/opt/../../shop/./missing/deep")).toBe("/shop/missing/deep");
    await expect(resolve("/opt/shop/loop/x")).rejects.toThrow("lead in circles");
  });

  test("does not take silence for an answer", async () => {
    const silent = {
      ...asker,
      exec: async () => ({ ...(await exec(["true"], asker)), exitCode: null, timedOut: true }),
    };
    await expect(resolveWithin(silent, scratch, "/a")).rejects.toThrow("no answer from its file system");
  });
});

describe("placeSources()", () => {
  test("finds each path in the set, empty, on the host, or nowhere", async () => {
    make(join(live, "shared/one.txt"));
    make(join(live, "far/data/file"));
    mkdirSync(join(live, "stack"));
    symlinkSync(join(live, "far/data"), join(live, "stack/data"));
    symlinkSync(join(live, "far/data"), join(live, "alias"));
    symlinkSync("/var/run", join(live, "run"));
    mkdirSync(join(scratch, live, "stack"), { recursive: true });
    symlinkSync(join(live, "far/data"), join(scratch, live, "stack/data"));
    make(join(scratch, live, "far/data/file"));
    make(join(scratch, live, "stack/conf"));
    const facts = {
      directory: join(live, "stack"),
      definition: [join(live, "stack/compose.yaml")],
      roots: [{ path: join(live, "far/data"), origin: "bind", name: "/named/so" }],
    };
    const sources = {
      relative: join(scratch, live, "stack/conf"),
      linked: join(scratch, live, "stack/data/file"),
      absolute: join(live, "far/data"),
      named: "/named/so",
      alias: join(live, "alias"),
      above: join(live, "far"),
      unborn: join(live, "stack/new"),
      folder: join(live, "shared"),
      file: join(live, "shared/one.txt"),
      socket: "/var/run/docker.sock",
      hidden: join(live, "run"),
      root: "/",
      certificates: "/etc/ssl/certs",
      shadow: "/etc/shadow",
      zone: "/usr/share/zoneinfo/Mars",
    };
    const places = await placeSources(asker, { scratch, facts }, Object.values(sources));
    const found = Object.fromEntries(
      Object.entries(sources).map(([name, source]) => [name, places.get(source)]),
    );
    const data = { kind: "restored" as const, path: join(scratch, live, "far/data") };
    expect(found).toEqual({
      relative: { kind: "restored", path: join(scratch, live, "stack/conf") },
      linked: { kind: "restored", path: join(scratch, live, "far/data/file") },
      absolute: data,
      named: data,
      alias: data,
      above: { kind: "restored", path: join(scratch, live, "far") },
      unborn: { kind: "restored", path: join(scratch, live, "stack/new") },
      folder: { kind: "empty", path: join(scratch, live, "shared") },
      file: { kind: "live", path: join(live, "shared/one.txt") },
      socket: { kind: "refused", reason: 'it mounts "/var/run/docker.sock" of this host' },
      hidden: { kind: "refused", reason: `it mounts "${join(live, "run")}" of this host` },
      root: { kind: "refused", reason: 'it mounts "/" of this host' },
      certificates: { kind: "live", path: "/etc/ssl/certs" },
      shadow: { kind: "refused", reason: 'it mounts "/etc/shadow" of this host' },
      zone: { kind: "none" },
    });
  });
});

describe("placeVolumes()", () => {
  test("knows those whose data were restored, and follows no link out of what was", async () => {
    const at = (name: string) => `/var/lib/docker/volumes/${name}/_data`;
    make(join(scratch, at("kept"), "file"));
    mkdirSync(join(scratch, "var/lib/docker/volumes/sly"), { recursive: true });
    symlinkSync(top, join(scratch, at("sly")));
    const volume = (name: string) => ({ path: at(name), origin: "volume", name });
    const roots = [...["kept", "sly", "gone"].map(volume), { path: "/srv", origin: "bind", name: "/srv" }];
    const places = await placeVolumes(asker, {
      scratch,
      facts: { directory: "/opt/shop", definition: [], roots },
    });
    expect(places.get("kept")).toBe(join(scratch, at("kept")));
    // The link leads to that path in the copy, which is the copy's own.
    expect(places.get("sly")).toBe(join(scratch, top));
    expect(places.size).toBe(2);
  });
});
