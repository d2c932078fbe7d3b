import { OpsError } from "#lib/core/ops-error.ts";
import type { World } from "#lib/run/world.ts";

type Stdout = Pick<World, "stdout">;

/** For programs, on standard output. */
export async function writeJson({ stdout }: Stdout, value: unknown): Promise<void> {
  await stdout.write(formatJson(value));
}

/** What a command was started for: JSON unless it is text. Throws OpsError "failed" when it is lost; a file that is empty would pass for it. */
export async function writeAnswer({ stdout }: Stdout, answer: unknown): Promise<void> {
  const lost = await stdout.write(typeof answer === "string" ? answer : formatJson(answer));
  if (lost === undefined) return;
  throw new OpsError("Cannot write the output", {
    outcome: "failed",
    hint: "Look at where it goes: is there room?",
    cause: lost.cause,
  });
}

function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
