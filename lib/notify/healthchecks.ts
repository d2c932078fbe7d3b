import { fitText } from "#lib/core/fit-text.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps } from "#lib/notify/channel.ts";
import { sendHttp } from "#lib/notify/http-send.ts";

export interface HealthchecksSettings {
  readonly HEALTHCHECKS_URL: Secret | undefined;
}

/** What a self-hosted server keeps of a body by default; the report's end is what tells why. */
const bodyBytes = 10_000;

/**
 * A dead man's switch: told of every start and of every end by its exit code, so that a run that never comes to its end is
 * noticed by somebody else. `rid` pairs the two. It has no third state: a partial run pings its exit code 1.
 */
export function createHealthchecksChannel(
  { HEALTHCHECKS_URL }: HealthchecksSettings,
  { http }: ChannelDeps,
): Channel | undefined {
  if (HEALTHCHECKS_URL === undefined) return undefined;
  const address = (path: string, runId: string) => {
    const url = new URL(HEALTHCHECKS_URL.reveal());
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
    url.searchParams.set("rid", runId);
    return url.href;
  };
  return {
    name: "healthchecks",
    notifyOn: undefined,
    send: async (message, attempt) => {
      const url = address(String(message.exitCode), message.runId);
      const body = fitText(message.body, bodyBytes, "tail");
      return (await sendHttp(http, { method: "POST", url, body }, attempt)).result;
    },
    sendStart: async (runId, attempt) =>
      (await sendHttp(http, { method: "POST", url: address("start", runId) }, attempt)).result,
  };
}
