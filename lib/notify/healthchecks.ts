import type { HttpResponse } from "#lib/core/deps.ts";
import { fitText } from "#lib/core/fit-text.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Attempt, Channel, ChannelDeps, SendResult } from "#lib/notify/channel.ts";
import { sendHttp } from "#lib/notify/http-send.ts";

export interface HealthchecksSettings {
  readonly HEALTHCHECKS_URL: Secret | undefined;
}

/** What a self-hosted server keeps of a body, unless it says otherwise; the report's end is what tells why. */
const usualBodyBytes = 10_000;

/**
 * A dead man's switch: told of every start and of every end by its exit code, so that a run that never comes to its end is
 * noticed by somebody else. `rid` pairs the two. It has no third state: a partial run pings its exit code 1.
 *
 * A ping means now. What is late or a test goes to `/log`, which is shown and changes no state: else an old success could
 * hide that nothing runs any more.
 */
export function createHealthchecksChannel(
  { HEALTHCHECKS_URL }: HealthchecksSettings,
  { http }: ChannelDeps,
): Channel | undefined {
  if (HEALTHCHECKS_URL === undefined) return undefined;
  let bodyBytes = usualBodyBytes;
  const ping = async (path: string, runId: string, text: string, attempt: Attempt): Promise<SendResult> => {
    const url = new URL(HEALTHCHECKS_URL.reveal());
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
    url.searchParams.set("rid", runId);
    const headers = { "Content-Type": "text/plain; charset=utf-8" };
    const body = fitText(text, bodyBytes, "tail");
    const sent = await sendHttp(http, { method: "POST", url: url.href, headers, body }, attempt);
    const limit = Number(sent.response?.headers["ping-body-limit"]);
    if (limit > 0) bodyBytes = limit;
    return sent.result.ok ? judgeWords(sent.response) : sent.result;
  };
  return {
    name: "healthchecks",
    notifyOn: undefined,
    send: (message, attempt) => {
      const path = attempt.purpose === "report" ? String(message.exitCode) : "log";
      return ping(path, message.runId, message.body, attempt);
    },
    sendStart: (runId, attempt) => ping("start", runId, "", attempt),
  };
}

/** For compatibility the server may answer 200 with `OK (not found)` or `OK (rate limited)`, and mean it. */
function judgeWords(response: HttpResponse | undefined): SendResult {
  const words = /^OK \((.+)\)/.exec(response?.body ?? "")?.[1];
  if (words === undefined) return { ok: true };
  return { ok: false, error: `the server says: ${words}`, isTemporary: words === "rate limited" };
}
