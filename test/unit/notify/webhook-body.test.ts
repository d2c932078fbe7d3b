import { describe, expect, test } from "bun:test";
import type { Report } from "#lib/core/report.ts";
import { type WebhookFormat, webhookBodies } from "#lib/notify/webhook-body.ts";
import { createTestMessage } from "#test/support/report.ts";

const format = (kind: WebhookFormat, report: Partial<Report> = {}) =>
  JSON.parse(webhookBodies[kind](createTestMessage(report)));

/** What a card says, a line for each of its blocks. */
function linesOf(card: { attachments: { content: { body: { inlines: { text: string }[] }[] } }[] }) {
  return card.attachments[0]?.content.body.map(({ inlines }) => inlines.map(({ text }) => text).join(""));
}

describe("webhookBodies", () => {
  test("send the report itself where no chat is named", () => {
    expect(format("generic")).toMatchObject({ schema: 1, outcome: "failed", job: "app" });
  });

  test("give Slack a text without markup and with nobody called", () => {
    const content = format("slack", { headline: "*.log & <!channel> _x_" });
    expect(content).toEqual({
      text: "[FAILED] backup-run app on web1\n*.log &amp; &lt;!channel&gt; _x_\nHint: Free space or lower MIN_FREE_GB",
      mrkdwn: false,
    });
  });

  test("give Discord a block of code that no text can leave, and call nobody", () => {
    const content = format("discord", { headline: "a ``` b @everyone *c*", hint: undefined });
    expect(content).toEqual({
      content: "```\n[FAILED] backup-run app on web1\n\na ''' b @everyone *c*\n```",
      allowed_mentions: { parse: [] },
      flags: 4,
    });
  });

  test("let Discord be silent about good news, and loud when a person is needed", () => {
    expect(format("discord", { outcome: "complete" }).flags).toBe(4100);
    expect(format("discord", { outcome: "complete", critical: true }).flags).toBe(4);
  });

  test("give Teams a card of plain lines, the first in the colour of the outcome", () => {
    const card = format("teams", { headline: "**a** [b](c)", problems: ["one", "two"] });
    expect(linesOf(card)).toEqual([
      "[FAILED] backup-run app on web1",
      "**a** [b](c)",
      "Hint: Free space or lower MIN_FREE_GB",
      " ",
      "Problems:",
      "  one",
      "  two",
    ]);
    const [attachment] = card.attachments;
    expect(attachment.contentType).toBe("application/vnd.microsoft.card.adaptive");
    expect(attachment.content.body[0].inlines[0].color).toBe("attention");
    const types = new Set(attachment.content.body.map(({ type }: { type: string }) => type));
    expect(types).toEqual(new Set(["RichTextBlock"]));
  });

  test.each([
    ["of plain text", "x"],
    ["of characters of two halves", "😀"],
    ["of characters that JSON escapes", "\u0001"],
    ["of markup", "<&>`"],
    ["of short lines", "x\n"],
  ])("keep a long message %s within what each chat takes, head and tail", (_what, character) => {
    const report = { problems: [`begin ${character.repeat(20_000)} end`] };
    const slack = format("slack", report);
    const discord = format("discord", report);
    expect(slack.text.length).toBeLessThan(40_000);
    expect(discord.content.length).toBeLessThanOrEqual(2000);
    const teams = webhookBodies.teams(createTestMessage(report));
    expect(Buffer.byteLength(teams)).toBeLessThanOrEqual(28 * 1024);
    for (const text of [slack.text, discord.content, JSON.stringify(teams)]) {
      expect(text).toContain("begin");
      expect(text).toContain(" end");
      expect(text).toContain("left out");
      expect(text.isWellFormed()).toBe(true);
    }
  });
});
