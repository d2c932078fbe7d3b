/** Let compose, the slowest of all that a stack is asked by, begin before docker has said which files it is to read. */
import { isDeepStrictEqual } from "node:util";
import type { Container } from "#lib/core/containers.ts";
import { findDeployed } from "#lib/core/stack-containers.ts";
import type { Docker } from "#lib/stacks/docker.ts";
import { locateStack } from "#lib/stacks/draft-stack.ts";
import type { FoundStack } from "#lib/stacks/find-stacks.ts";

/**
 * Docker, with compose already reading the files that the containers `known` from earlier were made of. When it turns out that
 * they are others by now, that answer is dropped and compose is asked again.
 */
export function foreseeConfig(docker: Docker, stack: FoundStack, known: readonly Container[]): Docker {
  const containers = findDeployed([stack.directory], known);
  if (containers.length === 0) return docker;
  const expected = locateStack(stack, containers);
  const early = docker.readConfig(expected);
  // Whoever asks hears of a failure; if nobody does, it does not matter.
  early.catch(() => undefined);
  return {
    ...docker,
    readConfig: (location) => (isDeepStrictEqual(location, expected) ? early : docker.readConfig(location)),
  };
}
