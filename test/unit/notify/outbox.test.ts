import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Message } from "#lib/core/message.ts";
import type { Channel, Purpose, SendResult } from "#lib/notify/channel.ts";
import { putInOutbox, redeliver } from "#lib/notify/outbox.ts";
import { createTestMessage } from "#test/support/report.ts";
import { createVirtualClock, type VirtualClock } from "#test/support/virtual-clock.ts";

const ok: SendResult = { ok: true };
const refused: SendResult = { ok: false, error: "HTTP 400", isTemporary: false };
const down: SendResult = { ok: false, error: "HTTP 502", isTemporary: true };

let top: string;
let directory: string;
let clock: VirtualClock;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "lastgood-outbox-"));
  directory = join(top, "app", "outbox");
  clock = createVirtualClock(new Date("2026-11-21T03:00:00Z"));
});
afterEach(() => rmSync(top, { recursive: true }));

/** A channel that answers by the message's id, and what it was sent. */
function createReceiver(answer: (id: string) => SendResult, name = "ntfy") {
  const received: { readonly id: string; readonly message: Message; readonly purpose: Purpose }[] = [];
  const channel: Channel = {
    name,
    notifyOn: "failure",
    send: async (message, { purpose }) => {
      received.push({ id: message.id, message, purpose });
      return answer(message.id);
    },
  };
  return { channel, received, ids: () => received.map(({ id }) => id) };
}

const put = (id: string, createdAt: string, channel = "ntfy") =>
  putInOutbox(directory, channel, { ...createTestMessage({}, id), createdAt });

const redeliverTo = (...channels: readonly Channel[]) =>
  clock.run(redeliver({ directory, channels, clock, timeoutMs: 60_000 }));

describe("putInOutbox()", () => {
  test("writes for the owner alone, one file for each message and channel", async () => {
    await put("id-1", "2026-11-21T02:05:13.000Z", "email");
    await put("id-1", "2026-11-21T02:05:13.000Z", "ntfy");
    expect(readdirSync(directory)).toHaveLength(2);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
  });
});

