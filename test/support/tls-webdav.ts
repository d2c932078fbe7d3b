/** A WebDAV server with TLS, by `rclone serve`, whose certificate can be exchanged. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateOptions, createCertificate } from "#test/support/certificate.ts";
import { findFreePort, isOpen } from "#test/support/ports.ts";
import { waitFor } from "#test/support/wait-for.ts";

export interface TlsWebdav extends AsyncDisposable {
  /** Has the remote "served:". */
  readonly configFile: string;
  /** Trusts the certificate that is shown first, and each later one that is not `isStrange`. */
  readonly caFile: string;
  /** Serve with a new certificate. */
  readonly show: (options: CertificateOptions & { readonly isStrange?: boolean }) => Promise<void>;
}

export async function createTlsWebdav(): Promise<TlsWebdav> {
  const port = await findFreePort();
  const work = mkdtempSync(join(tmpdir(), "lastgood-webdav-"));
  const path = (name: string) => join(work, name);
  mkdirSync(path("base"));
  writeFileSync(
    path("rclone.conf"),
    `[served]\ntype = webdav\nvendor = other\nurl = https://127.0.0.1:${port}\n`,
  );
  let child: ChildProcess | undefined;
  const stop = async () => {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const ended = new Promise<void>((resolve) => running.once("exit", () => resolve()));
    running.kill("SIGKILL");
    await ended;
  };
  return {
    configFile: path("rclone.conf"),
    caFile: path("ca.pem"),
    show: async ({ isStrange = false, ...options }) => {
      await stop();
      const { cert } = createCertificate(work, options);
      if (!isStrange) writeFileSync(path("ca.pem"), cert);
      const certificate = [`--cert=${path("cert.pem")}`, `--key=${path("key.pem")}`];
      const place = [`--addr=127.0.0.1:${port}`, "--config=/dev/null", "--dir-cache-time=0"];
      child = spawn("rclone", ["serve", "webdav", path("base"), ...place, ...certificate], {
        stdio: "ignore",
        env: { PATH: process.env.PATH ?? "", HOME: work, XDG_CACHE_HOME: work },
      });
      await waitFor(() => isOpen(port), { what: "rclone to serve" });
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(work, { recursive: true, force: true });
    },
  };
}
