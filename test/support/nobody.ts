import type { Operator } from "#lib/core/run-context.ts";

/** No terminal, and no flags. */
export const nobody: Operator = {
  flags: {},
  operands: [],
  isThere: false,
  tell: async () => undefined,
  ask: async () => undefined,
  pick: async () => undefined,
  confirm: async () => undefined,
  scriptCommand: (name) => [name],
};
