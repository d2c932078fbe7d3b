import { z } from "zod";
import { fitText } from "#lib/core/fit-text.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { readAnswer, type Service, sendToService } from "#lib/notify/send-to-service.ts";

export interface TelegramSettings {
  readonly TELEGRAM_BOT_TOKEN: Secret | undefined;
  readonly TELEGRAM_CHAT_ID: string | undefined;
  readonly TELEGRAM_NOTIFY_ON: NotifyOn | undefined;
  readonly TELEGRAM_URL: string;
}

const textCharacters = 4096;

const answerSchema = z.object({
  ok: z.boolean(),
  description: z.string().optional(),
  parameters: z
    .object({ retry_after: z.number().optional(), migrate_to_chat_id: z.number().optional() })
    .optional(),
});

const service: Service = {
  name: "Telegram",
  settings: "TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID",
  judge: (body) => {
    const { ok = false, description, parameters } = readAnswer(answerSchema, body) ?? {};
    const { retry_after: seconds, migrate_to_chat_id: newId } = parameters ?? {};
    return {
      isTaken: ok,
      words: newId === undefined ? description : `${description}, its TELEGRAM_CHAT_ID is now ${newId}`,
      retryAfterMs: seconds === undefined ? undefined : seconds * 1000,
    };
  },
};

/**
 * Without a parse mode, so that no character of a file name is markup: Telegram refuses a message whose markup is broken.
 * Good news makes no sound.
 */
export function createTelegramChannel(
  settings: TelegramSettings,
  notifyOn: NotifyOn,
  { http }: ChannelDeps,
): Channel | undefined {
  const { TELEGRAM_BOT_TOKEN: token, TELEGRAM_CHAT_ID: chat } = settings;
  if (token === undefined || chat === undefined) return undefined;
  return {
    name: "telegram",
    notifyOn: settings.TELEGRAM_NOTIFY_ON ?? notifyOn,
    send: (message, attempt) => {
      const text = `${message.subject}\n\n${message.summary}`;
      const body = JSON.stringify({
        chat_id: chat,
        text: fitText(text, textCharacters, "both", "characters"),
        disable_notification: message.severity === "ok" && !message.critical,
        link_preview_options: { is_disabled: true },
      });
      const url = `${settings.TELEGRAM_URL}/bot${token.reveal()}/sendMessage`;
      const headers = { "Content-Type": "application/json" };
      return sendToService(service, http, { method: "POST", url, headers, body }, attempt);
    },
  };
}
