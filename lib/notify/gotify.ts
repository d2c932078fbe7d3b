import { z } from "zod";
import { fitText } from "#lib/core/fit-text.ts";
import type { Severity } from "#lib/core/outcome.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { readAnswer, type Service, sendToService } from "#lib/notify/send-to-service.ts";

export interface GotifySettings {
  readonly GOTIFY_URL: string | undefined;
  readonly GOTIFY_TOKEN: Secret | undefined;
  readonly GOTIFY_NOTIFY_ON: NotifyOn | undefined;
}

/** The server has no limit of its own, its smallest database column holds 65,535 bytes. */
const messageBytes = 16_384;

/** On a phone 1 to 3 is an icon, 4 to 7 a sound, 8 to 10 a sound and a vibration. */
const priorities: Readonly<Record<Severity, number>> = { ok: 2, warning: 5, critical: 8, unknown: 8 };
const highestPriority = 10;

const answerSchema = z.object({ id: z.number().optional(), errorDescription: z.string().optional() });

const service: Service = {
  name: "Gotify",
  settings: "GOTIFY_URL and GOTIFY_TOKEN",
  judge: (body) => {
    const answer = readAnswer(answerSchema, body);
    return { isTaken: answer?.id !== undefined, words: answer?.errorDescription };
  },
};

export function createGotifyChannel(
  settings: GotifySettings,
  notifyOn: NotifyOn,
  { http }: ChannelDeps,
): Channel | undefined {
  const { GOTIFY_URL: server, GOTIFY_TOKEN: token } = settings;
  if (server === undefined || token === undefined) return undefined;
  return {
    name: "gotify",
    notifyOn: settings.GOTIFY_NOTIFY_ON ?? notifyOn,
    send: ({ subject, summary, severity, critical }, attempt) => {
      const body = JSON.stringify({
        title: subject,
        message: fitText(summary, messageBytes, "both"),
        priority: critical ? highestPriority : priorities[severity],
        extras: { "client::display": { contentType: "text/plain" } },
      });
      // In a header: what stands in an address also stands in the logs of proxies.
      const headers = { "Content-Type": "application/json", "X-Gotify-Key": token.reveal() };
      return sendToService(
        service,
        http,
        { method: "POST", url: `${server}/message`, headers, body },
        attempt,
      );
    },
  };
}
