import { z } from "zod";
import { fitJson } from "#lib/core/fit-json.ts";
import { fitText } from "#lib/core/fit-text.ts";
import type { Message } from "#lib/core/message.ts";
import type { Severity } from "#lib/core/outcome.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { readAnswer, type Service, sendToService } from "#lib/notify/send-to-service.ts";

export interface NtfySettings {
  readonly NTFY_TOPIC: string | undefined;
  readonly NTFY_URL: string;
  readonly NTFY_NOTIFY_ON: NotifyOn | undefined;
  readonly NTFY_TOKEN: Secret | undefined;
  readonly NTFY_USER: string | undefined;
  readonly NTFY_PASSWORD: Secret | undefined;
}

/** From 4096 bytes on a message becomes an attachment, beyond 8192 bytes of JSON it is refused (seen with ntfy 2.11). */
const messageBytes = 4095;
const jsonBytes = 8192;

/** ntfy's priorities run from 1 to 5; its tags become symbols before the title. */
const looks: Readonly<Record<Severity, { readonly priority: number; readonly tag: string }>> = {
  ok: { priority: 2, tag: "white_check_mark" },
  warning: { priority: 4, tag: "warning" },
  critical: { priority: 5, tag: "rotating_light" },
  unknown: { priority: 5, tag: "question" },
};

const answerSchema = z.object({ id: z.string().optional(), error: z.string().optional() });

const service: Service = {
  name: "ntfy",
  settings: "NTFY_URL, NTFY_TOPIC and NTFY_TOKEN or NTFY_USER",
  judge: (body) => {
    const answer = readAnswer(answerSchema, body);
    return { isTaken: answer?.id !== undefined, words: answer?.error };
  },
};

/** Published as JSON to the server's root: in headers, titles beyond ASCII would have to be encoded. */
export function createNtfyChannel(
  settings: NtfySettings,
  notifyOn: NotifyOn,
  { http }: ChannelDeps,
): Channel | undefined {
  const topic = settings.NTFY_TOPIC;
  if (topic === undefined) return undefined;
  return {
    name: "ntfy",
    notifyOn: settings.NTFY_NOTIFY_ON ?? notifyOn,
    send: (message, attempt) => {
      const headers = { "Content-Type": "application/json", ...authorization(settings) };
      const body = fitJson((bytes) => formatContent(message, topic, bytes), messageBytes, jsonBytes);
      return sendToService(service, http, { method: "POST", url: settings.NTFY_URL, headers, body }, attempt);
    },
  };
}

function formatContent({ subject, summary, severity, critical }: Message, topic: string, bytes: number) {
  const look = looks[severity];
  return {
    topic,
    title: subject,
    message: fitText(summary, bytes, "both"),
    priority: critical ? 5 : look.priority,
    tags: [look.tag],
  };
}

function authorization({ NTFY_TOKEN, NTFY_USER, NTFY_PASSWORD }: NtfySettings): Record<string, string> {
  if (NTFY_TOKEN !== undefined) return { Authorization: `Bearer ${NTFY_TOKEN.reveal()}` };
  if (NTFY_USER === undefined) return {};
  const pair = Buffer.from(`${NTFY_USER}:${NTFY_PASSWORD?.reveal() ?? ""}`).toString("base64");
  return { Authorization: `Basic ${pair}` };
}