describe("redeliver()", () => {
  test("does nothing where there is no outbox", async () => {
    const { channel } = createReceiver(() => ok);
    expect(await redeliverTo(channel)).toEqual({ sent: 0, left: 0, notes: [] });
  });

  test("sends the oldest first, under the same id, and keeps nothing of what arrived", async () => {
    await put("id-2", "2026-11-20T02:00:00.000Z");
    await put("id-3", "2026-11-20T02:00:00.500Z");
    await put("id-1", "2026-11-19T02:00:00.000Z");
    const { channel, ids, received } = createReceiver(() => ok);
    expect(await redeliverTo(channel)).toEqual({ sent: 3, left: 0, notes: [] });
    expect(ids()).toEqual(["id-1", "id-2", "id-3"]);
    expect(received[0]?.purpose).toBe("late");
    expect(readdirSync(directory)).toEqual([]);
  });

  test("says first when the report was made", async () => {
    await put("id-1", "2026-11-19T02:00:00.000Z");
    const { channel, received } = createReceiver(() => ok);
    await redeliverTo(channel);
    const original = createTestMessage();
    const first = "Delivered late: this report was made at 2026-11-19T02:00:00.000Z.\n\n";
    expect(received[0]?.message.body).toBe(first + original.body);
    expect(received[0]?.message.summary).toBe(first + original.summary);
    expect(received[0]?.message.reportJson).toBe(original.reportJson);
  });

  test("keeps what fails, and asks a channel that is down only once", async () => {
    await put("id-1", "2026-11-19T02:00:00.000Z");
    await put("id-2", "2026-11-20T02:00:00.000Z");
    await put("id-1", "2026-11-19T02:00:00.000Z", "email");
    const ntfy = createReceiver(() => down);
    const email = createReceiver(() => ok, "email");
    expect(await redeliverTo(ntfy.channel, email.channel)).toMatchObject({ sent: 1, left: 2 });
    expect(new Set(ntfy.ids())).toEqual(new Set(["id-1"]));
    expect(await redeliverTo(createReceiver(() => ok).channel)).toMatchObject({ sent: 2, left: 0 });
  });

  test("is not held up by one message that is refused for ever", async () => {
    for (let day = 1; day <= 5; day += 1) await put(`id-${day}`, `2026-11-1${day}T02:00:00.000Z`);
    const { channel } = createReceiver((id) => (id === "id-2" ? refused : ok));
    expect(await redeliverTo(channel)).toMatchObject({ sent: 4, left: 1 });
    expect(readdirSync(directory)[0]).toContain("id-2");
  });

  test("leaves a channel alone that refuses three messages", async () => {
    for (let day = 1; day <= 5; day += 1) await put(`id-${day}`, `2026-11-1${day}T02:00:00.000Z`);
    const { channel, ids } = createReceiver(() => refused);
    expect(await redeliverTo(channel)).toMatchObject({ sent: 0, left: 5 });
    expect(ids()).toEqual(["id-1", "id-2", "id-3"]);
  });

  test("lets no channel use up the time of another", async () => {
    for (let day = 1; day <= 5; day += 1) await put(`id-${day}`, `2026-11-1${day}T02:00:00.000Z`);
    await put("id-6", "2026-11-16T02:00:00.000Z", "email");
    const never: Channel = { name: "ntfy", notifyOn: "always", send: () => new Promise(() => undefined) };
    const email = createReceiver(() => ok, "email");
    expect(await redeliverTo(never, email.channel)).toMatchObject({ sent: 1, left: 5 });
    expect(email.ids()).toEqual(["id-6"]);
  });

  test("keeps messages to a channel that is no longer configured", async () => {
    await put("id-1", "2026-11-19T02:00:00.000Z", "email");
    expect(await redeliverTo()).toMatchObject({ sent: 0, left: 1 });
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test("is over at its limit, and keeps what it did not come to", async () => {
    await put("id-1", "2026-11-19T02:00:00.000Z");
    await put("id-1", "2026-11-19T02:00:00.000Z", "email");
    const hangs = (name: string): Channel => ({
      name,
      notifyOn: "always",
      send: () => new Promise(() => undefined),
    });
    expect(await redeliverTo(hangs("ntfy"), hangs("email"))).toMatchObject({ sent: 0, left: 2 });
    expect(clock.monotonicMs()).toBe(60_000);
  });

  test("gives up after 30 days, and says so", async () => {
    await put("old", "2026-10-22T02:59:59.000Z");
    await put("young", "2026-10-22T03:00:01.000Z");
    const { channel, ids } = createReceiver(() => ok);
    const { notes } = await redeliverTo(channel);
    expect(ids()).toEqual(["young"]);
    expect(notes).toEqual([
      "Gave up on a message to ntfy of 2026-10-22T02:59:59.000Z: [FAILED] backup-run app on web1",
    ]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("keeps the newest 200, and says what it gave up", async () => {
    const minutes = Array.from({ length: 203 }, (_, index) => index);
    for (const minute of minutes) {
      await put(`id-${minute}`, new Date(Date.UTC(2026, 10, 20, 2, minute)).toISOString());
    }
    const { notes, left } = await redeliverTo();
    expect(left).toBe(200);
    expect(notes).toHaveLength(3);
    expect(notes[0]).toContain("2026-11-20T02:00:00.000Z");
    expect(readdirSync(directory)).toHaveLength(200);
  });

  test.each([
    ["cut short", (text: string) => text.slice(0, -20)],
    ["empty", () => ""],
    ["of another kind", () => '{"schema":2}'],
    ["without a subject", (text: string) => text.replace('"subject"', '"object"')],
  ])("moves a file aside that is %s, says so, and sends the others", async (_how, damage) => {
    await put("id-1", "2026-11-19T02:00:00.000Z");
    const [name = ""] = readdirSync(directory);
    const path = join(directory, name);
    writeFileSync(path, damage(readFileSync(path, "utf8")));
    await put("id-2", "2026-11-20T02:00:00.000Z");
    const { channel, ids } = createReceiver(() => ok);
    const { notes } = await redeliverTo(channel);
    expect(ids()).toEqual(["id-2"]);
    expect(notes).toEqual([`A message in the outbox was damaged and is kept as ${path}.bad`]);
    expect(readdirSync(directory)).toEqual([`${name}.bad`]);
    expect(await redeliverTo(channel)).toEqual({ sent: 0, left: 0, notes: [] });
  });

  test("passes over what a killed run left half written", async () => {
    await put("id-1", "2026-11-19T02:00:00.000Z");
    const [name = ""] = readdirSync(directory);
    renameSync(join(directory, name), join(directory, `${name}.4711.tmp`));
    const { channel } = createReceiver(() => ok);
    expect(await redeliverTo(channel)).toEqual({ sent: 0, left: 0, notes: [] });
  });

  test("passes over what another process sends meanwhile", async () => {
    await put("id-1", "2026-11-19T02:00:00.000Z");
    await put("id-2", "2026-11-20T02:00:00.000Z");
    const { channel, ids } = createReceiver(() => {
      for (const name of readdirSync(directory)) rmSync(join(directory, name));
      return ok;
    });
    expect(await redeliverTo(channel)).toEqual({ sent: 1, left: 0, notes: [] });
    expect(ids()).toEqual(["id-1"]);
  });

  test("names what it cannot read, and sends the others", async () => {
    mkdirSync(join(directory, "20260101-dir-ntfy.json"), { recursive: true });
    await put("id-1", "2026-11-19T02:00:00.000Z");
    const { channel, ids } = createReceiver(() => ok);
    const { notes } = await redeliverTo(channel);
    expect(ids()).toEqual(["id-1"]);
    expect(notes).toEqual([expect.stringMatching(/^A message in the outbox cannot be read: .*EISDIR/)]);
  });
});
