/** The drill of a stack starts a copy of it on a real engine: from its restored data, shut off, beside the stack itself. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { createDrilledStack, type DrilledStack } from "#test/support/drilled-stack.ts";
import { replaceComponent } from "#test/support/replace-component.ts";
import { runtimes } from "#test/support/sandbox.ts";
import { waitFor } from "#test/support/wait-for.ts";

/** `db` counts as long as it lives, `web` serves what it has got from `db`; whatever starts says so in its data. */
const shop = `
services:
  db:
    image: ${image}
    container_name: shop-database
    restart: always
    init: true
    command: [sh, -ec, 'echo started >> /rows/starts; httpd -p 8080 -h /rows; while true; do n=$$((n + 1)); echo $$n >> /rows/count; sleep 0.02; done']
    volumes: ["kept:/rows", "/anonymous"]
    healthcheck: {test: [CMD, wget, -q, -O, /dev/null, "http://localhost:8080/starts"], interval: 1s}
    x-note: kept for people
    labels: {"proxy.enable": "true"}
    networks: {inner: {ipv4_address: 10.ENGINE.250.9}}
  web:
    image: ${image}
    restart: unless-stopped
    init: true
    command: [sh, -ec, 'echo started >> /data/starts; wget -q -O /tmp/page http://shop-database:8080/starts; cat /conf.txt /run/secrets/word; test "$$WORD" = "a$$b"; httpd -f -p 80 -h /data']
    environment: {VIRTUAL_HOST: shop.example.org}
    env_file: web.env
    ports: ["127.0.0.1:28ENGINE:80"]
    volumes: ["./data:/data", "./conf.txt:/conf.txt:ro", "/etc/localtime:/etc/localtime:ro"]
    secrets: [word]
    depends_on: {db: {condition: service_healthy}}
    networks: [inner]
volumes: {kept: {}}
networks: {inner: {ipam: {config: [{subnet: 10.ENGINE.250.0/24}]}}}
secrets: {word: {file: ./word.txt}}
`;
const shopFiles = {
  "compose.yaml": shop,
  "web.env": "WORD='a$b'\n",
  "conf.txt": "conf\n",
  "word.txt": "word\n",
  "data/page": "page\n",
};

