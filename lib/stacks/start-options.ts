import { defaultStartOptions, type StartOptions } from "#lib/stacks/start-stack.ts";

export interface StartSettings {
  readonly MAX_RESTART_ATTEMPTS: number;
  readonly RESTART_RETRY_DELAY: number;
  readonly STACK_HEALTH_TIMEOUT: number;
}

export function startOptionsOf(settings: StartSettings): StartOptions {
  return {
    ...defaultStartOptions,
    maxAttempts: settings.MAX_RESTART_ATTEMPTS,
    retryDelayMs: settings.RESTART_RETRY_DELAY,
    healthTimeoutMs: settings.STACK_HEALTH_TIMEOUT,
  };
}
