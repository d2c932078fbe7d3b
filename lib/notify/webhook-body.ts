/** What a webhook receives: the report as JSON, or a message in the shape that a chat expects. Markup is nowhere in effect. */
import { fitJson } from "#lib/core/fit-json.ts";
import { fitText } from "#lib/core/fit-text.ts";
import type { Message } from "#lib/core/message.ts";
import type { Severity } from "#lib/core/outcome.ts";

export type WebhookFormat = "generic" | "slack" | "discord" | "teams";

export const webhookBodies: Readonly<Record<WebhookFormat, (message: Message) => string>> = {
  generic: ({ reportJson }) => reportJson,
  slack: formatSlack,
  discord: formatDiscord,
  teams: formatTeams,
};

/** Longer texts are allowed, and folded away. */
const slackCharacters = 4000;

/** Three characters are special even without markup: `<!channel>` would call everybody. */
function formatSlack({ subject, summary }: Message): string {
  const text = fitText(`${subject}\n${summary}`, slackCharacters, "both", "characters");
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return JSON.stringify({ text: escaped, mrkdwn: false });
}

const discordCharacters = 2000;
const suppressEmbeds = 1 << 2;
const suppressNotifications = 1 << 12;

/** Markup cannot be switched off there, but has no effect in a block of code; nor do names call anybody. */
function formatDiscord({ subject, summary, severity, critical }: Message): string {
  const [open, close] = ["```\n", "\n```"];
  const room = discordCharacters - open.length - close.length;
  const text = `${subject}\n\n${summary}`.replaceAll("```", "'''");
  const isQuiet = severity === "ok" && !critical;
  return JSON.stringify({
    content: open + fitText(text, room, "both", "characters") + close,
    allowed_mentions: { parse: [] },
    flags: isQuiet ? suppressEmbeds | suppressNotifications : suppressEmbeds,
  });
}

/** A message may have 28 KB. */
const teamsJsonBytes = 27_000;
const teamsTextBytes = 8192;
const teamsColours: Readonly<Record<Severity, string>> = {
  ok: "good",
  warning: "warning",
  critical: "attention",
  unknown: "attention",
};

/** An adaptive card, a block a line: text runs know no markup, and no line breaks. */
function formatTeams({ subject, summary, severity, critical }: Message): string {
  const block = (text: string, look: Readonly<Record<string, string>>) => ({
    type: "RichTextBlock",
    spacing: text === "" ? "small" : "none",
    inlines: [{ type: "TextRun", text: text === "" ? " " : text, ...look }],
  });
  const title = {
    weight: "bolder",
    size: "medium",
    color: critical ? "attention" : teamsColours[severity],
  };
  const format = (bytes: number) => ({
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          type: "AdaptiveCard",
          version: "1.2",
          msteams: { width: "Full" },
          body: [
            block(subject, title),
            ...fitText(summary, bytes, "both")
              .split("\n")
              .map((line) => block(line, {})),
          ],
        },
      },
    ],
  });
  return fitJson(format, teamsTextBytes, teamsJsonBytes);
}
