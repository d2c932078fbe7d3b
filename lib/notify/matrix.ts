import { z } from "zod";
import { fitJson } from "#lib/core/fit-json.ts";
import { fitText } from "#lib/core/fit-text.ts";
import type { Message } from "#lib/core/message.ts";
import type { Secret } from "#lib/core/secret.ts";
import type { Channel, ChannelDeps, NotifyOn } from "#lib/notify/channel.ts";
import { readAnswer, type Service, sendToService } from "#lib/notify/send-to-service.ts";

export interface MatrixSettings {
  readonly MATRIX_HOMESERVER: string | undefined;
  readonly MATRIX_ACCESS_TOKEN: Secret | undefined;
  readonly MATRIX_ROOM_ID: string | undefined;
  readonly MATRIX_NOTIFY_ON: NotifyOn | undefined;
}

/** An event with all that the server adds may have 65,536 bytes. */
const textBytes = 16_384;
const jsonBytes = 60_000;

const answerSchema = z.object({
  event_id: z.string().optional(),
  errcode: z.string().optional(),
  error: z.string().optional(),
  retry_after_ms: z.number().optional(),
});

const service: Service = {
  name: "a Matrix homeserver",
  settings: "MATRIX_HOMESERVER, MATRIX_ACCESS_TOKEN and MATRIX_ROOM_ID",
  judge: (body) => {
    const answer = readAnswer(answerSchema, body);
    const words = [answer?.errcode, answer?.error].filter((word) => word !== undefined).join(": ");
    return {
      isTaken: answer?.event_id !== undefined,
      words: words === "" ? undefined : words,
      retryAfterMs: answer?.retry_after_ms,
    };
  },
};

/** The message's id is the transaction's: a server that took it and could not say so does not show it twice. */
export function createMatrixChannel(
  settings: MatrixSettings,
  notifyOn: NotifyOn,
  { http }: ChannelDeps,
): Channel | undefined {
  const { MATRIX_HOMESERVER: server, MATRIX_ACCESS_TOKEN: token, MATRIX_ROOM_ID: room } = settings;
  if (server === undefined || token === undefined || room === undefined) return undefined;
  return {
    name: "matrix",
    notifyOn: settings.MATRIX_NOTIFY_ON ?? notifyOn,
    send: (message, attempt) => {
      const path = ["rooms", room, "send", "m.room.message", message.id].map(encodeURIComponent).join("/");
      const url = `${server}/_matrix/client/v3/${path}`;
      const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token.reveal()}` };
      const body = fitJson((bytes) => formatContent(message, bytes), textBytes, jsonBytes);
      return sendToService(service, http, { method: "PUT", url, headers, body }, attempt);
    },
  };
}

/** Plain text. By default clients make no sound for a notice, and one even in a quiet room when everybody is mentioned. */
function formatContent({ subject, summary, severity, critical }: Message, bytes: number) {
  const isQuiet = severity === "ok" && !critical;
  return {
    msgtype: isQuiet ? "m.notice" : "m.text",
    body: fitText(`${subject}\n\n${summary}`, bytes, "both"),
    ...(critical ? { "m.mentions": { room: true } } : {}),
  };
}
