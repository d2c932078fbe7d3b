import { describe, expect, test } from "bun:test";
import type { TrialPlace } from "#lib/core/isolate-service.ts";
import { chooseServices, planTrial, type TrialRequest } from "#lib/core/plan-trial.ts";
import { formatTrialModel, parseTrialModel, type TrialModel } from "#lib/core/trial-model.ts";

const modelOf = (services: TrialModel["services"], more: Partial<TrialModel> = {}): TrialModel => ({
  name: "shop",
  services,
  ...more,
});

const plan = (model: TrialModel, more: Partial<TrialRequest> = {}) =>
  planTrial({
    model,
    project: "lastgood-drill-1-shop",
    chosen: Object.keys(model.services ?? {}),
    places: new Map(),
    volumes: new Map(),
    missingImages: new Set(),
    ...more,
  });

/** Without a way out, and without an address of the host. */
const closed = { internal: true, driver_opts: { "com.docker.network.bridge.inhibit_ipv4": "true" } };

const restored = (path: string): TrialPlace => ({ kind: "restored", path });

describe("chooseServices()", () => {
  const services = {
    web: { depends_on: { db: {}, mail: { required: false } } },
    db: { depends_on: { init: {} } },
    init: {},
    mail: {},
    tool: { profiles: ["tools"] },
    side: { network_mode: "service:tool" },
  };

  test("takes what ran, and what that needs", () => {
    expect(new Set(chooseServices(modelOf(services), ["web"]))).toEqual(new Set(["web", "db", "init"]));
    expect(new Set(chooseServices(modelOf(services), ["side"]))).toEqual(new Set(["side", "tool"]));
  });

  test("takes everything without a profile when the set does not say what ran", () => {
    const chosen = chooseServices(modelOf({ ...services, side: {} }), undefined);
    expect(new Set(chosen)).toEqual(new Set(["web", "db", "init", "mail", "side"]));
  });
});

