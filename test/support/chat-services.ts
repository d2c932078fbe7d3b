/**
 * The services behind the channels, all of them at one address: each with its own paths, credentials, limits, answers and errors,
 * as their documents and sources have them.
 */
import type { ServerResponse } from "node:http";
import type { Behaviour, ReceivedRequest } from "#test/support/http-server.ts";

/** What every service here asks for; each is a word of its own, to be looked for. */
export const chatSecrets = {
  PUSHOVER_USER_KEY: "pushover-user-key",
  PUSHOVER_API_TOKEN: "pushover-api-token",
  TELEGRAM_BOT_TOKEN: "1234567:telegram-bot-token",
  MATRIX_ACCESS_TOKEN: "matrix-access-token",
  GOTIFY_TOKEN: "gotify-token",
  NTFY_TOKEN: "tk_ntfy-token",
} as const;

const telegramChat = "-1001234567890";
const matrixRoom = "!backups:example.org";
const hooks = {
  slack: "/services/slack-hook",
  discord: "/api/webhooks/1/discord-hook",
  teams: "/workflows/1/invoke?sig=teams-hook",
} as const;
const kumaPath = "/api/push/kuma-token";

/** Settings for all of them at once, the webhook being Slack's; another one by its format. */
export function chatSettings(url: string, format: keyof typeof hooks = "slack"): Record<string, string> {
  return {
    ...chatSecrets,
    NTFY_URL: url,
    NTFY_TOPIC: "backups",
    PUSHOVER_URL: url,
    TELEGRAM_URL: url,
    TELEGRAM_CHAT_ID: telegramChat,
    MATRIX_HOMESERVER: url,
    MATRIX_ROOM_ID: matrixRoom,
    GOTIFY_URL: url,
    WEBHOOK_URL: url + hooks[format],
    WEBHOOK_FORMAT: format,
    UPTIME_KUMA_URL: `${url}${kumaPath}?status=up&msg=OK&ping=`,
  };
}

/** The channel that a request is of. */
export function channelOf({ method, path }: Pick<ReceivedRequest, "method" | "path">): string {
  if (path === "/") return "ntfy";
  if (path === "/1/messages.json") return "pushover";
  if (/^\/bot[^/]*\/sendMessage$/.test(path)) return "telegram";
  if (method === "PUT" && path.startsWith("/_matrix/")) return "matrix";
  if (path === "/message") return "gotify";
  if (path.startsWith("/check")) return "healthchecks";
  return path.startsWith("/api/push/") ? "uptime-kuma" : "webhook";
}

export const chatServices: Behaviour = (request, response) => {
  const answer = services[channelOf(request)];
  answer?.(request, (status, body) => send(response, status, body));
};

type Send = (status: number, body: unknown) => void;

function send(response: ServerResponse, status: number, body: unknown): void {
  const isText = typeof body === "string";
  response.writeHead(status, { "Content-Type": isText ? "text/plain" : "application/json" });
  response.end(isText ? body : JSON.stringify(body));
}

const services: Readonly<Record<string, (request: ReceivedRequest, answer: Send) => void>> = {
  ntfy: ({ headers, body }, answer) => {
    if (headers["authorization"] !== `Bearer ${chatSecrets.NTFY_TOKEN}`)
      return answer(401, { code: 40101, http: 401, error: "unauthorized" });
    const { topic, message } = JSON.parse(body);
    if (Buffer.byteLength(message) > 4095) return answer(413, { code: 41301, http: 413, error: "too large" });
    answer(200, { id: "m1", time: 1, event: "message", topic, message });
  },
  pushover: ({ body }, answer) => {
    const { token, user, title = "", message = "", priority = 0, retry, expire } = JSON.parse(body);
    const errors = [
      ...(token === chatSecrets.PUSHOVER_API_TOKEN ? [] : ["application token is invalid"]),
      ...(user === chatSecrets.PUSHOVER_USER_KEY ? [] : ["user identifier is not a valid user"]),
      ...(message === "" ? ["message cannot be blank"] : []),
      ...(title.length > 250 || message.length > 1024 ? ["message is too long"] : []),
      ...(priority === 2 && !(retry >= 30 && expire <= 10_800) ? ["retry and expire must be supplied"] : []),
    ];
    if (errors.length > 0) return answer(400, { status: 0, errors, request: "r-1" });
    answer(200, { status: 1, request: "r-1" });
  },
  telegram: ({ path, body }, answer) => {
    const refuse = (status: number, description: string) =>
      answer(status, { ok: false, error_code: status, description });
    if (path !== `/bot${chatSecrets.TELEGRAM_BOT_TOKEN}/sendMessage`) return refuse(401, "Unauthorized");
    const { chat_id: chat, text = "", parse_mode: markup } = JSON.parse(body);
    if (chat !== telegramChat) return refuse(400, "Bad Request: chat not found");
    if (text.length > 4096) return refuse(400, "Bad Request: message is too long");
    if (markup !== undefined) return refuse(400, "Bad Request: can't parse entities");
    answer(200, { ok: true, result: { message_id: 1, text } });
  },
  matrix: ({ path, headers, body }, answer) => {
    if (headers["authorization"] !== `Bearer ${chatSecrets.MATRIX_ACCESS_TOKEN}`)
      return answer(401, { errcode: "M_UNKNOWN_TOKEN", error: "Invalid access token passed." });
    const [, room = ""] = /\/rooms\/([^/]+)\/send\/m\.room\.message\/[^/]+$/.exec(path) ?? [];
    if (decodeURIComponent(room) !== matrixRoom)
      return answer(403, { errcode: "M_FORBIDDEN", error: "User not in room" });
    if (body.length > 65_536) return answer(413, { errcode: "M_TOO_LARGE", error: "event too large" });
    answer(200, { event_id: "$1" });
  },
  gotify: ({ headers, body }, answer) => {
    const errorDescription =
      "you need to provide a valid access token or user credentials to access this api";
    if (headers["x-gotify-key"] !== chatSecrets.GOTIFY_TOKEN)
      return answer(401, { error: "Unauthorized", errorCode: 401, errorDescription });
    answer(200, { id: 25, appid: 5, ...JSON.parse(body) });
  },
  "uptime-kuma": ({ path }, answer) =>
    path.startsWith(`${kumaPath}?`)
      ? answer(200, { ok: true })
      : answer(404, { ok: false, msg: "Monitor not found or not active." }),
  healthchecks: ({ path }, answer) =>
    path.startsWith("/check/wr0ng") ? answer(404, "not found") : answer(200, "OK"),
  webhook: ({ path, body }, answer) => {
    const content = JSON.parse(body);
    if (path === hooks.slack) return content.text ? answer(200, "ok") : answer(400, "no_text");
    if (path === hooks.discord) {
      const isFit = content.content?.length > 0 && content.content.length <= 2000;
      return isFit ? answer(204, "") : answer(400, { message: "Invalid Form Body", code: 50_035 });
    }
    if (path === hooks.teams) {
      const isFit = content.type === "message" && Buffer.byteLength(body) <= 28 * 1024;
      return isFit ? answer(202, "") : answer(413, "Request Entity Too Large");
    }
    answer(404, "no_service");
  },
};
