import type { Http, HttpRequest, HttpResponse } from "#lib/core/deps.ts";
import { describeError } from "#lib/core/ops-error.ts";
import type { Attempt, SendResult } from "#lib/notify/channel.ts";

interface HttpSent {
  readonly result: SendResult;
  readonly response: HttpResponse | undefined;
}

/**
 * One exchange, judged: 2xx is sent; 429, 5xx and network errors may pass; a redirect and every other 4xx will not.
 *
 * URLs are not in the words: tokens live in them.
 */
export async function sendHttp(http: Http, request: HttpRequest, attempt: Attempt): Promise<HttpSent> {
  try {
    const response = await http(request, attempt.signal);
    return { result: judge(response), response };
  } catch (error) {
    if (attempt.signal.aborted) {
      const words = `no answer within ${attempt.timeoutMs / 1000} s`;
      return { result: { ok: false, error: words, isTemporary: true }, response: undefined };
    }
    return { result: { ok: false, error: describeError(error), isTemporary: true }, response: undefined };
  }
}

function judge({ status, headers, body }: HttpResponse): SendResult {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) {
    const host = hostOf(headers["location"]);
    return {
      ok: false,
      error: `HTTP ${status}: redirects to ${host}, give that address instead`,
      isTemporary: false,
    };
  }
  const words = body.split("\n")[0]?.slice(0, 200) ?? "";
  const isTemporary = status === 429 || status >= 500;
  const seconds = Number(headers["retry-after"]);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  return { ok: false, error: `HTTP ${status}: ${words}`.trim(), isTemporary, retryAfterMs };
}

function hostOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location)
    ? new URL(location).host
    : "another path of the same host";
}