describe("planTrial()", () => {
  test("keeps what a service does, and nothing by which it is found or reaches out", () => {
    const { model } = plan(
      modelOf(
        {
          web: {
            image: "web:1",
            container_name: "front",
            command: ["serve"],
            ports: [{ target: 80, published: "80" }],
            labels: { "proxy.enable": "true" },
            restart: "always",
            environment: { A: "$b", VIRTUAL_HOST: "a.org", LETSENCRYPT_HOST: "a.org", C: null },
            networks: { proxy: { aliases: ["w"], ipv4_address: "10.0.0.7" } },
            deploy: { replicas: 3, restart_policy: {}, resources: { limits: { memory: "9" } } },
          },
        },
        { networks: { proxy: { external: true, name: "proxy" } } },
      ),
    );
    expect(model).toEqual({
      name: "lastgood-drill-1-shop",
      services: {
        web: {
          image: "web:1",
          command: ["serve"],
          restart: "no",
          oom_score_adj: 1000,
          cpu_shares: 128,
          logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "1" } },
          environment: { A: "$b", C: null },
          depends_on: {},
          deploy: { resources: { limits: { memory: "9" } } },
          volumes: [],
          networks: { proxy: { aliases: ["w", "front"] } },
        },
      },
      networks: { proxy: closed },
      volumes: {},
      secrets: {},
      configs: {},
    });
  });

  test("gives a service of any other network one of the copy's, and leaves the others what they share", () => {
    const { model } = plan(
      modelOf({
        bridged: { image: "a", network_mode: "bridge" },
        joined: { image: "a", network_mode: "live-net", container_name: "front" },
        alone: { image: "a", network_mode: "none" },
        guest: { image: "a", network_mode: "service:bridged" },
      }),
    );
    expect(model).toMatchObject({
      services: {
        bridged: { networks: { default: { aliases: [] } } },
        joined: { networks: { default: { aliases: ["front"] } } },
        alone: { network_mode: "none" },
        guest: { network_mode: "service:bridged" },
      },
      networks: { default: closed },
    });
    expect(JSON.stringify(model)).not.toMatch(/bridge"|live-net/);
  });

  test("mounts what was restored, an empty directory for what the set lacks, and files of the host read-only", () => {
    const bind = (source: string) => ({
      type: "bind",
      source,
      target: source,
      bind: { create_host_path: true, propagation: "rshared" },
    });
    const places = new Map<string, TrialPlace>([
      ["/data", restored("/scratch/data")],
      ["/media", { kind: "empty", path: "/scratch/media" }],
      ["/etc/localtime", { kind: "live", path: "/usr/share/zoneinfo/UTC" }],
      ["/etc/timezone", { kind: "none" }],
      ["/must", restored("/scratch/must")],
    ]);
    const volumes = [
      ...["/data", "/media", "/etc/localtime", "/etc/timezone"].map(bind),
      { type: "bind", source: "/must", target: "/must", bind: {} },
    ];
    const { model, made, notes } = plan(modelOf({ web: { image: "a", volumes } }), {
      places,
    });
    const mounted = (source: string, target: string, read_only = false) => ({
      type: "bind",
      source,
      target,
      read_only,
      bind: { create_host_path: false },
    });
    expect(model).toMatchObject({
      services: {
        web: {
          volumes: [
            mounted("/scratch/data", "/data"),
            mounted("/scratch/media", "/media"),
            mounted("/usr/share/zoneinfo/UTC", "/etc/localtime", true),
            mounted("/scratch/must", "/must"),
          ],
        },
      },
    });
    expect(notes).toEqual(['"/media" was empty: the set does not have it']);
    // Docker would make them, but not what the file says must be there.
    expect(made).toEqual(["/scratch/data", "/scratch/media"]);
  });

  test("makes volumes of what was restored, new ones of the rest, whatever they were", () => {
    const volumes = [
      { type: "volume", source: "kept", target: "/kept" },
      { type: "volume", source: "far", target: "/far" },
      { type: "volume", source: "near", target: "/near" },
      { type: "volume", target: "/anonymous" },
    ];
    const { model, notes } = plan(
      modelOf(
        { web: { image: "a", volumes } },
        {
          volumes: {
            kept: { name: "real", external: true },
            far: { name: "shop_far", driver_opts: { type: "nfs", o: "addr=nas", device: ":/x" } },
            near: { driver_opts: { type: "none", o: "bind", device: "/srv/near" } },
            unused: { name: "unused" },
          },
        },
      ),
      {
        volumes: new Map([["real", "/scratch/real"]]),
        places: new Map([["/srv/near", restored("/scratch/n")]]),
      },
    );
    const bound = (device: string) => ({ driver_opts: { type: "none", o: "bind", device } });
    expect(model).toMatchObject({
      services: { web: { volumes } },
      volumes: { kept: bound("/scratch/real"), far: {}, near: bound("/scratch/n") },
    });
    expect(JSON.stringify(model)).not.toMatch(/external|nfs|unused/);
    expect(notes).toEqual(['"shop_far" was empty: the set does not have it']);
  });

  test("takes secrets and configs from where they were restored, those that are used", () => {
    const { model } = plan(
      modelOf(
        { web: { image: "a", secrets: [{ source: "word" }], configs: [{ source: "page" }] } },
        {
          secrets: { word: { name: "shop_word", file: "/w" }, other: { file: "/o" } },
          configs: { page: { name: "shop_page", content: "x" } },
        },
      ),
      { places: new Map([["/w", restored("/scratch/w")]]) },
    );
    expect(model).toMatchObject({
      secrets: { word: { file: "/scratch/w" } },
      configs: { page: { content: "x" } },
    });
    expect(JSON.stringify(model)).not.toContain('"other"');
  });

  test("says that a volume without a name was empty", () => {
    const { notes } = plan(modelOf({ db: { image: "a", volumes: [{ type: "volume", target: "/data" }] } }), {
      volumes: new Map([["shop-db-1:/data", "/scratch/data"]]),
    });
    expect(notes).toEqual(['"shop-db-1:/data" was empty: a copy is not given volumes without a name']);
  });

  test("leaves out what cannot be isolated and what needs it, and says why", () => {
    const { services, model, notes } = plan(
      modelOf(
        {
          outer: { image: "a", network_mode: "host" },
          middle: { image: "a", depends_on: { outer: {} } },
          inner: { image: "a", links: ["middle:m"] },
          free: { image: "a", depends_on: { outer: { required: false } } },
          built: { build: {} },
          watching: { image: "a", volumes: [{ type: "bind", source: "/var/run/docker.sock", target: "/s" }] },
          told: { image: "a", secrets: [{ source: "word" }] },
        },
        { secrets: { word: { file: "/etc/shadow" } } },
      ),
      {
        chosen: ["inner", "outer", "middle", "free", "built", "watching", "told", "gone"],
        missingImages: new Set(["shop-built"]),
        places: new Map<string, TrialPlace>([
          ["/var/run/docker.sock", { kind: "refused", reason: "it mounts the socket" }],
          ["/etc/shadow", { kind: "refused", reason: "it mounts the shadow" }],
        ]),
      },
    );
    expect(services).toEqual(["free"]);
    expect(model).toMatchObject({ services: { free: { depends_on: {} } } });
    expect(new Set(notes)).toEqual(
      new Set([
        '"outer" was not started: it asks for network_mode: host',
        '"middle" was not started: it needs "outer"',
        '"inner" was not started: it needs "middle"',
        '"built" was not started: its image shop-built is not on this host (docker pull)',
        '"watching" was not started: it mounts the socket',
        '"told" was not started: it mounts the shadow',
        '"gone" was not started: its compose files do not have it',
      ]),
    );
  });
});

describe("parseTrialModel()", () => {
  test("reads values as they are, and formatTrialModel() writes them so that compose does", () => {
    const json = '{"name":"a","services":{"web":{"environment":{"A":"x$$y$$$$Z"}}}}';
    const model = parseTrialModel(json);
    expect(model.services?.["web"]?.environment).toEqual({ A: "x$y$$Z" });
    expect(JSON.parse(formatTrialModel(model))).toEqual(JSON.parse(json));
  });

  test.each(["", "{}", '{"name":"a","services":{"web":{"volumes":7}}}'])("throws for %j", (json) => {
    expect(() => parseTrialModel(json)).toThrow();
  });
});
