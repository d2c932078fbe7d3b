import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { loadConfig } from "#lib/config/load-config.ts";
import type { Http } from "#lib/core/deps.ts";
import { putInOutbox } from "#lib/notify/outbox.ts";
import { deliverReport } from "#lib/run/deliver-report.ts";
import { outboxDirectory } from "#lib/run/outbox-directory.ts";
import type { Session } from "#lib/run/session.ts";
import { recordExec } from "#test/support/recorder.ts";
import { createReport, createTestMessage } from "#test/support/report.ts";
import { createVirtualClock } from "#test/support/virtual-clock.ts";
import { type ConfigDirectory, createConfigDirectory, least } from "#test/unit/config/config-directory.ts";

const channels = `NTFY_TOPIC=t
GOTIFY_URL=https://gotify.example.org
GOTIFY_TOKEN=g
WEBHOOK_URL=https://hook.example.org
HEALTHCHECKS_URL=https://hc.example.org/ping
UPTIME_KUMA_URL=https://kuma.example.org/api/push/t
CHANNEL_PINGS="ntfy=https://checks.example.org/ntfy
gotify=https://checks.example.org/gotify"
NOTIFY_TIMEOUT=30s
`;

/** Deliver a report of a job with these channels; resolves to how long it took, what was logged, and what is kept. */
async function deliverBy(http: Http, directory: ConfigDirectory, waiting: readonly string[] = []) {
  const file = await directory.write("app.env", `${least}${channels}STATE_DIR=${directory.path}/state\n`);
  const { settings } = await loadConfig(directory.request(file));
  const outbox = outboxDirectory(settings);
  for (const channel of waiting) await putInOutbox(outbox, channel, createTestMessage({}, "old"));
  const clock = createVirtualClock(new Date("2026-11-21T03:00:00Z"));
  const { exec, calls } = recordExec();
  const logged: string[] = [];
  const log = (event: string, message: string) => {
    logged.push(`${event}: ${message}`);
  };
  const session = {
    runId: "run-1",
    deps: { http, exec, clock, newId: () => "id" },
    log: { debug: log, info: log, warning: log, error: log },
  } as unknown as Session;
  await clock.run(deliverReport(session, { settings }, createReport()));
  const kept = readdirSync(outbox).map((name) => /(old|-[0-9a-f]+)-([a-z-]+)\.json$/.exec(name)?.[2]);
  return { tookMs: clock.monotonicMs(), logged, kept, commands: calls.map(({ command }) => command[0]) };
}

describe("deliverReport()", () => {
  test("takes no longer than NOTIFY_TIMEOUT for the outbox and the report together, and 10 s for checks, whatever hangs", async () => {
    await using directory = await createConfigDirectory();
    const asked: string[] = [];
    const hang: Http = ({ url }) => {
      asked.push(new URL(url).host);
      return new Promise(() => undefined);
    };
    const waiting = ["ntfy", "gotify", "webhook", "healthchecks"];
    const { tookMs, kept } = await deliverBy(hang, directory, waiting);
    expect(tookMs).toBe(40_000);
    for (const channel of waiting) expect(kept.filter((name) => name === channel)).toHaveLength(2);
    expect(kept).toHaveLength(8);
    expect(new Set(asked).size).toBe(6);
  });

  test("tells the checks of channels which of them work", async () => {
    await using directory = await createConfigDirectory();
    const asked: string[] = [];
    const http: Http = async ({ url }) => {
      asked.push(url);
      const isGotify = url.startsWith("https://gotify.");
      return { status: isGotify ? 401 : 200, headers: {}, body: '{"id":"1","ok":true}' };
    };
    const { logged } = await deliverBy(http, directory, ["ntfy"]);
    expect(asked.filter((url) => url.startsWith("https://checks."))).toEqual([
      "https://checks.example.org/ntfy",
      "https://checks.example.org/gotify/fail",
    ]);
    expect(logged).toContain("outbox.sent: Sent 1 message from the outbox");
  });

  test("keeps what was not taken for each channel, but for a push that would be untrue later", async () => {
    await using directory = await createConfigDirectory();
    const refuse: Http = async () => ({ status: 403, headers: {}, body: "no" });
    const { kept, logged, commands } = await deliverBy(refuse, directory);
    expect(new Set(kept)).toEqual(new Set(["ntfy", "gotify", "webhook", "healthchecks"]));
    expect(logged.filter((line) => line.startsWith("message.failed: Not sent by "))).toHaveLength(5);
    // Nobody has heard of it: the system's log has to.
    expect(commands).toEqual(["logger"]);
  });
});
