/** What belongs to stacks, as a real engine and compose tell of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Exec } from "#lib/core/deps.ts";
import { createDocker } from "#lib/stacks/docker.ts";
import { findStacks } from "#lib/stacks/find-stacks.ts";
import { readStacks, type StackReading } from "#lib/stacks/read-stacks.ts";
import { createExec } from "#lib/tools/exec.ts";
import { type DockerEngine, hasDocker, startDockerEngine } from "#test/support/docker-engine.ts";
import { service } from "#test/support/stack.ts";

const files: Readonly<Record<string, string>> = {
  "compose.yml": `
include: [more/extra.yaml]
services:
  web:
    extends: {file: base.yaml, service: plain}
    build: ./app
    env_file: [web.env]
    secrets: [key]
    volumes:
      - ./conf/site.conf:/etc/site.conf:ro
      - ./data:/data
      - ./data/inner:/inner
      - \${FAR}/pictures:/pictures
      - named:/named
      - shared:/shared
      - /anonymous
      - ./gate.sock:/gate.sock
      - /var/run/docker.sock:/docker.sock
      - /etc/localtime:/etc/localtime:ro
  cache: ${service}, labels: {lastgood.skip: "true"}, volumes: ["./cache:/cache", "cached:/c"]}
  debug: ${service}, profiles: [debug], volumes: ["./debug:/debug"]}
volumes: {named: , cached: , shared: {external: true, name: everybodys}}
secrets: {key: {file: ./key.pem}}
`,
  "compose.override.yaml": "services: {web: {labels: {from: override}}}\n",
  "base.yaml": `services:\n  plain: ${service}, env_file: base.env}\n`,
  "more/extra.yaml": `services:\n  extra: ${service}, env_file: [{path: "extra.env", required: false}]}\n`,
  "base.env": "",
  "web.env": "SECRET=1\n",
  "key.pem": "",
  "app/Dockerfile": "",
  "conf/site.conf": "",
};

let engine: DockerEngine;
let server: Server;
let calls: string[];
let readings: readonly StackReading[];
const { signal } = new AbortController();

function exec(): Exec {
  const real = createExec(engine.environment);
  return (command, options) => {
    calls.push(command.filter((word) => !word.includes("/")).join(" "));
    return real(command, options);
  };
}

function write(stack: string, texts: Readonly<Record<string, string>>): string {
  const directory = join(engine.directory, stack);
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

async function read(settings = {}, skip: readonly string[] = []): Promise<readonly StackReading[]> {
  calls = [];
  const asker = { exec: exec(), timeoutMs: 10_000, signal };
  const search = {
    STACKS_DIR: engine.directory,
    STACKS_DIR_APPEND_HOSTNAME: "auto",
    STACKS_SELECT: [],
    STACKS_SKIP: skip,
  } as const;
  const { stacks } = await findStacks(asker, search, "web1");
  const appdata = join(engine.directory, "../appdata");
  const all = { STACK_BINDS: "near", STACK_VOLUMES: "all", APPDATA_DIR: appdata, ...settings } as const;
  const docker = createDocker({ exec: exec() });
  return readStacks(
    { docker, asker, settings: all, destinations: [join(engine.directory, "../backups")] },
    stacks,
  );
}

function readingOf(name: string, all = readings): StackReading {
  const reading = all.find((one) => one.name === name);
  if (reading === undefined) throw new Error(`No stack "${name}"`);
  return reading;
}

describe.skipIf(!hasDocker)("readStacks()", () => {
  beforeAll(async () => {
    engine = await startDockerEngine();
    engine.docker("volume", "create", "everybodys");
    const full = write("Full one", { ...files, ".env": `FAR=${join(engine.directory, "../far")}\n` });
    mkdirSync(join(engine.directory, "../appdata/Full one"), { recursive: true });
    symlinkSync("appdata", join(engine.directory, "../link-to-appdata"));
    mkdirSync(join(full, "data/inner"), { recursive: true });
    server = createServer().listen(join(full, "gate.sock"));
    engine.docker("tag", "lastgood-test:local", "fullone-web");
    engine.docker("compose", "--project-directory", full, "up", "--detach", "--pull", "never", "--no-build");
    write("neighbour", {
      "docker-compose.yaml": `services:\n  a: ${service}, volumes: ["${join(engine.directory, "../link-to-appdata")}/Full one/sub:/s"]}\n`,
    });
    engine.docker("compose", "--project-directory", join(engine.directory, "neighbour"), "up", "--detach");
    write("broken", { "compose.yaml": `services:\n  a: ${service}, volumes: ["./d:/d"]}\n` });
    engine.docker("compose", "--project-directory", join(engine.directory, "broken"), "up", "--detach");
    write("broken", { "compose.yaml": "services: [" });
    write("never-started", {
      "compose.yaml": `services:\n  a: ${service}, volumes: ["./d:/d", "vol:/v"]}\nvolumes: {vol: }\n`,
    });
    write("unmounted", { "compose.yaml": `services:\n  a: ${service}, volumes: ["./disk:/d"]}\n` });
    engine.docker("compose", "--project-directory", join(engine.directory, "unmounted"), "up", "--detach");
    rmSync(join(engine.directory, "unmounted/disk"), { recursive: true });
    const twice = write("twice", {
      "compose.yaml": `services:
  a: ${service}, volumes: ["kept:/k"]}
  tool: ${service}, profiles: [tools], volumes: ["tools:/t"]}
volumes: {kept: , tools: }
`,
    });
    const compose = (project: string, ...args: string[]) =>
      engine.docker("compose", "--project-directory", twice, "--project-name", project, ...args);
    compose("prod", "--profile", "tools", "up", "--detach");
    compose("prod", "rm", "--stop", "--force", "tool");
    compose("test", "create");
    readings = await read();
  });
  afterAll(async () => {
    server?.close();
    await engine?.[Symbol.asyncDispose]();
  });

  test("asks docker three times for all, and compose once for each", () => {
    const compose = calls.filter((call) => / compose /.test(call));
    expect(compose).toHaveLength(readings.length);
    expect(calls.filter((call) => /^docker /.test(call) && !compose.includes(call))).toHaveLength(3);
  });

  test("finds every file that says what a stack is, also those that compose's answer no longer names", () => {
    const { definition } = readingOf("Full one");
    const names = definition.map((path) => path.slice(join(engine.directory, "Full one/").length));
    expect(new Set(names)).toEqual(
      new Set([
        ...["compose.yml", "compose.override.yaml", ".env", "base.yaml", "base.env", "web.env", "key.pem"],
        ...["more/extra.yaml", "conf/site.conf"],
      ]),
    );
  });

  test("takes as data what lies near, each path once, and every volume of a service that is not skipped", () => {
    const { roots } = readingOf("Full one");
    const full = join(engine.directory, "Full one");
    const volumes = join(engine.directory, "../data/volumes");
    const found = new Map(roots.map(({ path, origin, name }) => [path, `${origin} ${name}`]));
    const [anonymous = ""] = [...found].find(([, name]) => name.includes("/anonymous")) ?? [];
    expect(found).toEqual(
      new Map([
        [
          join(engine.directory, "../appdata/Full one"),
          `appdata ${join(engine.directory, "../appdata/Full one")}`,
        ],
        [join(full, "data"), `bind ${join(full, "data")}`],
        [join(volumes, "everybodys/_data"), "volume everybodys"],
        [join(volumes, "fullone_named/_data"), "volume fullone_named"],
        [join(full, "app"), `definition ${join(full, "app")}`],
        [anonymous, "volume fullone-web-1:/anonymous"],
      ]),
    );
    expect(anonymous).toStartWith(volumes);
  });

  test("says what it leaves out and why, and that none of it is missing", () => {
    const { leftOut, problems, notes } = readingOf("Full one");
    const full = join(engine.directory, "Full one");
    expect(new Map(leftOut.map(({ path, reason }) => [path, reason]))).toEqual(
      new Map([
        [
          join(engine.directory, "../far/pictures"),
          "it lies neither in the stack's directory nor in APPDATA_DIR (STACK_BINDS=near)",
        ],
        [join(full, "gate.sock"), "it is a socket or a device"],
        ["/var/run/docker.sock", "it belongs to this machine"],
        ["/etc/localtime", "it belongs to this machine"],
        [join(full, "debug"), "it does not exist yet"],
        [join(full, "more/extra.env"), "it is missing"],
      ]),
    );
    expect(problems).toEqual([]);
    expect(notes).toContain('Volume "everybodys" is external: other stacks may use it as well');
  });

  test("tells of data that another stack has as well, by whatever name", () => {
    const path = join(engine.directory, "../appdata/Full one");
    expect(readingOf("Full one").notes).toContain(
      `"${path}" is written by "neighbour-a-1" as well, which is not stopped with the stack`,
    );
    const link = join(engine.directory, "../link-to-appdata");
    expect(readingOf("neighbour").notes).toContain(
      `Left out "${link}": it is a link that paths of the stack go through: another host needs it as well`,
    );
    expect(readingOf("neighbour").roots.map(({ path: root }) => root)).toEqual([join(path, "sub")]);
  });

  test("knows a stack whose compose file is broken by its containers, and says what is wrong", () => {
    const { state, containers, roots, problems } = readingOf("broken");
    expect([state, containers.length]).toEqual(["running", 1]);
    expect(roots.map(({ path }) => path)).toEqual([join(engine.directory, "broken/d")]);
    expect(problems).toEqual([expect.stringMatching(/^Cannot read the compose file of .*: yaml: /)]);
  });

  test("knows a project by the name that it was given, and says that another one of its directory is not backed up", () => {
    const { containers, roots, problems } = readingOf("twice");
    expect(containers.map(({ name }) => name)).toEqual(["prod-a-1"]);
    expect(new Set(roots.map(({ name }) => name))).toEqual(new Set(["prod_kept", "prod_tools"]));
    expect(problems).toEqual([
      `Directory "${join(engine.directory, "twice")}" is that of project "prod" and of "test", which is not backed up: give it a directory of its own`,
    ]);
  });

  test("knows what was never started, whose data is not there yet", () => {
    expect(readingOf("never-started")).toMatchObject({
      state: "not-found",
      containers: [],
      problems: [],
      roots: [],
    });
  });

  test("calls it a problem when a path that a container has is not there any more", () => {
    const path = join(engine.directory, "unmounted/disk");
    expect(readingOf("unmounted").problems).toEqual([
      `Cannot back up "${path}": it is missing: is its disk mounted?`,
    ]);
  });

  test("heeds STACK_BINDS and STACK_VOLUMES", async () => {
    const none = readingOf("Full one", await read({ STACK_BINDS: "none", STACK_VOLUMES: ["fullone_named"] }));
    expect(none.roots.map(({ origin, name }) => `${origin} ${name.split("/").at(-1)}`)).toEqual([
      "appdata Full one",
      "volume fullone_named",
      "definition app",
    ]);
  });

  test("calls every state unknown when the engine is down, and still finds the files", async () => {
    await engine.stop();
    const all = await read();
    await engine.start();
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(["unknown"]));
    expect(readingOf("Full one", all).definition).toHaveLength(9);
    for (const { problems } of all) expect(problems[0]).toContain("Cannot connect to the Docker daemon");
  });
});
