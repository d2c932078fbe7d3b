/** Secrets reach those for whom they are meant from wherever they come, and nobody else: looked for while they are used. */
import { describe, expect, test } from "bun:test";
import { createHmac, randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, type Runtime, runtimes, type Sandbox } from "#test/support/sandbox.ts";
import { startSmtpServer } from "#test/support/smtp-server.ts";

const script = "scripts/backup-run.ts";
/** The one service that wants its secrets in the body. */
const pushoverPath = "/1/messages.json";

/** Arguments and environment of every process. */
function everyProcess(): string {
  const paths = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  return paths.map(readIfThere).join("\n");
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // It ended while it was looked at.
    return "";
  }
}

/** Every file of the sandbox but those of the admin. */
function everyFile(sandbox: Sandbox): string {
  return readdirSync(sandbox.directory, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("etc/") && statSync(sandbox.path(name)).isFile())
    .map((name) => `${name}\n${readFileSync(sandbox.path(name), "latin1")}`)
    .join("\n");
}

/** Servers that want secrets, a job that has them, and what everybody saw. */
async function createStage(sandbox: Sandbox, status: number) {
  const mark = randomUUID().slice(0, 13);
  const processes: string[] = [];
  const http = await startHttpServer(({ path, headers }, response) => {
    processes.push(everyProcess());
    const said = `You sent ${headers["authorization"] ?? headers["x-gotify-key"]} to ${path}`;
    // What each of the services says when it has taken a message.
    const taken = { ok: true, status: 1, event_id: "$1", id: path === "/message" ? 1 : "1", said };
    response.writeHead(status).end(status === 200 ? JSON.stringify(taken) : said);
  });
  const secrets = {
    SMTP_PASSWORD: `pw '#${mark}`,
    NTFY_TOKEN: `tk_${mark}`,
    WEBHOOK_URL: `${http.url}/hook/${mark}`,
    WEBHOOK_SECRET: `key/${mark}+`,
    HEALTHCHECKS_URL: `${http.url}/ping/${mark}`,
    PUSHOVER_USER_KEY: `user${mark}`,
    PUSHOVER_API_TOKEN: `app${mark}`,
    TELEGRAM_BOT_TOKEN: `1:${mark}`,
    MATRIX_ACCESS_TOKEN: `syt_${mark}`,
    GOTIFY_TOKEN: `A${mark}`,
    UPTIME_KUMA_URL: `${http.url}/api/push/${mark}?status=up`,
  };
  const smtp = await startSmtpServer({ account: { user: "me", password: secrets.SMTP_PASSWORD } });
  const plain = {
    NOTIFY_ON: "always",
    EMAIL_TO: "admin@example.org",
    SMTP_HOST: "127.0.0.1",
    SMTP_PORT: String(smtp.port),
    SMTP_SECURITY: "none",
    SMTP_USER: "me",
    NTFY_URL: http.url,
    NTFY_TOPIC: "backups",
    PUSHOVER_URL: http.url,
    TELEGRAM_URL: http.url,
    TELEGRAM_CHAT_ID: "1",
    MATRIX_HOMESERVER: http.url,
    MATRIX_ROOM_ID: "!r:example.org",
    GOTIFY_URL: http.url,
  };
  // The journal of a run that goes on, and every child of it by the mark that it bears.
  const children = sandbox.path("children");
  await sandbox.fake(
    "zstd",
    `#!/bin/sh
cp ${sandbox.path("state/app/journal.json")} ${sandbox.path("journal-of-then")} 2>/dev/null
for p in /proc/[0-9]*; do
  grep -qz '^LASTGOOD_RUN=' "$p/environ" 2>/dev/null && cat "$p/cmdline" "$p/environ" >>${children} 2>/dev/null
done
exec /usr/bin/zstd "$@"
`,
  );
  // What no channel takes goes to the system's log.
  await sandbox.fake("logger", `#!/bin/sh\necho "$@" >>${sandbox.path("syslog")}\n`);
  const close = () => Promise.all([http.close(), smtp.close()]);
  return { mark, secrets, plain, http, smtp, processes, children, close };
}

type Stage = Awaited<ReturnType<typeof createStage>>;

