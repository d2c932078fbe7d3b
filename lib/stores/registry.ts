import type { Clock, Exec } from "#lib/core/deps.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import { createDirectoryRemote } from "#lib/stores/directory-remote.ts";
import { createRcloneRemote } from "#lib/stores/rclone-remote.ts";
import type { Remote } from "#lib/stores/remote.ts";
import { createSshRemote } from "#lib/stores/ssh-remote.ts";

export interface StoreAccess {
  readonly exec: Exec;
  readonly clock: Clock;
  /** Environment of programs that run for long. */
  readonly env: Readonly<Record<string, string>>;
  /** Directory for what can be asked again. */
  readonly cacheDirectory: string;
}

/** The store that a target speaks of. */
export function createRemote(target: StoreTarget, access: StoreAccess): Remote {
  const { address } = target;
  switch (address.kind) {
    case "directory":
      return createDirectoryRemote({ ...target, address }, access);
    case "ssh":
      return createSshRemote({ ...target, address }, access);
    case "rclone":
      return createRcloneRemote({ ...target, address }, access);
  }
}
