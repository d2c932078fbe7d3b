/** A certificate, signed by itself unless it is said otherwise: for the loopback names and from now on for a day, unless it is said otherwise. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The certificate's file, for a client that shall trust it. */
  readonly caFile: string;
}

export interface CertificateOptions {
  readonly days?: number;
  /** Begins so many days ago. */
  readonly ageDays?: number;
  /** As openssl writes them: `DNS:nas.example.org`. */
  readonly names?: string;
  /** The directory of the certificate that signs this one: Deno trusts none that has signed itself. */
  readonly signedBy?: string;
}

export function createCertificate(
  directory: string,
  { days = 1, ageDays = 0, names = "DNS:localhost,IP:127.0.0.1", signedBy }: CertificateOptions = {},
): Certificate {
  const [keyFile, caFile] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const { status, stderr } = spawnSync(
    "env",
    [
      ...(ageDays === 0 ? [] : ["faketime", `${ageDays} days ago`]),
      "openssl",
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        String(days),
      ],
      ...["-subj", "/CN=localhost", "-addext", `subjectAltName=${names}`],
      ...(signedBy === undefined
        ? []
        : ["-CA", join(signedBy, "cert.pem"), "-CAkey", join(signedBy, "key.pem")]),
      ...(signedBy === undefined ? [] : ["-addext", "basicConstraints=critical,CA:FALSE"]),
      ...["-keyout", keyFile, "-out", caFile],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`openssl could not make a certificate: ${stderr}`);
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(caFile, "utf8"), caFile };
}