describe.skipIf(!hasDocker)("restore drill --start-stacks", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  const read = (...path: string[]) => readFileSync(join(...path), "utf8");
  const inspect = (id: string, format: string) =>
    JSON.parse(engine.docker("inspect", "--format", `{{json ${format}}}`, id));

  describe("of a stack under load", () => {
    let stack: DrilledStack;
    beforeAll(async () => {
      stack = await createDrilledStack(engine, { files: shopFiles });
    }, 60_000);
    afterAll(() => stack?.[Symbol.asyncDispose](), 60_000);

    /** Whatever a drill could change of it, or of the engine. Each start leaves a line in the data of what starts. */
    const live = () => [
      ...["shop-database", `${stack.name}-web-1`].map((id) =>
        ["Id", "State.StartedAt", "State.Pid", "NetworkSettings.Networks"].map((field) =>
          inspect(id, `.${field}`),
        ),
      ),
      read(stack.directory, "data/starts"),
      read(volume(), "starts"),
      ...["container", "network", "volume"].map((kind) => engine.docker(kind, "ls", "--quiet")),
    ];
    const volume = () =>
      engine.docker("volume", "inspect", "--format", "{{.Mountpoint}}", `${stack.name}_kept`);

    test.each(runtimes)(
      "starts a copy that is well and shut off, and never touches the stack, on %s",
      async (runtime) => {
        const before = live();
        const counted = read(volume(), "count").length;
        const running = stack.startDrill(runtime);
        await waitFor(() => stack.copies().length === 2, { what: "both containers", timeoutMs: 40_000 });
        const seen = stack.copies().map((id) => ({
          labels: inspect(id, ".Config.Labels"),
          host: inspect(id, ".HostConfig"),
          environment: String(inspect(id, ".Config.Env")),
          networks: Object.keys(inspect(id, ".NetworkSettings.Networks")),
          mounts: inspect(id, ".Mounts"),
        }));
        const ended = await running.exited;
        expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
        expect(stack.recorded().message).toMatch(
          /started as a copy: (?:web, db|db, web) well after \d+\.\d s; "shop-database:\/anonymous" was empty: .*$/,
        );
        for (const { labels, host, environment, networks, mounts } of seen) {
          expect(Object.keys(labels).filter((label) => !label.startsWith("com.docker.compose."))).toEqual([]);
          expect(host).toMatchObject({
            PortBindings: {},
            RestartPolicy: { Name: "no" },
            OomScoreAdj: 1000,
            CpuShares: 128,
          });
          expect(environment).not.toContain("VIRTUAL_HOST");
          expect(networks).toEqual([expect.stringMatching(/^lastgood-drill-.*_inner$/)]);
          for (const { Source: source, Destination: destination } of mounts)
            if (!["/etc/localtime", "/anonymous"].includes(destination))
              expect(source).toMatch(/lastgood-drill-/);
        }
        expect(live()).toEqual(before);
        const count = read(volume(), "count");
        expect(count.length).toBeGreaterThan(counted);
        const last = count
          .slice(count.lastIndexOf("\n1\n") + 1)
          .trimEnd()
          .split("\n");
        expect(last).toEqual(last.map((_, index) => String(index + 1)));
        expect(stack.left()).toEqual([]);
      },
      120_000,
    );

    test.each([
      ["SIGTERM", "bun"],
      ["SIGKILL", "deno"],
    ] as const)(
      "leaves nothing behind on %s",
      async (signal, runtime) => {
        const before = live();
        const running = stack.startDrill(runtime);
        await waitFor(() => stack.copies().length > 0, {
          what: "a container of the copy",
          timeoutMs: 40_000,
        });
        running.kill(signal);
        await running.exited;
        await waitFor(() => stack.left().length === 0, { what: "everything to be gone", timeoutMs: 40_000 });
        await waitFor(() => !existsSync(stack.job.journal), { what: "the recovery", timeoutMs: 30_000 });
        expect(live()).toEqual(before);
      },
      120_000,
    );
  });

  describe("of a set that lacks a file", () => {
    const tag = "lastgood-test:passing";
    let stack: DrilledStack;
    beforeAll(async () => {
      engine.docker("tag", image, tag);
      const all = `image: "${tag}", init: true`;
      const sleeping = `${all}, command: [sleep, infinity]`;
      const health = "healthcheck: {test: [CMD, cat, /data/needed], interval: 1s, retries: 2}";
      stack = await createDrilledStack(engine, {
        files: {
          "compose.yaml": `services:
  crashing: {${all}, command: [sh, -ec, "cat /data/needed; sleep infinity"], volumes: [./data:/data]}
  sick: {${sleeping}, volumes: [./data:/data], ${health}}
  refused: {${sleeping}, volumes: [./data:/data, {type: bind, source: ./data/needed, target: /needed}]}
`,
          "data/needed": "x\n",
          "data/other": "x\n",
        },
        settings: { STACK_EXCLUDES: "needed", DRILL_STACK_TIMEOUT: "8s" },
      });
    }, 60_000);
    afterAll(() => stack?.[Symbol.asyncDispose](), 60_000);

    /** As if the set said otherwise. */
    const change = (from: RegExp, to: string) => {
      const [set = "no set"] = stack.job.sets();
      const manifest = read(set, "manifest.json");
      expect(manifest).toMatch(from);
      writeFileSync(join(set, "manifest.json"), manifest.replace(from, to));
      replaceComponent(set, `stack-${stack.name}`, (content) => content);
    };
    const changeRunning = (...services: string[]) =>
      change(/"running": \[[^\]]*\]/, `"running": ${JSON.stringify(services)}`);

    test("is not judged by an engine that does not see what was restored", () => {
      changeRunning("crashing");
      const ended = stack.drillAlone();
      expect(ended.exitCode).toBe(2);
      expect(ended.stderr).toMatch(/cannot be started: Docker does not see ".*": this process has another/);
      expect(ended.stderr).toContain("PrivateTmp=no");
      expect(stack.left()).toEqual([]);
    }, 60_000);

    test.each([
      [
        "crashing",
        [
          /does not start from this set: Container "crashing-1" does not run: it is exited with exit code 1/,
          /"crashing-1" wrote: cat: .*\/data\/needed/,
        ],
      ],
      [
        "sick",
        [/Container "sick-1" runs, but its healthcheck says: unhealthy/, /Healthcheck of "sick-1": cat: /],
      ],
      ["refused", [/does not start from this set: Cannot start it: .*needed/]],
    ])(
      "finds that its service is %s",
      async (service, words) => {
        changeRunning(service);
        const ended = await stack.drill("bun");
        expect(ended.exitCode).toBe(2);
        for (const word of words) {
          expect(stack.recorded().problems).toMatch(word);
          expect(ended.stderr).toMatch(word);
        }
        const lines = stack.recorded().problems.split("\n");
        expect(lines).toEqual([...new Set(lines)]);
        expect(stack.recorded().outcome).toBe("failed");
        expect(stack.left()).toEqual([]);
      },
      60_000,
    );

    test("starts nothing without its image, of a stack that did not run, or of another host's set", async () => {
      engine.docker("rmi", "--force", tag);
      const drilled = async () => {
        const ended = await stack.drill("bun");
        expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
        return stack.recorded().message;
      };
      changeRunning("crashing");
      expect(await drilled()).toContain(
        `not started: "crashing" was not started: its image ${tag} is not on this host`,
      );
      changeRunning();
      expect(await drilled()).toContain("not started: nothing of it ran when it was backed up");
      change(/"machineId": "\w+"/, '"machineId": "0123456789abcdef0123456789abcdef"');
      expect(await drilled()).toContain("not started: it is of another host");
    }, 60_000);
  });

  test("starts by the files that the stack was deployed with, and follows no link from the copy to the stack", async () => {
    const web = `image: "\${IMAGE}", init: true, command: [sh, -ec, "echo started >> /inner/starts; cat /data/page; sleep infinity"]`;
    await using stack = await createDrilledStack(engine, {
      files: {
        "compose.yaml": `services: {web: {${web}}, tool: {image: none, profiles: [tools]}}\n`,
        "more.yml":
          "services: {web: {volumes: [./data:/data, ./data/inner:/inner, kept:/kept], healthcheck: {test: [CMD, test, -f, /kept/x], interval: 1s}, depends_on: {init: {condition: service_completed_successfully}}}, " +
          `init: {image: "${image}", command: [touch, /kept/x], volumes: [kept:/kept]}}\nvolumes: {kept: {}}\n`,
        ".env": `IMAGE=${image}\n`,
      },
      links: { data: "OUTSIDE" },
      outside: { page: "page\n", "inner/page": "page\n" },
      settings: { STACK_BINDS: "all" },
      options: ["--file", "STACK/compose.yaml", "--file", "STACK/more.yml"],
    });
    const starts = read(stack.outside, "inner/starts");
    const ended = await stack.drill("deno");
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stack.recorded().message).toContain("started as a copy: ");
    expect(read(stack.outside, "inner/starts")).toBe(starts);
    expect(stack.left()).toEqual([]);
  }, 60_000);

  test("does not reach the host, by whatever address", async () => {
    const callers: string[] = [];
    const server = createServer((socket) => {
      callers.push(socket.remoteAddress ?? "");
      socket.on("error", () => undefined).end();
    });
    const [number = ""] = /(?<=engine-)\d+/.exec(engine.directory) ?? [];
    const port = `29${number.padStart(3, "0")}`;
    await new Promise<void>((resolve) => server.listen(Number(port), resolve));
    await using _closing = { [Symbol.asyncDispose]: async () => void server.close() };
    const command = `[sh, -c, "nc -w 2 live-host ${port} </dev/null; exec sleep infinity"]`;
    await using stack = await createDrilledStack(engine, {
      files: {
        "compose.yaml": `services:
  web: {image: "${image}", init: true, command: ${command}, extra_hosts: ["live-host:10.ENGINE.251.1"], networks: [inner]}
networks: {inner: {ipam: {config: [{subnet: 10.ENGINE.251.0/24}]}}}
`,
      },
    });
    await waitFor(() => callers.length >= 2, { what: "the stack's own calls", timeoutMs: 10_000 });
    const before = [...callers];
    const ended = await stack.drill("bun");
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stack.recorded().message).toContain("started as a copy: web well");
    expect(callers).toEqual(before);
    expect(stack.left()).toEqual([]);
  }, 60_000);

  test("joins no network of the host, and leaves no volume that an image asks for", async () => {
    engine.docker("network", "create", "--internal", "live-net");
    const made = engine.docker("create", image, "none");
    engine.docker("commit", "--change", "VOLUME /data", made, "lastgood-test:volume");
    engine.docker("rm", made);
    const web = `image: "lastgood-test:volume", init: true, command: [sleep, infinity], network_mode: live-net`;
    await using stack = await createDrilledStack(engine, {
      files: { "compose.yaml": `services: {web: {${web}}}\n` },
    });
    const volumes = engine.docker("volume", "ls", "--quiet");
    const running = stack.startDrill("bun");
    await waitFor(() => engine.docker("ps", "--quiet", "--filter", "name=-web-").split("\n").length === 2, {
      what: "the copy",
      timeoutMs: 40_000,
    });
    const networks = stack.copies().flatMap((id) => Object.keys(inspect(id, ".NetworkSettings.Networks")));
    expect(networks).toEqual([expect.stringMatching(/^lastgood-drill-.*_default$/)]);
    const ended = await running.exited;
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stack.recorded().message).toMatch(/"shop\d+-web-1:\/data" was empty/);
    expect(engine.docker("volume", "ls", "--quiet")).toBe(volumes);
    expect(stack.left()).toEqual([]);
  }, 60_000);

  test("says what it cannot start as a copy, and starts the rest", async () => {
    const other = `image: "${image}", init: true, command: [sleep, infinity]`;
    await using stack = await createDrilledStack(engine, {
      files: {
        "compose.yaml": `services:
  outer: {${other}, network_mode: host}
  behind: {${other}, depends_on: [outer]}
  watcher: {${other}, volumes: ["/var/run:/var/run"]}
  mighty: {${other}, cap_add: [SYS_ADMIN]}
  silent: {${other}, labels: {lastgood.drill: "false"}}
  media: {${other}, volumes: ["OUTSIDE/films:/films", "OUTSIDE/one.txt:/one.txt"]}
`,
      },
      outside: { "films/a": "a\n", "one.txt": "one\n" },
    });
    const ended = await stack.drill("bun");
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { message } = stack.recorded();
    expect(message).toContain("started as a copy: media well after");
    for (const note of [
      '"outer" was not started: it asks for network_mode: host',
      '"behind" was not started: it needs "outer"',
      '"watcher" was not started: it mounts "/var/run" of this host',
      '"mighty" was not started: it asks for the capability SYS_ADMIN',
      '"silent" was not started: its label lastgood.drill says so',
      `"${stack.outside}/films" was empty: the set does not have it`,
    ])
      expect(message).toContain(note);
    expect(stack.left()).toEqual([]);
  }, 60_000);
});
