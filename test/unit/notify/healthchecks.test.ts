import { describe, expect, test } from "bun:test";
import { createSecret } from "#lib/core/secret.ts";
import { createHealthchecksChannel } from "#lib/notify/healthchecks.ts";
import { recordExec, recordHttp, unlimited } from "#test/support/recorder.ts";
import { createTestMessage } from "#test/support/report.ts";

const address = "https://hc.example.org/ping/0d5c";
const runId = "1a2b3c4d-0000-4000-8000-000000000001";

function createChannel(url = address, answer: Parameters<typeof recordHttp>[0] = {}) {
  const { http, requests } = recordHttp(answer);
  const deps = { http, exec: recordExec().exec };
  const channel = createHealthchecksChannel({ HEALTHCHECKS_URL: createSecret(url) }, deps);
  if (channel === undefined) throw new Error("There is no channel");
  return { channel, requests };
}

describe("createHealthchecksChannel()", () => {
  test("is none without an address", () => {
    const deps = { http: recordHttp().http, exec: recordExec().exec };
    expect(createHealthchecksChannel({ HEALTHCHECKS_URL: undefined }, deps)).toBeUndefined();
  });

  test("pings the start and the exit code of a run, paired by its id", async () => {
    const { channel, requests } = createChannel();
    await channel.sendStart?.(runId, unlimited);
    await channel.send(createTestMessage({ outcome: "partial" }), unlimited);
    await channel.send(createTestMessage({ outcome: "complete" }), unlimited);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `POST ${address}/start?rid=${runId}`,
      `POST ${address}/1?rid=${runId}`,
      `POST ${address}/0?rid=${runId}`,
    ]);
  });

  test("keeps a query of the address and needs no particular ending of it", async () => {
    const { channel, requests } = createChannel("https://hc.example.org/key/web1-app/?create=1");
    await channel.sendStart?.(runId, unlimited);
    expect(requests[0]?.url).toBe(`https://hc.example.org/key/web1-app/start?create=1&rid=${runId}`);
  });

  test.each(["late", "test"] as const)("only logs what is %s, since a ping means now", async (purpose) => {
    const { channel, requests } = createChannel();
    await channel.send(createTestMessage({ outcome: "complete" }), { ...unlimited, purpose });
    expect(requests.map(({ url }) => url)).toEqual([`${address}/log?rid=${runId}`]);
  });

  const long = createTestMessage({ logTail: ["x".repeat(20_000), "the reason"] });

  test("sends the end of the report, as much as any server keeps", async () => {
    const { channel, requests } = createChannel();
    await channel.send(long, unlimited);
    const body = requests[0]?.body ?? "";
    expect(Buffer.byteLength(body)).toBeWithin(9990, 10_001);
    expect(body).toContain("the reason");
    expect(body).not.toContain("Cannot write");
  });

  test("sends as much as the server said at the start that it keeps", async () => {
    const { channel, requests } = createChannel(address, { headers: { "ping-body-limit": "100000" } });
    await channel.sendStart?.(runId, unlimited);
    await channel.send(long, unlimited);
    expect(requests[1]?.body).toBe(long.body);
  });

  test("is not deceived by a server that answers 200 and means no", async () => {
    const unknown = createChannel(address, { body: "OK (not found)" });
    expect(await unknown.channel.send(long, unlimited)).toEqual({
      ok: false,
      error: "the server says: not found",
      isTemporary: false,
    });
    const limited = createChannel(address, { body: "OK (rate limited)" });
    expect(await limited.channel.send(long, unlimited)).toMatchObject({ ok: false, isTemporary: true });
  });
});
