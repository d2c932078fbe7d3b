import { describe, expect, test } from "bun:test";
import type { HttpResponse } from "#lib/core/deps.ts";
import type { Report } from "#lib/core/report.ts";
import { createSecret } from "#lib/core/secret.ts";
import { createPushoverChannel } from "#lib/notify/pushover.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const taken = { body: '{"status":1,"request":"r-1"}' };

async function send(report: Partial<Report> = {}, answer: Partial<HttpResponse> = taken) {
  const { http, requests } = recordHttp(answer);
  const settings = {
    PUSHOVER_USER_KEY: createSecret("user-1"),
    PUSHOVER_API_TOKEN: createSecret("token-1"),
    PUSHOVER_NOTIFY_ON: undefined,
    PUSHOVER_URL: "https://api.example.org",
  };
  const channel = createPushoverChannel(settings, "always", { http, exec: recordExec().exec });
  const result = await channel?.send(createTestMessage(report), unlimited);
  const [request] = requests;
  return { result, request, content: JSON.parse(request?.body ?? "{}") };
}

describe("createPushoverChannel()", () => {
  test("sends title, text and the time of the report, with nothing that would make it markup", async () => {
    const { result, request, content } = await send({ hint: undefined });
    expect(result).toEqual({ ok: true });
    expect(request).toMatchObject({ method: "POST", url: "https://api.example.org/1/messages.json" });
    expect(content).toEqual({
      token: "token-1",
      user: "user-1",
      title: "[FAILED] backup-run app on web1",
      message: 'Cannot write to "/mnt/backup": 2 GB free, 5 GB required',
      timestamp: Date.parse("2026-11-21T02:05:13Z") / 1000,
      priority: 1,
    });
  });

  test.each([
    ["complete", -1],
    ["partial", 0],
    ["failed", 1],
    ["bug", 1],
  ] as const)("gives %s priority %d", async (outcome, priority) => {
    expect((await send({ outcome })).content.priority).toBe(priority);
  });

  test("calls until somebody answers when a person is needed, within what Pushover allows", async () => {
    const { content } = await send({ outcome: "complete", critical: true });
    expect(content.priority).toBe(2);
    expect(content.retry).toBeGreaterThanOrEqual(30);
    expect(content.expire).toBeLessThanOrEqual(10_800);
  });

  test.each(["x", "ß", "😀"])("keeps a long title and text of %s within their limits", async (character) => {
    const long = character.repeat(5000);
    const { content } = await send({ job: long, problems: [`begin ${long} end`] });
    expect(content.title.length).toBeWithin(240, 251);
    expect(content.message.length).toBeWithin(1000, 1025);
    expect(content.message).toEndWith(" end");
  });

  test.each([
    [
      400,
      '{"token":"invalid","errors":["application token is invalid"],"status":0,"request":"r"}',
      { error: expect.stringContaining("HTTP 400: application token is invalid; check PUSHOVER_API_TOKEN") },
    ],
    [200, '{"status":0,"errors":["a","b"]}', { error: expect.stringContaining("Pushover says: a, b") }],
    [200, "", { isTemporary: false }],
    [429, '{"status":0,"errors":["limit"]}', { error: "HTTP 429: limit", isTemporary: true }],
  ])("takes %d %s as not sent", async (status, body, expected) => {
    expect((await send({}, { status, body })).result).toMatchObject({ ok: false, ...expected });
  });
});
