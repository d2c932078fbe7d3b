import type { Http, HttpRequest, HttpResponse } from "#lib/core/deps.ts";
import { headerText } from "#lib/core/header-text.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Attempt, SendResult } from "#lib/notify/channel.ts";

interface HttpSent {
  readonly result: SendResult;
  readonly response: HttpResponse | undefined;
}

/**
 * One exchange, judged: 2xx is sent; 408, 429, 5xx and network errors may pass; a redirect and every other 4xx will not.
 *
 * URLs are not in the words: tokens live in them.
 */
export async function sendHttp(http: Http, request: HttpRequest, attempt: Attempt): Promise<HttpSent> {
  try {
    const response = await http(request, attempt.signal);
    return { result: judge(response), response };
  } catch (error) {
    return { result: { ok: false, error: describeError(error), isTemporary: true }, response: undefined };
  }
}

function judge({ status, headers, body }: HttpResponse): SendResult {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) {
    const error = `HTTP ${status}: redirects to ${originOf(headers["location"])}, set that address instead`;
    return { ok: false, error, isTemporary: false };
  }
  const error = headerText(`HTTP ${status} ${body.slice(0, 200)}`);
  const isTemporary = status === 408 || status === 429 || status >= 500;
  return { ok: false, error, isTemporary, retryAfterMs: retryAfterMs(headers) };
}

/** Scheme and host alone, since they may be all that differs, and the rest may be secret. */
function originOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location)
    ? new URL(location).origin
    : "another path of the same server";
}

/** Retry-After is a number of seconds, or a date: by the server's clock, so it is compared with the server's own Date. */
function retryAfterMs(headers: HttpResponse["headers"]): number | undefined {
  const value = headers["retry-after"] ?? "";
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - Date.parse(headers["date"] ?? "");
  return ms > 0 ? ms : undefined;
}
