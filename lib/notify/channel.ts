/** What every channel looks like to delivery. A channel sends once; deadlines, retries and the outbox are not its business. */
import type { Deps } from "#lib/core/deps.ts";
import type { Message } from "#lib/core/message.ts";

export type NotifyOn = "failure" | "warning" | "always";

export type SendResult =
  | {
      readonly ok: true;
      /** Who did not get it although it was sent. */
      readonly warning?: string | undefined;
    }
  | {
      readonly ok: false;
      /** Why, in a line, without secrets. */
      readonly error: string;
      /** Whether another attempt may work. */
      readonly isTemporary: boolean;
      readonly retryAfterMs?: number | undefined;
    };

/** Why a message is sent: a run has just ended; it had waited in the outbox; somebody tries the channel. */
export type Purpose = "report" | "late" | "test";

export interface Attempt {
  readonly purpose: Purpose;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface Channel {
  /** As in the log and in the outbox: `email`, `ntfy`. */
  readonly name: string;
  /** Which outcomes it is told of; undefined: of every one. */
  readonly notifyOn: NotifyOn | undefined;
  /** Its messages mean now: one that could not be delivered is not kept for later. */
  readonly isMomentary?: boolean;
  /** Hand the message over once. Never throws for a foreseen failure. */
  readonly send: (message: Message, attempt: Attempt) => Promise<SendResult>;
  /** Say that a run has begun, where the channel knows such a thing. */
  readonly sendStart?: (runId: string, attempt: Attempt) => Promise<SendResult>;
}

export type ChannelDeps = Pick<Deps, "exec" | "http">;
