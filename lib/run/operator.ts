import { dirname, join } from "node:path";
import type { Operator } from "#lib/core/run-context.ts";
import { recoverScript } from "#lib/run/recovery-command.ts";
import type { Session } from "#lib/run/session.ts";
import { pickMany } from "#lib/tools/pick-many.ts";

/** The command line of a session, and whoever typed it. Nobody is asked when a program reads what we print. */
export function createOperator({ world, flags, signal }: Session): Operator {
  const isThere = world.isInteractive && flags?.isJson !== true;
  const ask = async (question: string) => (isThere ? world.ask(question, signal) : undefined);
  return {
    flags: flags?.own ?? {},
    operands: flags?.operands ?? [],
    config: flags?.config,
    isThere,
    tell: async (text) => {
      await world.stderr.write(text);
    },
    ask,
    pick: async (question, options) => (isThere ? pickMany(question, options, signal) : undefined),
    confirm: async (question) => {
      const answer = await ask(`${question} (y/N) `);
      return answer === undefined ? undefined : /^y(es)?$/i.test(answer.trim());
    },
    scriptCommand: (name) => [...world.launcher, join(dirname(recoverScript), `${name}.ts`)],
  };
}
