/** One way to hold one or more roots still. */
import type { FreezeAccess, FrozenRoot } from "#lib/stacks/freezer.ts";
import { type FrozenEntry, removeFrozen } from "#lib/stacks/remove-frozen.ts";

export interface Holder {
  /** While the stack runs. Throws OpsError "failed" when this way is not possible after all. */
  readonly prepare: () => Promise<void>;
  /** In the window. Throws OpsError "failed". */
  readonly freeze: () => Promise<readonly FrozenRoot[]>;
  /** Remove what was made of it. Throws OpsError "failed". */
  readonly release: () => Promise<void>;
}

/** What a holder makes: in the journal before it exists, out of it when it is gone. */
export interface Kept {
  readonly record: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

export function keepInJournal(entry: FrozenEntry, { journal, exec, timeoutMs }: FreezeAccess): Kept {
  let isRecorded = false;
  return {
    record: async () => {
      isRecorded = true;
      await journal.record(entry);
    },
    remove: async () => {
      if (!isRecorded) return;
      await removeFrozen(entry, { exec, timeoutMs });
      await journal.forget(entry);
      isRecorded = false;
    },
  };
}
