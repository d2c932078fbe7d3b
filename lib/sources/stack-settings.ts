import type { FreezeSetting } from "#lib/core/freeze.ts";
import type { StackDataSettings } from "#lib/core/stack-data.ts";
import type { StopMethod } from "#lib/core/stack-record.ts";
import type { StackSearch } from "#lib/stacks/find-stacks.ts";
import type { StartSettings } from "#lib/stacks/start-options.ts";

/** What the sources of stacks are told by the configuration. */
export interface StackSettings extends Omit<StackSearch, "STACKS_DIR">, StackDataSettings, StartSettings {
  readonly STACKS_DIR: string | undefined;
  readonly APPDATA_DIR: string | undefined;
  readonly STACK_EXCLUDES: readonly string[];
  readonly STACK_STOP: StopMethod;
  readonly STACK_FREEZE: FreezeSetting;
  readonly STACK_STAGING_DIR: string | undefined;
  readonly STACK_MAX_WINDOW: number;
  readonly POST_RESTART_HOOKS: readonly string[];
  readonly DB_MIN_KB: number;
  readonly BACKUP_DIR: string;
  readonly SECONDARY_DIR: string | undefined;
}
