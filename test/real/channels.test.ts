/** The channels as processes of both runtimes, against servers that behave, misbehave, or do not answer. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Delivery } from "#lib/notify/deliver.ts";
import { type Certificate, createCertificate } from "#test/support/certificate.ts";
import {
  answer,
  type Behaviour,
  drip,
  hang,
  inTurn,
  type RunningHttpServer,
  reset,
  startHttpServer,
} from "#test/support/http-server.ts";
import { hasNtfy, startNtfyServer } from "#test/support/ntfy-server.ts";
import { createSandbox, type Runtime, runtimes } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";

let directory: string;
let certificate: Certificate;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lastgood-channels-"));
  certificate = createCertificate(directory);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Deliveries by channel, and how long the whole process lived. */
async function sendChannels(runtime: Runtime, settings: Readonly<Record<string, unknown>>) {
  await using sandbox = await createSandbox();
  const startedAt = performance.now();
  const ended = await sandbox.run(runtime, "test/support/send-channels.ts", [], {
    stdin: JSON.stringify(settings),
  });
  const elapsedMs = performance.now() - startedAt;
  expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
  const deliveries: Delivery[] = JSON.parse(ended.stdout);
  return { deliveries, first: deliveries[0], elapsedMs };
}

async function withServer<Value>(behave: Behaviour, body: (server: RunningHttpServer) => Promise<Value>) {
  const server = await startHttpServer(behave);
  try {
    return await body(server);
  } finally {
    await server.close();
  }
}

