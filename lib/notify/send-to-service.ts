/** One exchange with a service that says in its answer whether it took a message: a status alone may be a proxy's. */
import type { z } from "zod";
import type { Http, HttpRequest } from "#lib/core/deps.ts";
import { headerText } from "#lib/core/header-text.ts";
import type { Attempt, SendResult } from "#lib/notify/channel.ts";
import { sendHttp } from "#lib/notify/http-send.ts";

/** What the body of an answer says. */
export interface Verdict {
  readonly isTaken: boolean;
  /** Why not, in the service's own words. */
  readonly words?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export interface Service {
  /** `Gotify`, for messages. */
  readonly name: string;
  /** Settings to look at when it refuses: `GOTIFY_URL and GOTIFY_TOKEN`. */
  readonly settings: string;
  readonly judge: (body: string) => Verdict;
}

const wordsShown = 200;

export async function sendToService(
  { name, settings, judge }: Service,
  http: Http,
  request: HttpRequest,
  attempt: Attempt,
): Promise<SendResult> {
  const { result, response } = await sendHttp(http, request, attempt);
  if (response === undefined) return result;
  const { isTaken, words, retryAfterMs } = judge(response.body);
  const shown = headerText((words ?? response.body).slice(0, wordsShown));
  if (result.ok) {
    if (isTaken) return result;
    const reason = words === undefined ? `this is no answer of ${name}:` : `${name} says:`;
    const error = `HTTP ${response.status}, but ${reason} ${shown}; check ${settings}`;
    return { ok: false, error, isTemporary: retryAfterMs !== undefined, retryAfterMs };
  }
  if (response.status < 400) return result;
  const error = words === undefined ? result.error : `HTTP ${response.status}: ${shown}`;
  return {
    ...result,
    error: result.isTemporary ? error : `${error}; check ${settings}`,
    retryAfterMs: result.retryAfterMs ?? retryAfterMs,
  };
}

/** A body as what the schema says; undefined when it is something else. */
export function readAnswer<Answer>(schema: z.ZodType<Answer>, body: string): Answer | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    // A page of a proxy, or nothing: no answer of the service.
    return undefined;
  }
}
