import { describe, expect, test } from "bun:test";
import { containerFormat } from "#lib/core/containers.ts";
import type { ExecOptions, ExecResult } from "#lib/core/deps.ts";
import { createDocker } from "#lib/stacks/docker.ts";

const ended: ExecResult = {
  exitCode: 0,
  signal: undefined,
  stdout: "",
  stderr: "",
  timedOut: false,
  notFound: false,
};

/** Docker that prints these answers, one a call. */
function record(...answers: readonly Partial<ExecResult>[]) {
  const calls: { readonly command: string; readonly options: ExecOptions }[] = [];
  const docker = createDocker({
    exec: async (command, options) => {
      calls.push({ command: command.join(" ").replace(containerFormat, "FORMAT"), options });
      return { ...ended, ...answers[calls.length - 1] };
    },
  });
  return { docker, calls };
}

const line = JSON.stringify({
  ...{ id: "a1", name: "/web", restartCount: 0, state: "running", exitCode: 0, startedAt: "", health: null },
  ...{
    networkMode: "x",
    restartPolicy: "no",
    isAutoRemoved: false,
    stopTimeout: null,
    labels: null,
    mounts: null,
  },
});

describe("createDocker()", () => {
  test("reads all containers by two calls, and asks no further when there is none", async () => {
    const { docker, calls } = record({ stdout: "a1\nb2\n" }, { stdout: `${line}\n` });
    expect((await docker.readContainers()).map(({ name }) => name)).toEqual(["web"]);
    expect(calls.map(({ command }) => command)).toEqual([
      "docker ps --all --quiet --no-trunc --filter label=com.docker.compose.project",
      "docker inspect --type container --format FORMAT a1 b2",
    ]);
    const none = record({ stdout: "\n" });
    expect(await none.docker.readContainers()).toEqual([]);
    expect(none.calls).toHaveLength(1);
  });

  test.each(["Error: No such object: b2\n", "Error: No such container: b2\nError: No such object: c3\n"])(
    "leaves out what was removed since it heard of it: %p",
    async (stderr) => {
      const { docker } = record({ exitCode: 1, stdout: `\n${line}\n`, stderr });
      expect(await docker.inspectContainers(["a1", "b2"])).toHaveLength(1);
    },
  );

  test.each([
    [
      { exitCode: 1, stderr: "Error: No such object: b2\nCannot connect to the Docker daemon at x" },
      "Cannot connect",
    ],
    [{ exitCode: 1, stderr: "" }, "docker ended with 1"],
    [{ exitCode: 125, stderr: "Error: No such object: b2" }, "No such object"],
    [{ stdout: "<html>" }, "docker's answer makes no sense"],
  ])("does not take %p for an answer", async (answer, words) => {
    const { docker } = record(answer);
    await expect(docker.inspectContainers(["a1", "b2"])).rejects.toThrow(words);
  });

  test("gives each call a deadline, and a stop the longest time of its containers", async () => {
    const { docker, calls } = record();
    await docker.stop([
      { id: "a1", name: "web", stopTimeoutMs: 10_000 },
      { id: "b2", name: "db", stopTimeoutMs: 300_000 },
    ]);
    await docker.start({ id: "a1", name: "web" });
    expect(calls.map(({ command, options }) => [command, options.timeoutMs])).toEqual([
      ["docker stop a1 b2", 330_000],
      ["docker start a1", 60_000],
    ]);
    await docker.stop([]);
    expect(calls).toHaveLength(2);
  });

  test("names containers as people know them when something goes wrong", async () => {
    const { docker } = record({ exitCode: null, signal: "SIGKILL", timedOut: true });
    await expect(docker.start({ id: "a1", name: "web" })).rejects.toThrow(
      'Cannot start "web": docker gave no answer after 60 s',
    );
  });

  test("lets compose look for its files where the stack is, or names them", async () => {
    const answer = { stdout: '{"name": "shop"}' };
    const { docker, calls } = record(answer, answer);
    const files = { configFiles: ["/s/a.yaml", "/s/b.yaml"], environmentFiles: ["/s/p.env"] };
    await docker.readConfig({ directory: "/my stacks/shop", configFiles: [], environmentFiles: [] });
    await docker.readConfig({ project: "shop", directory: "/s", ...files });
    expect(calls.map(({ command }) => command)).toEqual([
      "env --chdir=/my stacks/shop docker compose --project-directory /my stacks/shop --profile * config --format json",
      "docker compose --project-name shop --project-directory /s --file /s/a.yaml --file /s/b.yaml --env-file /s/p.env --profile * config --format json",
    ]);
  });

  test("never builds or pulls what it makes anew, and removes no volume", async () => {
    const { docker, calls } = record();
    const location = { project: "shop", directory: "/s", configFiles: ["/s/a.yaml"], environmentFiles: [] };
    await docker.create(location, new Map([["web", 2]]));
    await docker.recreate(location, new Map([["web", 2]]));
    await docker.down(location, 20_000);
    const where = "docker compose --project-name shop --project-directory /s --file /s/a.yaml";
    expect(calls.map(({ command }) => command)).toEqual([
      `${where} create --no-recreate --no-build --pull never --scale web=2 web`,
      `${where} up --no-start --force-recreate --no-build --pull never --scale web=2 web`,
      `${where} --profile * down`,
    ]);
    expect(calls.at(-1)?.options.timeoutMs).toBe(80_000);
  });

  test("reads from a rehearsal which containers would be made anew", async () => {
    const stderr = ` DRY-RUN MODE -  Container shop-db-1  Running
 DRY-RUN MODE -  Container shop-web-1  Recreate
 DRY-RUN MODE -  Container shop-web-1  Recreated
`;
    const { docker, calls } = record({ stderr });
    const location = { project: "shop", directory: "/s", configFiles: ["/s/a.yaml"], environmentFiles: [] };
    expect(await docker.planCreate(location, new Map([["web", 1]]))).toEqual(["shop-web-1"]);
    expect(calls[0]?.command).toContain("--dry-run create ");
  });

  test("hands back how a command in a container ended, and throws only when docker could not run it", async () => {
    const { docker, calls } = record({ exitCode: 3, stderr: "no" });
    expect(await docker.run({ id: "a1", name: "web" }, ["sh", "-c", "exit 3"], 1000)).toMatchObject({
      exitCode: 3,
    });
    expect(calls[0]?.command).toContain("docker exec --interactive a1 ");
    expect(calls[0]?.command).toEndWith(" sh -c exit 3");
    expect(calls[0]?.options).toMatchObject({ timeoutMs: 1000 });
  });

  test("stops when its signal is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    const docker = createDocker({
      signal,
      exec: (_command, options) => Promise.reject(options.signal?.reason),
    });
    await expect(docker.ping()).rejects.toThrow("enough");
  });
});
