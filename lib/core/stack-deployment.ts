/** How a stack was deployed when it was backed up: what a start of its copy needs to know, and no file of it says. */
import { z } from "zod";
import type { Container } from "#lib/core/containers.ts";
import type { Component } from "#lib/core/manifest.ts";

const deploymentSchema = z.object({
  project: z.string(),
  /** Empty: as compose finds them in the stack's directory. */
  configFiles: z.array(z.string()),
  environmentFiles: z.array(z.string()),
  /** Services of which a container ran. */
  running: z.array(z.string()),
  /** Of these, what was not well: it need not be better in a copy. */
  unhealthy: z.array(z.string()),
});

export type StackDeployment = z.infer<typeof deploymentSchema>;

/** Undefined when there is no container that `up` made. */
export function describeDeployment(containers: readonly Container[]): StackDeployment | undefined {
  const own = containers.filter(({ isOneOff }) => !isOneOff);
  const [first] = own;
  if (first === undefined) return undefined;
  const running = own.filter(({ state }) => state === "running" || state === "paused");
  const servicesOf = (some: readonly Container[]) => [...new Set(some.map(({ service }) => service))];
  return {
    project: first.project,
    configFiles: [...first.configFiles],
    environmentFiles: [...first.environmentFiles],
    running: servicesOf(running),
    unhealthy: servicesOf(running.filter(({ health }) => health === "unhealthy" || health === "starting")),
  };
}

/** Undefined for a set that was made before this was recorded, and for a stack that was not deployed. */
export function readDeployment({ facts }: Pick<Component, "facts">): StackDeployment | undefined {
  return deploymentSchema.safeParse(facts?.["deployment"]).data;
}
