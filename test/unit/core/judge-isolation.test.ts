import { describe, expect, test } from "bun:test";
import { isKept, judgeIsolation } from "#lib/core/judge-isolation.ts";

describe("judgeIsolation()", () => {
  test("lets a usual service be started", () => {
    const service = {
      image: "a",
      command: ["x"],
      ports: [{ target: 80 }],
      container_name: "a",
      restart: "always",
      labels: { "proxy.enable": "true" },
      privileged: false,
      devices: [],
      "x-note": "for people",
      cap_add: ["NET_ADMIN", "CAP_CHOWN"],
      security_opt: ["no-new-privileges:true"],
      network_mode: "service:vpn",
      volumes: [
        { type: "bind", source: "/a", target: "/a" },
        { type: "tmpfs", target: "/t" },
        { type: "volume" },
      ],
      deploy: { resources: { limits: { memory: "1" } } },
    };
    expect(judgeIsolation(service)).toBeUndefined();
  });

  test.each([
    [{ labels: { "lastgood.drill": "No" } }, "its label lastgood.drill says so"],
    [{ labels: { "lastgood.skip": "true" } }, "the set does not have its data (label lastgood.skip)"],
    [{ labels: { "lastgood.dump": "mariadb" } }, "its database is in a dump of its own, drilled by itself"],
    [{ privileged: true }, "it asks for privileged"],
    [{ devices: [{ source: "/dev/dri" }] }, "it asks for devices"],
    [{ runtime: "nvidia" }, "it asks for runtime"],
    [{ uts: "host" }, "it asks for uts"],
    [{ use_api_socket: true }, "it asks for use_api_socket"],
    [{ what_nobody_foresaw: { a: 1 } }, "it asks for what_nobody_foresaw"],
    [{ network_mode: "host" }, "it asks for network_mode: host"],
    [{ network_mode: "container:x" }, "it asks for network_mode: container:x"],
    [{ pid: "host" }, "it asks for pid: host"],
    [{ ipc: "container:x" }, "it asks for ipc: container:x"],
    [{ volumes_from: ["container:x:ro"] }, "it asks for volumes of a container that is not of this stack"],
    [{ cap_add: ["ALL"] }, "it asks for the capability ALL"],
    [{ cap_add: ["CAP_SYS_ADMIN"] }, "it asks for the capability CAP_SYS_ADMIN"],
    [{ security_opt: ["apparmor:unconfined"] }, "it asks for security_opt: apparmor:unconfined"],
    [
      { deploy: { resources: { reservations: { devices: [{ driver: "nvidia" }] } } } },
      "it asks for a device",
    ],
    [{ volumes: [{ type: "cluster", source: "a" }] }, "it asks for a mount of type cluster"],
  ])("refuses %j", (service, reason) => {
    expect(judgeIsolation(service)).toBe(reason);
  });
});

describe("isKept()", () => {
  test("is false for what would reach the host, the stack or who watches the engine", () => {
    const keys = [
      "ports",
      "labels",
      "container_name",
      "restart",
      "logging",
      "oom_score_adj",
      "privileged",
      "devices",
    ];
    expect(keys.filter(isKept)).toEqual([]);
    expect(["command", "environment", "healthcheck", "user"].filter((key) => !isKept(key))).toEqual([]);
  });
});
