/**
 * A connection to D-Bus: calls and their answers, signals as they come, and the end of it.
 *
 * Ours, because following something without a gap takes one connection that subscribes, calls and listens, which no program
 * of systemd does for a script, and because a unit stays in systemd's memory for as long as a connection refers to it.
 */
import type { Readable, Writable } from "node:stream";
import {
  type DbusCall,
  type DbusMessage,
  dbusMessageLength,
  decodeDbusMessage,
  encodeDbusCall,
} from "#lib/core/dbus-message.ts";
import type { DbusValue } from "#lib/core/dbus-reader.ts";

/** Both directions of a connection that is still to be authenticated. */
export interface DbusTransport {
  readonly input: Readable;
  readonly output: Writable;
  readonly close: () => void;
  /** What can be said of an end from the outside: the last words of ssh. */
  readonly lastWords: () => string;
}

export interface DbusConnection {
  /** The answer's values. Rejects with DbusError for an error answer, no answer, or the connection's end. */
  readonly call: (call: DbusCall, timeoutMs: number) => Promise<readonly DbusValue[]>;
  /** Resolves, with the reason, when nothing more will come. */
  readonly closed: Promise<string>;
  readonly close: () => void;
}

/** A call that was not answered well. */
export class DbusError extends Error {
  /** `org.freedesktop.DBus.Error.AccessDenied`; "lost" when nobody answered. */
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message);
    this.name = "DbusError";
    this.errorName = errorName;
  }
}

interface Waiting {
  readonly resolve: (body: readonly DbusValue[]) => void;
  readonly reject: (error: DbusError) => void;
}

const authMs = 30_000;
/** A bus daemon cuts off who waits for more than 128 answers at once. */
const mostWaiting = 64;

/** Authenticate as `uid` and begin. Rejects with DbusError "lost" when the other side does not want that. */
export async function openDbusConnection(
  transport: DbusTransport,
  uid: number,
  onSignal: (signal: DbusMessage) => void,
): Promise<DbusConnection> {
  const waiting = new Map<number, Waiting>();
  const queued: (() => void)[] = [];
  const closed = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  let pending: Uint8Array = new Uint8Array();
  let isReady = false;
  let end: string | undefined;
  let serial = 0;

  const finish = (reason: string) => {
    if (end !== undefined) return;
    const words = transport.lastWords();
    end = words === "" ? reason : words;
    transport.close();
    for (const { reject } of waiting.values()) reject(new DbusError("lost", end));
    waiting.clear();
    for (const go of queued.splice(0)) go();
    ready.reject(new DbusError("lost", end));
    closed.resolve(end);
  };
  const receive = (message: DbusMessage) => {
    if (message.kind === "signal") return onSignal(message);
    const call = waiting.get(message.replyTo ?? 0);
    if (call === undefined) return;
    waiting.delete(message.replyTo ?? 0);
    if (message.kind === "reply") return call.resolve(message.body);
    const [words] = message.body;
    const name = message.errorName ?? "unknown";
    call.reject(new DbusError(name, typeof words === "string" ? words : name));
  };
  const readLine = () => {
    const lineEnd = pending.indexOf(0x0a);
    if (lineEnd === -1) return;
    const line = new TextDecoder().decode(pending.subarray(0, lineEnd)).trim();
    pending = pending.subarray(lineEnd + 1);
    if (!line.startsWith("OK ")) return finish(`The bus does not accept user ${uid}: ${line}`);
    transport.output.write("BEGIN\r\n");
    isReady = true;
    ready.resolve();
  };
  const readMessages = () => {
    for (;;) {
      const length = dbusMessageLength(pending);
      if (length === undefined || pending.length < length) return;
      const message = decodeDbusMessage(pending.subarray(0, length));
      pending = pending.subarray(length);
      receive(message);
    }
  };

  transport.input.on("data", (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    try {
      if (!isReady) readLine();
      if (isReady) readMessages();
    } catch (error) {
      finish(`The bus sent what is no message: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  for (const stream of [transport.input, transport.output]) {
    stream.on("error", (error: Error) => finish(error.message));
    stream.on("close", () => finish("The connection to the bus has ended"));
  }
  const late = setTimeout(() => finish(`The bus did not answer within ${authMs / 1000} s`), authMs);
  transport.output.write(`\0AUTH EXTERNAL ${Buffer.from(String(uid)).toString("hex")}\r\n`);
  try {
    await ready.promise;
  } finally {
    clearTimeout(late);
  }

  const send = async (call: DbusCall, timeoutMs: number): Promise<readonly DbusValue[]> => {
    if (waiting.size >= mostWaiting) await new Promise<void>((resolve) => queued.push(resolve));
    if (end !== undefined) throw new DbusError("lost", end);
    serial += 1;
    const own = serial;
    const answer = Promise.withResolvers<readonly DbusValue[]>();
    waiting.set(own, answer);
    const timer = setTimeout(() => {
      waiting.delete(own);
      answer.reject(new DbusError("lost", `No answer to ${call.member} within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    transport.output.write(encodeDbusCall(call, own));
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      queued.shift()?.();
    }
  };
  return { call: send, closed: closed.promise, close: () => finish("Closed") };
}
