/** What happened, told as it happens. */

export type LogLevel = "debug" | "info" | "warning" | "error";

/**
 * One line per event. `event` is `noun.verb` (`archive.written`), stable for people who search; `message` is a sentence.
 * Safe to call with secrets in the text: they are masked before anything is written.
 */
export interface Log {
  readonly debug: (event: string, message: string) => void;
  readonly info: (event: string, message: string) => void;
  readonly warning: (event: string, message: string) => void;
  readonly error: (event: string, message: string) => void;
}
