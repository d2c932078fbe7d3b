/** Servers that reach the world by a proxy alone: the environment names it, as cron's does. */
import { describe, expect, test } from "bun:test";
import { createCertificate } from "#test/support/certificate.ts";
import { startConnectProxy } from "#test/support/connect-proxy.ts";
import { answer, startHttpServer } from "#test/support/http-server.ts";
import { createJob } from "#test/support/job.ts";
import { createSandbox, runtimes } from "#test/support/sandbox.ts";

const script = "scripts/backup-run.ts";

describe.each(runtimes)("messages on %s", (runtime) => {
  test("go by the proxy that HTTPS_PROXY names, with its password, and not to what NO_PROXY names, here at an IPv6 address", async () => {
    await using sandbox = await createSandbox();
    const authority = createCertificate(sandbox.etc, { names: "DNS:authority.example.test" });
    const names = "DNS:hooks.example.test";
    const certificate = createCertificate(sandbox.home, { names, signedBy: sandbox.etc });
    const hooks = await startHttpServer(answer(200), certificate);
    const near = await startHttpServer(answer(200, {}, '{"id":"x"}'), undefined, "::1");
    await using proxy = await startConnectProxy(Number(new URL(hooks.url).port));
    const job = await createJob(sandbox, {
      WEBHOOK_URL: "https://hooks.example.test/one",
      NTFY_URL: near.url,
      NTFY_TOPIC: "backups",
    });
    const address = `http://cron:pa55w0rd@127.0.0.1:${proxy.port}`;
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--test-notifications"], {
      env: {
        HTTPS_PROXY: address,
        HTTP_PROXY: address,
        NO_PROXY: "localhost,::1",
        NODE_EXTRA_CA_CERTS: authority.caFile,
        DENO_NO_UPDATE_CHECK: "1",
      },
    });
    expect(ended).toMatchObject({ exitCode: 0, stdout: "ntfy: ✓ accepted\nwebhook: ✓ accepted\n" });
    expect([...new Set(proxy.asked)]).toEqual(["cron:pa55w0rd@hooks.example.test:443"]);
    expect(hooks.requests.map(({ path }) => path)).toEqual(["/one"]);
    expect(near.requests).toHaveLength(1);
    await Promise.all([hooks.close(), near.close()]);
  });

  test("of https go past a proxy that only HTTP_PROXY names", async () => {
    await using sandbox = await createSandbox();
    const authority = createCertificate(sandbox.etc, { names: "DNS:authority.example.test" });
    const certificate = createCertificate(sandbox.home, { names: "IP:127.0.0.1", signedBy: sandbox.etc });
    const hooks = await startHttpServer(answer(200), certificate);
    await using proxy = await startConnectProxy(Number(new URL(hooks.url).port));
    const job = await createJob(sandbox, { WEBHOOK_URL: hooks.url });
    const ended = await sandbox.run(runtime, script, ["--config", job.config, "--test-notifications"], {
      env: {
        HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
        NODE_EXTRA_CA_CERTS: authority.caFile,
        DENO_NO_UPDATE_CHECK: "1",
      },
    });
    await hooks.close();
    expect(ended).toMatchObject({ exitCode: 0, stdout: "webhook: ✓ accepted\n" });
    expect(proxy.asked).toEqual([]);
    expect(hooks.requests).toHaveLength(1);
  });
});
