import { z } from "zod";
import { fitLine, fitText } from "#lib/core/fit-text.ts";
import type { Message } from "#lib/core/message.ts";
import type { Severity } from "#lib/core/outcome.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { readAnswer, type Service, sendToService } from "#lib/notify/send-to-service.ts";

export interface PushoverSettings {
  readonly PUSHOVER_USER_KEY: Secret | undefined;
  readonly PUSHOVER_API_TOKEN: Secret | undefined;
  readonly PUSHOVER_NOTIFY_ON: NotifyOn | undefined;
  readonly PUSHOVER_URL: string;
}

const titleCharacters = 250;
const messageCharacters = 1024;

/** From -2 (silent) to 2; 1 breaks through the user's quiet hours. */
const priorities: Readonly<Record<Severity, number>> = { ok: -1, warning: 0, critical: 1, unknown: 1 };

/** Repeated every minute for an hour, until somebody acknowledges it; at least 30 and at most 10800 seconds are allowed. */
const emergency = { priority: 2, retry: 60, expire: 3600 };

const answerSchema = z.object({ status: z.number(), errors: z.array(z.string()).optional() });

const service: Service = {
  name: "Pushover",
  settings: "PUSHOVER_API_TOKEN and PUSHOVER_USER_KEY",
  judge: (body) => {
    const answer = readAnswer(answerSchema, body);
    return { isTaken: answer?.status === 1, words: answer?.errors?.join(", ") };
  },
};

/** Plain text: without its `html` parameter Pushover shows every character as it is. */
export function createPushoverChannel(
  settings: PushoverSettings,
  notifyOn: NotifyOn,
  { http }: ChannelDeps,
): Channel | undefined {
  const { PUSHOVER_USER_KEY: user, PUSHOVER_API_TOKEN: token } = settings;
  if (user === undefined || token === undefined) return undefined;
  return {
    name: "pushover",
    notifyOn: settings.PUSHOVER_NOTIFY_ON ?? notifyOn,
    send: (message, attempt) => {
      const body = JSON.stringify({
        token: token.reveal(),
        user: user.reveal(),
        ...formatContent(message),
      });
      const url = `${settings.PUSHOVER_URL}/1/messages.json`;
      const headers = { "Content-Type": "application/json" };
      return sendToService(service, http, { method: "POST", url, headers, body }, attempt);
    },
  };
}

function formatContent({ subject, summary, severity, critical, createdAt }: Message) {
  return {
    title: fitLine(subject, titleCharacters),
    message: fitText(summary, messageCharacters, "both", "characters"),
    timestamp: Math.floor(Date.parse(createdAt) / 1000),
    ...(critical ? emergency : { priority: priorities[severity] }),
  };
}
