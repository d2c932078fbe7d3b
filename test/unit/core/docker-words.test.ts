import { describe, expect, test } from "bun:test";
import type { ExecResult } from "#lib/core/deps.ts";
import { toDockerError } from "#lib/core/docker-words.ts";

const ended: ExecResult = {
  exitCode: 1,
  signal: undefined,
  stdout: "",
  stderr: "",
  timedOut: false,
  notFound: false,
};

const say = (stderr: string, more: Partial<ExecResult> = {}) =>
  toDockerError('start "web"', { ...ended, stderr, ...more }, 60_000);

describe("toDockerError()", () => {
  test.each([
    [
      "unreachable",
      "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    ],
    ["unreachable", "error during connect: Get http://x: EOF"],
    [
      "denied",
      "permission denied while trying to connect to the Docker daemon socket at unix:///x: connect: permission denied",
    ],
    ["denied", "Got permission denied while trying to connect to the Docker daemon socket at unix:///x"],
    ["no-container", "Error response from daemon: No such container: web"],
    ["other", "Error response from daemon: cannot join network of a non running container: 1a2b"],
    ["no-network", "Error response from daemon: network 98a4d623f87057a8 not found"],
    ["no-image", "Error response from daemon: No such image: shop/web:3"],
    [
      "port-taken",
      "Error response from daemon: driver failed: Bind for 0.0.0.0:80 failed: port is already allocated",
    ],
    ["port-taken", "Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use"],
    ["compose-file", "no such service: web"],
    ["no-compose", "unknown shorthand flag: 'p' in -p"],
    ["no-compose", "docker: 'compose' is not a docker command."],
    ["no-compose", "docker: unknown command: docker compose"],
    ["other", "Error response from daemon: the cat sat on it"],
  ] as const)("calls it %s: %s", (trouble, stderr) => {
    expect(say(stderr).trouble).toBe(trouble);
  });

  test("knows compose by its exit codes when it cannot make sense of a file", () => {
    expect(say("yaml: line 1: did not find expected node content", { exitCode: 15 })).toMatchObject({
      trouble: "compose-file",
      message: 'Cannot start "web": yaml: line 1: did not find expected node content',
      hint: "docker compose config shows what is wrong",
    });
    expect(say("no configuration file provided: not found", { exitCode: 14 }).trouble).toBe("compose-file");
  });

  test("is in docker's own words, without progress, warnings and what it says twice", () => {
    const stderr = `WARNING: Error loading config file: open /root/.docker/config.json: permission denied
time="2026-11-21T08:00:00Z" level=warning msg="the attribute version is obsolete"
 Network shop_default  Creating
 Container shop-web-1  Starting
Error response from daemon: no space left on device
Error: failed to start containers: web
`;
    expect(say(stderr).message).toBe('Cannot start "web": no space left on device');
  });

  test("does not take a warning for the reason", () => {
    const stderr =
      "WARNING: Error loading config file: open config.json: permission denied\nyaml: line 1: no";
    expect(say(stderr, { exitCode: 15 }).message).toBe('Cannot start "web": yaml: line 1: no');
  });

  test("says what happened when docker said nothing", () => {
    expect(say("").message).toBe('Cannot start "web": docker ended with 1');
    expect(say("", { exitCode: null, signal: "SIGKILL" }).message).toBe(
      'Cannot start "web": docker ended with SIGKILL',
    );
    expect(say("", { exitCode: null, timedOut: true })).toMatchObject({
      trouble: "timeout",
      message: 'Cannot start "web": docker gave no answer after 60 s',
    });
    expect(say("", { exitCode: null, notFound: true })).toMatchObject({
      trouble: "not-installed",
      message: 'Cannot start "web": docker is not installed',
    });
  });
});
