import { describe, expect, test } from "bun:test";
import type { HttpResponse } from "#lib/core/deps.ts";
import type { Report } from "#lib/core/report.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createGotifyChannel } from "#lib/notify/gotify.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const taken = { body: '{"id":25,"appid":5,"message":"…"}' };

async function send(report: Partial<Report> = {}, answer: Partial<HttpResponse> = taken) {
  const { http, requests } = recordHttp(answer);
  const settings = {
    GOTIFY_URL: "https://gotify.example.org/sub",
    GOTIFY_TOKEN: createSecret("A1b2"),
    GOTIFY_NOTIFY_ON: undefined,
  };
  const channel = createGotifyChannel(settings, "always", { http, exec: recordExec().exec });
  const result = await channel?.send(createTestMessage(report), unlimited);
  const [request] = requests;
  return { result, request, content: JSON.parse(request?.body ?? "{}") };
}

describe("createGotifyChannel()", () => {
  test("sends plain text, the token in a header", async () => {
    const { result, request, content } = await send({ hint: undefined });
    expect(result).toEqual({ ok: true });
    expect(request).toMatchObject({ method: "POST", url: "https://gotify.example.org/sub/message" });
    expect(request?.headers?.["X-Gotify-Key"]).toBe("A1b2");
    expect(content).toEqual({
      title: "[FAILED] backup-run app on web1",
      message: 'Cannot write to "/mnt/backup": 2 GB free, 5 GB required',
      priority: 8,
      extras: { "client::display": { contentType: "text/plain" } },
    });
  });

  test.each([
    [{ outcome: "complete" }, 2],
    [{ outcome: "partial" }, 5],
    [{ outcome: "failed" }, 8],
    [{ outcome: "complete", critical: true }, 10],
  ] as const)("gives %j priority %d", async (report, priority) => {
    expect((await send(report)).content.priority).toBe(priority);
  });

  test("keeps a long text within what its databases hold", async () => {
    const { content } = await send({ problems: [`${"ß".repeat(70_000)} end`] });
    expect(Buffer.byteLength(content.message)).toBeLessThan(65_535);
    expect(content.message).toEndWith(" end");
  });

  test.each([
    [
      401,
      '{"error":"Unauthorized","errorCode":401,"errorDescription":"you need to provide a valid access token"}',
      "HTTP 401: you need to provide a valid access token; check GOTIFY_URL and GOTIFY_TOKEN",
    ],
    [200, '{"a":1}', 'HTTP 200, but this is no answer of Gotify: {"a":1}; check GOTIFY_URL and GOTIFY_TOKEN'],
    [200, "<html>", "HTTP 200, but this is no answer of Gotify: <html>; check GOTIFY_URL and GOTIFY_TOKEN"],
  ])("takes %d %s as not sent", async (status, body, error) => {
    expect((await send({}, { status, body })).result).toMatchObject({ ok: false, error, isTemporary: false });
  });
});
