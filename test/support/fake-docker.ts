/** An engine in memory, whose faults a test chooses. */
import type { Container } from "#lib/core/containers.ts";
import { DockerError } from "#lib/core/docker-error.ts";
import type { StackRecord } from "#lib/core/stack-record.ts";
import type { StoppedStack } from "#lib/core/undo.ts";
import type { Docker } from "#lib/stacks/docker.ts";

export interface FakeDocker {
  readonly docker: Docker;
  /** Calls that change something, in their order: `stop web`, `start web`. */
  readonly calls: readonly string[];
  readonly stateOf: (name: string) => Container["state"] | undefined;
  readonly set: (name: string, change: Partial<Container>) => void;
  /** Replace operations by others, that may call the real ones. */
  readonly break: (change: Partial<Docker>) => void;
}

export function fakeContainer(name: string, change: Partial<Container> = {}): Container {
  return {
    id: `id-${name}`,
    name,
    project: "shop",
    service: name,
    workingDir: "/stacks/shop",
    configFiles: ["/stacks/shop/compose.yaml"],
    environmentFiles: [],
    configHash: undefined,
    isOneOff: false,
    isAutoRemoved: false,
    state: "running",
    exitCode: 0,
    health: undefined,
    restartPolicy: "no",
    restartCount: 0,
    startedAt: "2026-11-21T01:00:00Z",
    stopTimeoutMs: 10_000,
    labels: {},
    dependsOn: [],
    networkMode: "default",
    networkOwner: undefined,
    mounts: [],
    ...change,
  };
}

export function stoppedStack(names: readonly string[], how: StackRecord["how"] = "stop"): StoppedStack {
  const containers = names.map((name) => ({
    id: `id-${name}`,
    name,
    service: name,
    dependsOn: [],
    restartPolicy: "no",
    stopTimeoutMs: 10_000,
    wasHealthy: false,
    wasRestarting: false,
  }));
  return {
    kind: "stack",
    record: {
      project: "shop",
      directory: "/stacks/shop",
      configFiles: [],
      environmentFiles: [],
      how,
      containers,
    },
    startedAt: Object.fromEntries(containers.map(({ id }) => [id, "2026-11-21T01:00:00Z"])),
  };
}

export function dockerRefuses(action: string, trouble: DockerError["trouble"] = "other"): DockerError {
  return new DockerError(`Cannot ${action}: the engine says no`, { trouble, hint: "Ask it" });
}

export function createFakeDocker(containers: readonly Container[]): FakeDocker {
  const known = new Map(containers.map((one) => [one.id, one]));
  const calls: string[] = [];
  let starts = 0;
  const change = (id: string, what: Partial<Container>) => {
    const found = known.get(id);
    if (found !== undefined) known.set(id, { ...found, ...what });
  };
  const docker: { -readonly [Name in keyof Docker]: Docker[Name] } = {
    readContainers: async () => [...known.values()],
    inspectContainers: async (ids) => ids.flatMap((id) => known.get(id) ?? []),
    readVolumes: async () => [],
    stop: async (targets) => {
      for (const { id, name } of targets) {
        calls.push(`stop ${name}`);
        change(id, { state: "exited" });
      }
    },
    start: async ({ id, name }) => {
      calls.push(`start ${name}`);
      starts += 1;
      if (known.get(id)?.state !== "running") change(id, { state: "running", startedAt: `start ${starts}` });
    },
    pause: async ({ id, name }) => {
      calls.push(`pause ${name}`);
      change(id, { state: "paused" });
    },
    unpause: async ({ id, name }) => {
      calls.push(`unpause ${name}`);
      change(id, { state: "running" });
    },
    run: async () => ({
      exitCode: 0,
      signal: undefined,
      stdout: "",
      stderr: "",
      timedOut: false,
      notFound: false,
    }),
    readConfig: () => Promise.reject(dockerRefuses("read the configuration")),
    down: async () => {
      calls.push("down");
      known.clear();
    },
    create: async () => {
      calls.push("create");
    },
    planCreate: async () => [],
    recreate: async (_location, replicas) => {
      calls.push(`recreate ${[...replicas.keys()].join(" ")}`);
    },
    ping: async () => undefined,
  };
  return {
    docker,
    calls,
    stateOf: (name) => known.get(`id-${name}`)?.state,
    set: (name, what) => change(`id-${name}`, what),
    break: (broken) => {
      Object.assign(docker, broken);
    },
  };
}
