/** The seams to the outside: programs, clock, chance and network. Types only; `lib/tools` has the real ones. */

export interface ExecOptions {
  /** The process group is ended (TERM, grace, KILL) after this many milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly input?: string | undefined;
  readonly cwd?: string | undefined;
  /** Added to the child's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface ExecResult {
  /** `null` when a signal ended the program. */
  readonly exitCode: number | null;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** True when the deadline ended it. */
  readonly timedOut: boolean;
  /** True when the program could not be run at all (not installed, not executable). */
  readonly notFound: boolean;
}

/** Run a program with small output to its end. Never throws for an exit code; throws when `signal` is aborted. */
export type Exec = (command: readonly [string, ...string[]], options: ExecOptions) => Promise<ExecResult>;

export interface Clock {
  /** Wall clock. */
  now(): Date;
  /** Milliseconds from an arbitrary start, never set back. */
  monotonicMs(): number;
  /** Resolves after `ms`, rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** At most 64 KiB of the body. */
  readonly body: string;
}

/** One HTTP exchange without retries; rejects on network errors and when `signal` is aborted. Redirects are not followed. */
export type Http = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

export interface Deps {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly http: Http;
  /** A new random UUID. */
  readonly newId: () => string;
}