/** Whether each receiver was convinced. */
function expectUsed({ http, smtp, secrets, mark }: Stage): void {
  expect(smtp.messages.map(({ user }) => user)).toEqual(["me"]);
  const find = (path: string) => http.requests.find((request) => request.path.startsWith(path));
  const hook = find(`/hook/${mark}`);
  const hmac = createHmac("sha256", secrets.WEBHOOK_SECRET)
    .update(hook?.body ?? "")
    .digest("hex");
  expect(hook?.headers["x-lastgood-signature"]).toBe(`sha256=${hmac}`);
  expect(find(`/ping/${mark}/start`)).toBeDefined();
  expect(find(`/ping/${mark}/0`)).toBeDefined();
  const ntfy = http.requests.find(({ path }) => path === "/");
  expect(ntfy?.headers["authorization"]).toBe(`Bearer ${secrets.NTFY_TOKEN}`);
  expect(JSON.parse(find(pushoverPath)?.body ?? "{}")).toMatchObject({
    user: secrets.PUSHOVER_USER_KEY,
    token: secrets.PUSHOVER_API_TOKEN,
  });
  expect(find(`/bot1:${mark}/sendMessage`)).toBeDefined();
  expect(find("/_matrix/")?.headers["authorization"]).toBe(`Bearer ${secrets.MATRIX_ACCESS_TOKEN}`);
  expect(find("/message")?.headers["x-gotify-key"]).toBe(secrets.GOTIFY_TOKEN);
  expect(find(`/api/push/${mark}?status=up&msg=`)).toBeDefined();
}

function run(sandbox: Sandbox, runtime: Runtime, config: string, env: Record<string, string> = {}) {
  return sandbox.run(runtime, script, ["--config", config, "--json", "--verbose"], { env });
}

describe.each(runtimes)("Secrets of a run on %s", (runtime) => {
  test.each([
    ["in the configuration", ""],
    ["in files of their own", "_FILE"],
    ["from commands", "_COMMAND"],
  ])("%s are used, and seen nowhere", async (_where, suffix) => {
    await using sandbox = await createSandbox();
    const stage = await createStage(sandbox, 200);
    const settings: Record<string, string> = { ...stage.plain };
    for (const [key, value] of Object.entries(stage.secrets)) {
      const file = await sandbox.write(`etc/${key}`, `${value}\n`, 0o600);
      settings[key + suffix] = { "": value, _FILE: file, _COMMAND: `cat '${file}'` }[suffix] ?? "";
    }
    const job = await createJob(sandbox, settings);
    const ended = await run(sandbox, runtime, job.config);
    await stage.close();
    expect(ended.exitCode).toBe(0);
    expectUsed(stage);
    expect(stage.processes.join("\n")).toContain("LASTGOOD_GUARDIAN=");
    expect(readFileSync(stage.children, "latin1")).toContain("--sort=name");
    const bodies = stage.http.requests
      .filter(({ path }) => path !== pushoverPath)
      .map(({ body }) => body)
      .join("\n");
    const mails = stage.smtp.messages.map(({ raw, text }) => raw + text).join("\n");
    const files = everyFile(sandbox);
    for (const word of ["journal-of-then", "manifest.json", "backup-run.log", "status.json"]) {
      expect(files).toContain(word);
    }
    for (const seen of [...stage.processes, bodies, mails, files, ended.stdout, ended.stderr]) {
      expect(seen.includes(stage.mark)).toBe(false);
    }
  });

  test("from the environment are used, and no child inherits them", async () => {
    await using sandbox = await createSandbox();
    const stage = await createStage(sandbox, 200);
    const job = await createJob(sandbox, stage.plain);
    const ended = await run(sandbox, runtime, job.config, stage.secrets);
    await stage.close();
    expect(ended.exitCode).toBe(0);
    expectUsed(stage);
    expect(readFileSync(stage.children, "latin1")).toContain("--sort=name");
    expect((everyFile(sandbox) + ended.stdout + ended.stderr).includes(stage.mark)).toBe(false);
  });

  test("that a server sends back in its refusal are masked in logs, outbox and the system's log", async () => {
    await using sandbox = await createSandbox();
    const stage = await createStage(sandbox, 403);
    const job = await createJob(sandbox, {
      ...stage.plain,
      ...stage.secrets,
      SMTP_PASSWORD: `not ${stage.mark}`,
      APP_MIN_MB: "5",
    });
    const ended = await run(sandbox, runtime, job.config);
    await stage.close();
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("HTTP 403 You sent Bearer ***");
    const files = everyFile(sandbox);
    expect(readdirSync(sandbox.path("state/app/outbox"))).not.toEqual([]);
    expect(readFileSync(sandbox.path("syslog"), "utf8")).toContain("[FAILED] backup-run app on web1");
    expect((files + ended.stdout + ended.stderr).includes(stage.mark)).toBe(false);
  });
});
