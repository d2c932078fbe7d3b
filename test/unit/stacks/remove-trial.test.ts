import { describe, expect, test } from "bun:test";
import type { Exec, ExecResult } from "#lib/core/deps.ts";
import { OpsError } from "#lib/core/ops-error.ts";
import { removeTrial } from "#lib/stacks/remove-trial.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";

const project = "lastgood-drill-0123abcd-shop";

/** An engine that has something of the project, by kind; `onCall` may add to it, or answer itself. */
function createEngine(
  things: Record<string, string[]>,
  onCall: (call: number) => Partial<ExecResult> | undefined = () => undefined,
) {
  const removed: string[] = [];
  let calls = 0;
  const exec: Exec = async ([program, ...args]) => {
    const ended = {
      exitCode: 0,
      signal: undefined,
      stdout: "",
      stderr: "",
      timedOut: false,
      notFound: false,
    };
    calls += 1;
    const own = onCall(calls);
    if (own !== undefined) return { ...ended, ...own };
    const text = [program, ...args].join(" ");
    const kind = /docker (network|volume)/.exec(text)?.[1] ?? "container";
    if (text.includes(`--filter label=com.docker.compose.project=${project}`))
      return { ...ended, stdout: (things[kind] ?? []).map((id) => `${id}\n`).join("") };
    const ids = args.filter((arg) => things[kind]?.includes(arg));
    things[kind] = (things[kind] ?? []).filter((id) => !ids.includes(id));
    removed.push(...ids);
    return ended;
  };
  const clock = createVirtualClock();
  return { removed, things, remove: (name = project) => clock.run(removeTrial(name, { exec, clock })) };
}

describe("removeTrial()", () => {
  test("removes containers, then networks, then volumes", async () => {
    const { removed, remove } = createEngine({ volume: ["v"], network: ["n"], container: ["a", "b"] });
    await remove();
    expect(removed).toEqual(["a", "b", "n", "v"]);
  });

  test("finds what the engine made only after it had been looked", async () => {
    const engine = createEngine({}, (call) => {
      if (call === 4) engine.things["container"] = ["late"];
      return undefined;
    });
    await engine.remove();
    expect(engine.removed).toEqual(["late"]);
  });

  test("waits for an engine that does not answer yet, and says at last how to do it by hand", async () => {
    const starting = createEngine({ container: ["a"] }, (call) =>
      call < 20 ? { exitCode: 1, stderr: "Cannot connect to the Docker daemon" } : undefined,
    );
    await starting.remove();
    expect(starting.removed).toEqual(["a"]);
    const dead = createEngine({}, () => ({ exitCode: 1, stderr: "Cannot connect to the Docker daemon" }));
    const error = await dead.remove().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OpsError);
    expect(error).toMatchObject({
      message: `Cannot remove what a drill has started as "${project}"`,
      hint: expect.stringContaining(`docker compose --project-name ${project} down --volumes`),
    });
  });

  test("touches nothing of a project that is not a drill's", async () => {
    const { removed, remove } = createEngine({ container: ["a"] });
    await expect(remove("shop")).rejects.toThrow('"shop" is not the project of a drill');
    expect(removed).toEqual([]);
  });
});
