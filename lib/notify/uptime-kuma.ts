import { z } from "zod";
import { fitLine } from "#lib/core/fit-text.ts";
import { headerText } from "#lib/core/header-text.ts";
import type { Message } from "#lib/core/message.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps } from "#lib/notify/channel.ts";
import { readAnswer, type Service, sendToService } from "#lib/notify/send-to-service.ts";

export interface UptimeKumaSettings {
  readonly UPTIME_KUMA_URL: Secret | undefined;
}

/** It travels in the address, and is one line of a list. */
const wordsCharacters = 250;
/** More than a day is refused. */
const longestPingMs = 86_400_000;

const answerSchema = z.object({ ok: z.boolean(), msg: z.string().optional() });

const service: Service = {
  name: "Uptime Kuma",
  settings: "UPTIME_KUMA_URL",
  judge: (body) => {
    const answer = readAnswer(answerSchema, body);
    return { isTaken: answer?.ok === true, words: answer?.msg };
  },
};

/**
 * A push monitor: "up" for a complete run, "down" for every other ending, and its own alarm when neither comes.
 *
 * A push means now, so none is kept for later: an old success could hide that nothing runs any more, and of a missing one the
 * monitor tells by itself. A test is a "down" as well, for it must not pass for a backup; the next run clears it.
 */
export function createUptimeKumaChannel(
  { UPTIME_KUMA_URL: address }: UptimeKumaSettings,
  { http }: ChannelDeps,
): Channel | undefined {
  if (address === undefined) return undefined;
  return {
    name: "uptime-kuma",
    notifyOn: undefined,
    isMomentary: true,
    send: (message, attempt) => {
      const url = new URL(address.reveal());
      const isUp = message.outcome === "complete" && attempt.purpose === "report";
      url.searchParams.set("status", isUp ? "up" : "down");
      url.searchParams.set("msg", formatWords(message));
      url.searchParams.set("ping", String(Math.min(message.durationMs ?? 0, longestPingMs)));
      // Versions before 2.0 take no other method.
      return sendToService(service, http, { method: "GET", url: url.href }, attempt);
    },
  };
}

/** The subject and the first line of the summary, which says what happened. */
function formatWords({ subject, summary }: Message): string {
  return fitLine(headerText(`${subject}: ${summary.split("\n", 1).join()}`), wordsCharacters);
}
