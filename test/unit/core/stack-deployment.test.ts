import { describe, expect, test } from "bun:test";
import type { Container } from "#lib/core/containers.ts";
import { describeDeployment, readDeployment } from "#lib/core/stack-deployment.ts";
import { fakeContainer } from "#test/support/fake-docker.ts";

const container = (service: string, more: Partial<Container> = {}): Container =>
  fakeContainer(service, {
    configFiles: ["/opt/shop/a.yml"],
    environmentFiles: ["/opt/shop/b.env"],
    ...more,
  });

describe("describeDeployment()", () => {
  test("says by which files a stack was made, what ran of it, and what was not well", () => {
    const containers = [
      container("shell", { isOneOff: true, configFiles: [] }),
      container("web"),
      container("web", { id: "2" }),
      container("db", { health: "healthy" }),
      container("sick", { health: "unhealthy" }),
      container("init", { state: "exited" }),
      container("loop", { state: "restarting" }),
    ];
    const deployment = {
      project: "shop",
      configFiles: ["/opt/shop/a.yml"],
      environmentFiles: ["/opt/shop/b.env"],
      running: ["web", "db", "sick"],
      unhealthy: ["sick"],
    };
    expect(describeDeployment(containers)).toEqual(deployment);
    expect(readDeployment({ facts: { deployment } })).toEqual(deployment);
  });

  test("is undefined of a stack that nobody brought up, and readDeployment() of an older set", () => {
    expect(describeDeployment([container("shell", { isOneOff: true })])).toBeUndefined();
    expect(readDeployment({ facts: { state: "running" } })).toBeUndefined();
    expect(readDeployment({})).toBeUndefined();
  });
});