describe.each(runtimes)("on %s", (runtime) => {
  test.skipIf(!hasNtfy)("every channel delivers at once, and the process ends", async () => {
    const smtp = await startSmtpServer({ security: "starttls", certificate });
    const ntfy = await startNtfyServer();
    const http = await startHttpServer(answer(200));
    try {
      const { deliveries, elapsedMs } = await sendChannels(runtime, {
        EMAIL_TO: ["admin@example.org"],
        SMTP_HOST: "127.0.0.1",
        SMTP_PORT: smtp.port,
        SMTP_SECURITY: "starttls",
        SMTP_CA_FILE: certificate.caFile,
        NTFY_URL: ntfy.url,
        NTFY_TOPIC: "all",
        WEBHOOK_URL: `${http.url}/hook`,
        HEALTHCHECKS_URL: `${http.url}/ping`,
      });
      expect(deliveries.map(({ channel, outcome, attempts }) => `${channel} ${outcome} ${attempts}`)).toEqual(
        ["email sent 1", "ntfy sent 1", "webhook sent 1", "healthchecks sent 1"],
      );
      expect(smtp.messages[0]).toMatchObject({
        subject: "[FAILED] backup-run größe on web1",
        isSecure: true,
      });
      expect(smtp.messages[0]?.text).toContain("the last line");
      const [published] = await ntfy.messages("all");
      expect(published).toMatchObject({ title: "[FAILED] backup-run größe on web1", priority: 5 });
      const paths = http.requests.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
      expect(paths.sort()).toEqual(["POST /hook", "POST /ping/2"]);
      expect(elapsedMs).toBeLessThan(10_000);
    } finally {
      await Promise.all([smtp.close(), ntfy.close(), http.close()]);
    }
  });

  test("a sendmail program gets the message on its standard input", async () => {
    await using sandbox = await createSandbox();
    const received = sandbox.path("received");
    const program = await sandbox.write("sendmail", `#!/bin/sh\n(echo "$@"; cat) >${received}\n`, 0o755);
    const { first } = await sendChannels(runtime, {
      EMAIL_TO: ["admin@example.org"],
      EMAIL_METHOD: "sendmail",
      SENDMAIL: program,
    });
    expect(first).toMatchObject({ channel: "email", outcome: "sent" });
    const lines = (await Bun.file(received).text()).split("\n");
    expect(lines[0]).toBe("-i -f lastgood@web1.example.org -- admin@example.org");
    expect(lines).toContain("Auto-Submitted: auto-generated");
    expect(lines).toContain("  the last line");
  });

  test.each<[string, Behaviour]>([
    ["500", inTurn(answer(500), answer(200))],
    ["429 with Retry-After", inTurn(answer(429, { "Retry-After": "1" }), answer(200))],
    ["a reset connection", inTurn(reset, answer(200))],
  ])("%s is tried again, under the same id", async (_what, behave) => {
    await withServer(behave, async ({ url, requests }) => {
      const { first } = await sendChannels(runtime, { WEBHOOK_URL: url });
      expect(first).toMatchObject({ outcome: "sent", attempts: 2 });
      expect(requests).toHaveLength(2);
      expect(requests[1]?.headers["x-lastgood-id"]).toBe("id-1");
      expect(requests[1]).toMatchObject({ body: requests[0]?.body ?? "none" });
    });
  });

  test("a redirect is not followed, and where it leads is said", async () => {
    await withServer(answer(200), async (target) => {
      await withServer(answer(302, { Location: `${target.url}/token` }), async ({ url, requests }) => {
        const { first } = await sendChannels(runtime, { WEBHOOK_URL: url });
        const error = `HTTP 302: redirects to ${target.url}, set that address instead`;
        expect(first).toMatchObject({ outcome: "failed", attempts: 1, error });
        expect([requests.length, target.requests.length]).toEqual([1, 0]);
      });
    });
  });

  test("an answer without end does not fill the memory, nor is waited for", async () => {
    const flood: Behaviour = (_request, response) => {
      response.writeHead(200);
      const pour = () => {
        while (response.writable && response.write("x".repeat(65_536)));
      };
      response.on("drain", pour);
      pour();
    };
    await withServer(flood, async ({ url }) => {
      const { first, elapsedMs } = await sendChannels(runtime, { WEBHOOK_URL: url });
      expect(first).toMatchObject({ outcome: "sent", attempts: 1 });
      expect(elapsedMs).toBeLessThan(10_000);
    });
  });

  test.each<[string, Behaviour]>([
    ["says nothing", hang],
    ["drips its answer", drip],
  ])("a server that %s holds nobody longer than NOTIFY_TIMEOUT", async (_what, behave) => {
    await withServer(behave, async ({ url }) => {
      const { deliveries, elapsedMs } = await sendChannels(runtime, {
        WEBHOOK_URL: url,
        NTFY_URL: url,
        NTFY_TOPIC: "x",
        NOTIFY_TIMEOUT: 1500,
      });
      for (const delivery of deliveries) {
        expect(delivery).toMatchObject({ outcome: "failed", error: "no answer within 1.5 s" });
      }
      expect(elapsedMs).toBeWithin(1500, 15_000);
    });
  });

  test("a mail server that never greets holds nobody longer than NOTIFY_TIMEOUT", async () => {
    const silent: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const { first, elapsedMs } = await sendChannels(runtime, {
      EMAIL_TO: ["admin@example.org"],
      SMTP_HOST: "127.0.0.1",
      SMTP_PORT: typeof address === "object" ? address?.port : undefined,
      NOTIFY_TIMEOUT: 1500,
    });
    silent.close();
    expect(first).toMatchObject({ outcome: "failed", error: "no answer within 1.5 s" });
    // Nor does the socket, which the server never closes.
    expect(elapsedMs).toBeWithin(1500, 6000);
  });

  test("a closed port is an error that names no secret", async () => {
    const { url } = await startHttpServer(answer(200)).then(async (server) => {
      await server.close();
      return server;
    });
    const { deliveries } = await sendChannels(runtime, {
      WEBHOOK_URL: `${url}/s3cret-path`,
      WEBHOOK_SECRET: "s3cret-key",
      EMAIL_TO: ["admin@example.org"],
      SMTP_HOST: "127.0.0.1",
      SMTP_PORT: Number(new URL(url).port),
      SMTP_USER: "u",
      SMTP_PASSWORD: "s3cret-password",
    });
    expect(deliveries.map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ["failed", 3],
      ["failed", 3],
    ]);
    expect(JSON.stringify(deliveries)).not.toContain("s3cret");
  });
});
