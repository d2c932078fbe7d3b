/** A certificate for the loopback names, signed by itself and valid for a day. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The certificate's file, for a client that shall trust it. */
  readonly caFile: string;
}

export function createCertificate(directory: string): Certificate {
  const [keyFile, caFile] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const { status, stderr } = spawnSync(
    "openssl",
    [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
      ],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
      ...["-keyout", keyFile, "-out", caFile],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`openssl could not make a certificate: ${stderr}`);
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(caFile, "utf8"), caFile };
}
