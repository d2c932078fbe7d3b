#!/usr/bin/env bun
/**
 * What a run over many small stacks costs beside docker's own stop and start, and how often it calls docker; print Markdown.
 *
 * Every call goes through a program of that name that writes down when it began and ended. Needs root.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mapBounded } from "#lib/core/map-bounded.ts";
import { type DockerEngine, startDockerEngine } from "#test/support/docker-engine.ts";
import { createJob, type TestJob } from "#test/support/job.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";
import { connect, service, upTogether } from "#test/support/stack.ts";
import { readWindows } from "./read-windows.ts";

const { values } = parseArgs({
  options: { stacks: { type: "string", default: "100" }, runs: { type: "string", default: "2" } },
});
const names = Array.from({ length: Number(values.stacks) }, (_, index) => `stack-${index + 1}`);
/** Compose plugins that are started at the same time while the stacks are made. */
const atOnce = 8;

await using engine = await startDockerEngine();
await using sandbox = await createSandbox();
const calls = sandbox.path("calls");
const job = await createStacks();
const bareSeconds = await time(stopAndStart);
console.log("| run | s per stack | window | archive | beside both | beside docker's stop and start |");
console.log("|---|---|---|---|---|---|");
for (let run = 1; run <= Number(values.runs); run += 1) {
  rmSync(calls, { force: true });
  const seconds = await time(() => runOurs(job));
  const { window, archive } = readSet(job);
  const row = [seconds, window, archive, seconds - window - archive, seconds - bareSeconds];
  console.log(`| ${run} | ${row.map(formatShare).join(" | ")} |`);
}
console.log(`\ndocker's own stop and start: ${formatShare(bareSeconds)} s for each stack\n`);
console.log("| call of docker in the last run | calls | s each |\n|---|---|---|");
for (const [kind, took] of Object.entries(Object.groupBy(readCalls(), ({ kind }) => kind))) {
  const sum = (took ?? []).reduce((total, call) => total + call.seconds, 0);
  console.log(`| ${kind} | ${took?.length} | ${(sum / (took?.length ?? 1)).toFixed(3)} |`);
}

/** Each of one service, with a file of data, in a job that has all of them. */
async function createStacks(): Promise<TestJob> {
  const compose = `services: {app: ${service}, network_mode: none, volumes: ["./data:/data"]}}`;
  await mapBounded(names, atOnce, async (name) => {
    await upTogether(engine, { [name]: compose });
    writeFileSync(join(engine.directory, name, "data/file"), `${name}\n`.repeat(1000));
  });
  await sandbox.fake(
    "docker",
    `#!/bin/bash\nbegan=$EPOCHREALTIME\n${Bun.which("docker")} "$@"\ncode=$?\n` +
      `echo "$began $EPOCHREALTIME $*" >>${calls}\nexit $code\n`,
  );
  return createJob(sandbox, { APP_DIR: undefined, STACKS_DIR: engine.directory, KEEP_LAST: "1" });
}

/** What no backup that stops containers can save. */
async function stopAndStart(): Promise<void> {
  const docker = connect(engine);
  for (const container of await docker.readContainers()) {
    await docker.stop([container]);
    await docker.start(container);
  }
}

async function runOurs({ config }: TestJob): Promise<void> {
  const { exitCode, stderr } = await runScript(sandbox, engine, config);
  if (exitCode !== 0) throw new Error(`backup-run ended with ${exitCode}: ${stderr}`);
}

function runScript({ run }: Sandbox, { environment }: DockerEngine, config: string) {
  const { DOCKER_HOST = "", DOCKER_CONFIG = "" } = environment;
  const env = { DOCKER_HOST, DOCKER_CONFIG };
  return run("bun", "scripts/backup-run.ts", ["--config", config, "-q"], { env, timeoutMs: 600_000 });
}

/** Seconds of all stacks together: an archive that is written while its stack is stopped counts as window. */
function readSet({ sets }: TestJob): { readonly window: number; readonly archive: number } {
  const [set = ""] = sets();
  let [window, archive] = [0, 0];
  for (const { facts, durationSeconds } of readWindows(set)) {
    window += facts.window.seconds;
    if (facts.freeze.strategy !== "none") archive += durationSeconds;
  }
  return { window, archive };
}

function readCalls(): { readonly kind: string; readonly seconds: number }[] {
  const lines = readFileSync(calls, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [began = "", ended = "", ...words] = line.split(" ");
    const verb = words[0] === "compose" ? words.find((word) => /^(?:config|create|down|up)$/.test(word)) : "";
    const noun = words[0] === "volume" ? `volume ${words[1]}` : words[0];
    return { kind: `${noun} ${verb}`.trim(), seconds: Number(ended) - Number(began) };
  });
}

function formatShare(seconds: number): string {
  return (seconds / names.length).toFixed(3);
}

async function time(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
}
