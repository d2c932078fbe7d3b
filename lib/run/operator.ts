import { dirname, join } from "node:path";
import type { Operator } from "#lib/core/run-context.ts";
import { recoverScript } from "#lib/run/recovery-command.ts";
import type { Session } from "#lib/run/session.ts";

/** The command line of a session, and whoever typed it. Nobody is asked when a program reads what we print. */
export function createOperator({ world, flags, signal }: Session): Operator {
  return {
    flags: flags?.own ?? {},
    confirm: async (question) => {
      if (flags?.isJson === true) return undefined;
      const answer = await world.ask(`${question} (y/N) `, signal);
      return answer === undefined ? undefined : /^y(es)?$/i.test(answer.trim());
    },
    scriptCommand: (name) => [...world.launcher, join(dirname(recoverScript), `${name}.ts`)],
  };
}
