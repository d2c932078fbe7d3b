/** `restore SET --component stack-NAME --in-place` on a real engine: what it replaces, keeps, refuses and puts back. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DockerEngine, hasDocker, image, startDockerEngine } from "#test/support/docker-engine.ts";
import { projectDirectory, runtimes } from "#test/support/sandbox.ts";
import {
  allBroken,
  allOld,
  createRestorableStack,
  type RestorableStack,
} from "#test/support/stack-restore.ts";
import { waitFor } from "#test/support/wait-for.ts";

const script = "scripts/restore.ts";

describe.skipIf(!hasDocker)("restore of a stack in place", () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());

  /** What lies beside the data of a stack that is not its own. */
  const beside = ({ appdata, directory, volume }: RestorableStack) =>
    [dirname(appdata), directory, dirname(volume())]
      .flatMap((path) => readdirSync(path))
      .filter((one) => one.startsWith(".lastgood-") || one.includes(".before-"));

  describe.each(runtimes)("on %s", (runtime) => {
    test("replaces directories, files, volumes and the definition, keeps what was, and says how to go back", async () => {
      await using stack = await createRestorableStack(engine);
      const { sandbox, job } = stack;
      const run = (...more: string[]) =>
        sandbox.run(runtime, script, stack.args(...more), { env: engine.environment });
      const planned = await run("--dry-run");
      expect(planned.stdout).toContain("Stopped meanwhile, and started again: ");
      expect(stack.contents()).toEqual(allBroken);
      const ended = await run("--json");
      expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stack.contents()).toEqual(allOld);
      expect(stack.states()).toBe("running running");
      expect(beside(stack).filter((name) => name.startsWith("."))).toEqual([]);
      expect(existsSync(job.journal)).toBe(false);
      expect(existsSync(join(stack.appdata, "web/only-broken"))).toBe(false);
      const { notes } = JSON.parse(ended.stdout);
      const back = notes.slice(notes.indexOf("To go back, with the stack stopped:") + 1);
      expect(back).toHaveLength(4);
      execFileSync("sh", ["-ec", back.join("\n")]);
      expect(stack.contents()).toEqual(allBroken);
    }, 60_000);
  });

  test("puts everything back when the stack is not well with what was restored", async () => {
    const settings = { STACK_HEALTH_TIMEOUT: "4s" };
    await using stack = await createRestorableStack(engine, settings, "cat /data/only-broken");
    await waitFor(() => stack.health() === "healthy", { what: "its health", timeoutMs: 30_000 });
    const ended = await stack.sandbox.run("deno", script, stack.args("--json"), {
      env: engine.environment,
    });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("does not run with the restored data: ");
    expect(ended.stdout).toContain("Put back what was to be replaced of stack");
    expect(stack.contents()).toEqual(allBroken);
    expect(stack.states()).toBe("running running");
    expect([beside(stack), existsSync(stack.job.journal)]).toEqual([[], false]);
  }, 60_000);

  test("is replaced by single paths, and refused while others use what would be replaced", async () => {
    await using stack = await createRestorableStack(engine);
    const page = join(stack.appdata, "web/page");
    const run = (...more: string[]) =>
      stack.sandbox.run("bun", script, stack.args(...more), { env: engine.environment });
    engine.up(
      "guest",
      `services: {a: {image: "${image}", init: true, command: [sleep, infinity], volumes: ["${stack.appdata}/web:/x:ro"]}}\n`,
    );
    const refused = await run();
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('Container "guest-a-1" uses');
    expect(stack.contents()).toEqual(allBroken);
    engine.docker("rm", "--force", "guest-a-1");
    const wrong = await run("/etc/passwd");
    expect([wrong.exitCode, stack.contents()]).toEqual([64, allBroken]);
    const ended = await run(page);
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stack.contents()).toEqual({ ...allBroken, page: "old" });
    expect(stack.states()).toBe("running running");
  }, 60_000);

  test("comes back on a host that knows nothing of it, also with the volumes, and is started on demand", async () => {
    await using stack = await createRestorableStack(engine);
    engine.docker("compose", "--project-directory", stack.directory, "down", "--volumes", "--timeout", "0");
    for (const path of [stack.directory, stack.appdata]) rmSync(path, { recursive: true });
    const ended = await stack.sandbox.run("bun", script, stack.args("--start", "--json"), {
      env: engine.environment,
    });
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stack.contents()).toEqual(allOld);
    expect(stack.states()).toBe("running running");
  }, 60_000);

  test("replaces what is in a mount point, which cannot be renamed, and refuses where something is mounted below", async () => {
    let mounted = "";
    const mount = (path: string) => {
      mounted = path;
      execFileSync("mount", ["-t", "tmpfs", "-o", "mode=750", "tmpfs", path]);
    };
    await using stack = await createRestorableStack(engine, {}, "cat /data/page", mount);
    await using _mount = {
      [Symbol.asyncDispose]: async () => {
        engine.docker("stop", `${stack.name}-web-1`);
        execFileSync("umount", [mounted]);
      },
    };
    const run = () => stack.sandbox.run("bun", script, stack.args("--json"), { env: engine.environment });
    const below = join(stack.appdata, "web/below");
    mkdirSync(below);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", below]);
    const refused = await run().finally(() => execFileSync("umount", [below]));
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(`something is mounted at ${below}`);
    expect(stack.contents()).toEqual(allBroken);
    const ended = await run();
    expect({ exitCode: ended.exitCode, stderr: ended.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect([stack.contents(), stack.states()]).toEqual([allOld, "running running"]);
    expect(readdirSync(join(stack.appdata, "web")).filter((name) => name.startsWith("only-"))).toEqual([
      "only-old",
    ]);
    const [kept = "nothing", ...others] = readdirSync(stack.appdata).filter((name) => name !== "web");
    expect(others).toEqual([]);
    expect(readFileSync(join(stack.appdata, kept, "web/page"), "utf8")).toBe("broken\n");
    expect(JSON.parse(ended.stdout).notes.join()).toContain(kept);
  }, 60_000);

  test("is drilled: compose reads the copy, and what it cannot read is found", async () => {
    await using stack = await createRestorableStack(engine);
    const drill = () =>
      stack.sandbox.run("bun", script, ["drill", "-c", stack.job.config, "--to", stack.sandbox.directory], {
        env: engine.environment,
      });
    expect(await drill()).toMatchObject({ exitCode: 0, stderr: "" });
    writeFileSync(join(stack.directory, "compose.yaml"), "services: {web: {image: 1, volumes: 7}}\n");
    const backup = ["-c", stack.job.config];
    await stack.sandbox.run("bun", "scripts/backup-run.ts", backup, { env: engine.environment });
    const ended = await stack.sandbox.run("bun", script, ["drill", "latest", "-c", stack.job.config], {
      env: engine.environment,
    });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("Cannot read its compose file: ");
  }, 60_000);

  test("is brought back by README's commands for an emergency alone", async () => {
    await using stack = await createRestorableStack(engine);
    const readme = readFileSync(join(projectDirectory, "README.md"), "utf8");
    const [, block = ""] =
      /## Restore in an emergency[\s\S]*?A compose stack[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? [];
    expect(block).toContain("tar --zstd -xpf stack-shop.tar.zst -C / ");
    const program = block
      .replaceAll("/opt/stacks/shop", stack.directory)
      .replaceAll("stack-shop", `stack-${stack.name}`);
    const [cwd = "no set"] = stack.job.sets();
    execFileSync("bash", ["-euo", "pipefail", "-c", program], {
      cwd,
      env: engine.environment,
      stdio: "pipe",
    });
    expect(stack.contents()).toEqual(allOld);
    expect(stack.states()).toBe("running running");
  }, 60_000);
});
