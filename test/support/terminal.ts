/** A program on a terminal of its own, and somebody who answers what it asks. */
import { spawn } from "node:child_process";

export interface Conversation {
  /** Everything that was to be seen. */
  readonly screen: string;
  readonly status: number;
}

/** Each answer is typed when its question is to be seen, in their order. */
export async function converse(
  command: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Conversation> {
  // The terminal that it gets has no size.
  const words = `stty cols 150 rows 50; ${command.map((word) => `'${word}'`).join(" ")}`;
  const args = ["--quiet", "--return", "--flush", "--command", words, "/dev/null"];
  const child = spawn("script", args, { ...options, env: { ...options.env, TERM: "xterm" } });
  const waiting = [...answers];
  let [screen, seen] = ["", 0];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    screen += chunk;
    for (;;) {
      const [question, answer] = waiting[0] ?? [];
      const at = question === undefined ? -1 : screen.indexOf(question, seen);
      if (question === undefined || at === -1) return;
      seen = at + question.length;
      waiting.shift();
      child.stdin.write(answer);
    }
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearTimeout(deadline);
  if (waiting.length > 0) throw new Error(`Nobody asked ${JSON.stringify(waiting[0]?.[0])}:\n${screen}`);
  return { screen, status: status ?? -1 };
}
