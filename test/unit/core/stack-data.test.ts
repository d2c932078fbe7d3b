import { describe, expect, test } from "bun:test";
import { chooseStackData, type PathType, type StackDataRequest } from "#lib/core/stack-data.ts";

const at = (path: string, type: PathType = "directory", links: readonly string[] = []) => ({
  path,
  type,
  links,
});
const bind = (path: string, type: PathType = "directory", more = {}) => ({
  at: at(path, type),
  name: path,
  isReadOnly: false,
  isMounted: true,
  ...more,
});

function choose(change: Partial<StackDataRequest>, settings: Partial<StackDataRequest["settings"]> = {}) {
  return chooseStackData({
    directory: "/stacks/shop",
    appdataDir: "/appdata",
    appdata: undefined,
    definition: [],
    binds: [],
    volumes: [],
    destinations: ["/backup"],
    settings: { STACK_BINDS: "near", STACK_VOLUMES: "all", ...settings },
    ...change,
  });
}

const rootsOf = (change: Partial<StackDataRequest>, settings = {}) =>
  choose(change, settings).roots.map(({ path }) => path);

describe("chooseStackData()", () => {
  test("takes the appdata directory of the stack if there is one", () => {
    expect(choose({ appdata: at("/appdata/shop") }).roots).toEqual([
      { path: "/appdata/shop", type: "directory", origin: "appdata", name: "/appdata/shop" },
    ]);
    expect(choose({ appdata: at("/appdata/shop", "missing") })).toEqual({
      definition: [],
      roots: [],
      leftOut: [],
    });
  });

  test.each([
    ["near", ["/stacks/shop/data", "/appdata/common"]],
    ["all", ["/stacks/shop/data", "/appdata/common", "/mnt/media"]],
    ["none", []],
  ] as const)("takes binds by STACK_BINDS=%s", (STACK_BINDS, paths) => {
    const binds = ["/stacks/shop/data", "/appdata/common", "/mnt/media"].map((path) => bind(path));
    expect(rootsOf({ binds }, { STACK_BINDS })).toEqual([...paths]);
  });

  test("does not take a neighbour for something near because its name begins alike", () => {
    expect(rootsOf({ binds: [bind("/stacks/shop2/data"), bind("/appdata2/x")] })).toEqual([]);
  });

  test("counts as near what a link near leads to", () => {
    const linked = { ...bind("/mnt/disk/data"), name: "/stacks/shop/data" };
    expect(rootsOf({ binds: [linked] })).toEqual(["/mnt/disk/data"]);
  });

  test.each([
    "/",
    "/proc",
    "/sys/fs/cgroup",
    "/dev/dri",
    "/var/run/docker.sock",
    "/run/udev",
    "/etc/localtime",
    "/var/lib/docker",
  ])("never takes %s of the machine", (path) => {
    const { roots, leftOut } = choose({ binds: [bind(path)] }, { STACK_BINDS: "all" });
    expect(roots).toEqual([]);
    expect(leftOut).toEqual([{ path, reason: "it belongs to this machine", isProblem: false }]);
  });

  test("never takes what a link to the machine leads to", () => {
    const linked = { ...bind("/run/docker.sock", "other"), name: "/stacks/shop/docker.sock" };
    expect(choose({ binds: [linked] }).leftOut).toMatchObject([{ reason: "it belongs to this machine" }]);
    const zone = { ...bind("/opt/zones/Berlin", "file"), name: "/etc/localtime" };
    expect(choose({ binds: [zone] }, { STACK_BINDS: "all" }).roots).toEqual([]);
  });

  test("leaves out sockets, and calls a missing path a problem only if a container has it", () => {
    const binds = [
      bind("/stacks/shop/s.sock", "other"),
      bind("/stacks/shop/gone", "missing"),
      bind("/stacks/shop/new", "missing", { isMounted: false }),
    ];
    expect(choose({ binds }).leftOut).toEqual([
      { path: "/stacks/shop/s.sock", reason: "it is a socket or a device", isProblem: false },
      { path: "/stacks/shop/gone", reason: "it is missing: is its disk mounted?", isProblem: true },
      { path: "/stacks/shop/new", reason: "it does not exist yet", isProblem: false },
    ]);
  });

  test("takes a file that a container may write as data, and one that it may not as a part of the definition", () => {
    const binds = [
      bind("/stacks/shop/app.db", "file"),
      bind("/stacks/shop/app.conf", "file", { isReadOnly: true }),
    ];
    const { roots, definition } = choose({ binds });
    expect(roots).toMatchObject([{ path: "/stacks/shop/app.db", type: "file" }]);
    expect(definition).toEqual(["/stacks/shop/app.conf"]);
  });

  test("takes each path once, the outer one where they are nested, and no file that lies in one", () => {
    const data = choose({
      appdata: at("/appdata/shop"),
      binds: [bind("/appdata/shop/db"), bind("/stacks/shop/a"), bind("/stacks/shop/ab")],
      volumes: [{ name: "v", at: at("/stacks/shop/a") }],
      definition: [at("/stacks/shop/a/x.env", "file"), at("/stacks/shop/compose.yaml", "file")],
    });
    expect(data.roots.map(({ path, origin }) => `${origin} ${path}`)).toEqual([
      "appdata /appdata/shop",
      "bind /stacks/shop/a",
      "bind /stacks/shop/ab",
    ]);
    expect(data.definition).toEqual(["/stacks/shop/compose.yaml"]);
  });

  test("takes volumes by STACK_VOLUMES, and says which have nothing on this host", () => {
    const volumes = [
      { name: "a", at: at("/v/a") },
      { name: "b", at: at("/v/b") },
      { name: "nfs", at: { reason: "it is a mount of type nfs", isProblem: true } },
      { name: "scratch", at: { reason: "it lives in memory", isProblem: false } },
      { name: "lost", at: at("/v/lost", "missing") },
    ];
    expect(rootsOf({ volumes })).toEqual(["/v/a", "/v/b"]);
    expect(rootsOf({ volumes }, { STACK_VOLUMES: ["b"] })).toEqual(["/v/b"]);
    expect(rootsOf({ volumes }, { STACK_VOLUMES: "none" })).toEqual([]);
    expect(choose({ volumes }).leftOut).toEqual([
      { path: "nfs", reason: "it is a mount of type nfs", isProblem: true },
      { path: "scratch", reason: "it lives in memory", isProblem: false },
      { path: "lost", reason: '"/v/lost" is missing', isProblem: true },
    ]);
    expect(choose({ volumes }, { STACK_VOLUMES: "none" }).leftOut.every(({ isProblem }) => !isProblem)).toBe(
      true,
    );
  });

  test.each(["/", "/backup", "/backup/web1"])("never takes where backups lie: %s", (path) => {
    const { roots, leftOut } = choose({ volumes: [{ name: "v", at: at(path) }] });
    expect(roots).toEqual([]);
    expect(leftOut).toEqual([{ path, reason: 'backups lie in "/backup"', isProblem: false }]);
  });

  test("keeps the links of the stack with what they lead to, and tells of those of the machine", () => {
    const binds = [
      {
        ...bind("/mnt/disk/data"),
        name: "/stacks/shop/data",
        at: at("/mnt/disk/data", "directory", ["/stacks/shop/data"]),
      },
      { ...bind("/x"), name: "/stacks/shop/far", at: at("/mnt/far", "missing", ["/stacks/shop/far"]) },
    ];
    const appdata = at("/mnt/ssd/appdata/shop", "directory", ["/appdata"]);
    const definition = [at("/etc/shop.env", "file", ["/stacks/shop/.env", "/appdata"])];
    const data = choose({ binds, appdata, definition });
    expect(data.definition).toEqual(["/etc/shop.env", "/stacks/shop/data", "/stacks/shop/.env"]);
    expect(data.leftOut).toEqual([
      { path: "/stacks/shop/far", reason: "it is missing: is its disk mounted?", isProblem: true },
      {
        path: "/appdata",
        reason: "it is a link that paths of the stack go through: another host needs it as well",
        isProblem: false,
      },
    ]);
  });

  test("takes build contexts as data, but not the machine, and says which files are missing", () => {
    const definition = [at("/stacks/shop/app"), at("/"), at("/stacks/shop/x.env", "missing")];
    const data = choose({ definition });
    expect(data.roots).toMatchObject([{ path: "/stacks/shop/app", origin: "definition" }]);
    expect(data.leftOut.map(({ path }) => path)).toEqual(["/", "/stacks/shop/x.env"]);
  });
});
