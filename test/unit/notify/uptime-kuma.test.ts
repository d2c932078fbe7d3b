import { describe, expect, test } from "bun:test";
import type { HttpResponse } from "#lib/core/deps.ts";
import type { Report } from "#lib/core/report.ts";
import { createSecret } from "#lib/core/secret.ts";
import type { Purpose } from "#lib/notify/channel.ts";
import { createUptimeKumaChannel } from "#lib/notify/uptime-kuma.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const address = "https://kuma.example.org/api/push/T0KEN?status=up&msg=OK&ping=";

async function send(
  report: Partial<Report> = {},
  purpose: Purpose = "report",
  answer: Partial<HttpResponse> = { body: '{"ok":true}' },
) {
  const { http, requests } = recordHttp(answer);
  const settings = { UPTIME_KUMA_URL: createSecret(address) };
  const channel = createUptimeKumaChannel(settings, { http, exec: recordExec().exec });
  const result = await channel?.send(createTestMessage(report), { ...unlimited, purpose });
  const [request] = requests;
  const url = new URL(request?.url ?? "");
  return { result, method: request?.method, path: url.pathname, query: Object.fromEntries(url.searchParams) };
}

describe("createUptimeKumaChannel()", () => {
  test("pushes to the address as it is shown to be copied, with what happened and how long it took", async () => {
    expect(await send({ headline: "größer & besser" })).toEqual({
      result: { ok: true },
      method: "GET",
      path: "/api/push/T0KEN",
      query: {
        status: "down",
        msg: "[FAILED] backup-run app on web1: größer & besser",
        ping: "313000",
      },
    });
  });

  test.each([
    ["complete", "report", "up"],
    ["complete", "test", "down"],
    ["partial", "report", "down"],
    ["interrupted", "report", "down"],
  ] as const)("of a %s %s says %s", async (outcome, purpose, status) => {
    expect((await send({ outcome }, purpose)).query).toMatchObject({ status });
  });

  test("keeps within the length and the duration that are taken", async () => {
    const { query } = await send({ headline: "ß".repeat(9000), durationSeconds: 200_000 });
    expect(query["msg"]).toHaveLength(250);
    expect(query["ping"]).toBe("86400000");
  });

  test("believes what it says, not the status", async () => {
    const body = '{"ok":false,"msg":"Monitor not found or not active."}';
    expect((await send({}, "report", { body })).result).toMatchObject({
      ok: false,
      error: "HTTP 200, but Uptime Kuma says: Monitor not found or not active.; check UPTIME_KUMA_URL",
    });
    expect((await send({}, "report", { status: 404, body })).result).toMatchObject({
      error: "HTTP 404: Monitor not found or not active.; check UPTIME_KUMA_URL",
      isTemporary: false,
    });
  });
});
