/** Settings of the channels that push messages to phones and chats, and what the settings of all channels share. */
import { optional, type SettingEntry, withDefault } from "#lib/config/entry.ts";
import { choice, httpUrl, secret, word } from "#lib/config/parsers.ts";
import type { Secret } from "#lib/core/secret.ts";

export const when = choice("failure", "warning", "always");

export const secretSetting = (
  parse: SettingEntry<Secret>["parse"],
  details: { doc: string; aliases?: readonly string[] },
) => ({
  ...optional(parse, details),
  isSecret: true,
});

const chat = word(
  /^(?:-?\d+|@\w+)$/,
  "the number of a chat (negative for groups), or @ and the name of a channel",
);
const room = word(/^![^\s/]+$/, "the internal ID of a room, which begins with !");

export const serviceSettings = {
  PUSHOVER_USER_KEY: secretSetting(secret, { doc: "Key of a user or group at Pushover; unset: no Pushover" }),
  PUSHOVER_API_TOKEN: secretSetting(secret, { doc: "Token of an application at Pushover" }),
  PUSHOVER_NOTIFY_ON: optional(when, { doc: "NOTIFY_ON for Pushover alone" }),
  PUSHOVER_URL: withDefault(httpUrl, "https://api.pushover.net", { doc: "Its server, or a relay to it" }),
  TELEGRAM_BOT_TOKEN: secretSetting(secret, { doc: "Token of a bot at Telegram; unset: no Telegram" }),
  TELEGRAM_CHAT_ID: optional(chat, { doc: "The chat that the bot writes to" }),
  TELEGRAM_NOTIFY_ON: optional(when, { doc: "NOTIFY_ON for Telegram alone" }),
  TELEGRAM_URL: withDefault(httpUrl, "https://api.telegram.org", { doc: "The Bot API server" }),
  MATRIX_HOMESERVER: optional(httpUrl, { doc: "Address of a Matrix homeserver; unset: no Matrix" }),
  MATRIX_ACCESS_TOKEN: secretSetting(secret, { doc: "Access token of an account there" }),
  MATRIX_ROOM_ID: optional(room, { doc: "The room, by its internal ID; the account must have joined it" }),
  MATRIX_NOTIFY_ON: optional(when, { doc: "NOTIFY_ON for Matrix alone" }),
  GOTIFY_URL: optional(httpUrl, { doc: "A Gotify server; unset: no Gotify", aliases: ["GOTIFY_SERVER_URL"] }),
  GOTIFY_TOKEN: secretSetting(secret, { doc: "Token of an application there" }),
  GOTIFY_NOTIFY_ON: optional(when, { doc: "NOTIFY_ON for Gotify alone" }),
};
