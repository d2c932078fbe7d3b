import { describe, expect, test } from "bun:test";
import type { HttpResponse } from "#lib/core/deps.ts";
import type { Report } from "#lib/core/report.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createTelegramChannel } from "#lib/notify/telegram.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const taken = { body: '{"ok":true,"result":{"message_id":7}}' };

async function send(report: Partial<Report> = {}, answer: Partial<HttpResponse> = taken) {
  const { http, requests } = recordHttp(answer);
  const settings = {
    TELEGRAM_BOT_TOKEN: createSecret("123:abc"),
    TELEGRAM_CHAT_ID: "-1001",
    TELEGRAM_NOTIFY_ON: undefined,
    TELEGRAM_URL: "https://api.example.org",
  };
  const channel = createTelegramChannel(settings, "always", { http, exec: recordExec().exec });
  const result = await channel?.send(createTestMessage(report), unlimited);
  const [request] = requests;
  return { result, request, content: JSON.parse(request?.body ?? "{}") };
}

describe("createTelegramChannel()", () => {
  test("sends plain text, whatever names of files hold", async () => {
    const headline = "*_[x](y)_* <b>&</b> `z`";
    const { result, request, content } = await send({ headline, hint: undefined });
    expect(result).toEqual({ ok: true });
    expect(request).toMatchObject({ method: "POST", url: "https://api.example.org/bot123:abc/sendMessage" });
    expect(content).toEqual({
      chat_id: "-1001",
      text: `[FAILED] backup-run app on web1\n\n${headline}`,
      disable_notification: false,
      link_preview_options: { is_disabled: true },
    });
  });

  test.each([
    [{ outcome: "complete" }, true],
    [{ outcome: "complete", critical: true }, false],
    [{ outcome: "partial" }, false],
  ] as const)("of %j is silent: %p", async (report, isSilent) => {
    expect((await send(report)).content.disable_notification).toBe(isSilent);
  });

  test.each(["x", "ß", "😀"])("keeps a long text of %s within 4096 characters", async (character) => {
    const { content } = await send({ problems: [`${character.repeat(9000)} end`] });
    expect(content.text.length).toBeWithin(4080, 4097);
    expect(content.text).toStartWith("[FAILED]");
    expect(content.text).toEndWith(" end");
  });

  test("waits as long as the body says, since Telegram has no header for it", async () => {
    const body =
      '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}';
    expect((await send({}, { status: 429, body })).result).toEqual({
      ok: false,
      error: "HTTP 429: Too Many Requests: retry after 5",
      isTemporary: true,
      retryAfterMs: 5000,
    });
  });

  test("says the new number of a group that became a supergroup", async () => {
    const body =
      '{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded","parameters":{"migrate_to_chat_id":-100123}}';
    expect((await send({}, { status: 400, body })).result).toMatchObject({
      error: expect.stringContaining("its TELEGRAM_CHAT_ID is now -100123"),
      isTemporary: false,
    });
  });

  test.each([
    [401, '{"ok":false,"error_code":401,"description":"Unauthorized"}', "HTTP 401: Unauthorized; check TELE"],
    [200, '{"ok":false,"description":"chat not found"}', "Telegram says: chat not found"],
    [200, "<html>", "no answer of Telegram: <html>"],
  ])("takes %d %s as not sent", async (status, body, words) => {
    const { result } = await send({}, { status, body });
    expect(result).toMatchObject({ ok: false, error: expect.stringContaining(words), isTemporary: false });
    expect(JSON.stringify(result)).not.toContain("abc");
  });
});
