/** A real SMTP server on the loopback, which keeps what it is given. */
import { SMTPServer } from "smtp-server";
import type { Certificate } from "#test/support/certificate.ts";
import { type ParsedMail, parseMail } from "#test/support/parse-mail.ts";
import { waitFor } from "#test/support/wait-for.ts";

export interface ReceivedMail extends ParsedMail {
  /** Of the envelope. */
  readonly from: string;
  readonly to: readonly string[];
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /** Who had logged in. */
  readonly user: string | undefined;
}

export interface SmtpServerOptions {
  /** Default "none": TLS is not offered. "starttls" takes no mail without it, "offered" does. */
  readonly security?: "none" | "offered" | "starttls" | "tls";
  /** For all but "none". */
  readonly certificate?: Certificate;
  /** Nobody may send without logging in as this user. */
  readonly account?: { readonly user: string; readonly password: string };
  /** SMTP code for a message that is not accepted, "never" for no answer at all; undefined accepts it. */
  readonly refuse?: (mail: ReceivedMail) => number | "never" | undefined;
  readonly refuseRecipient?: (address: string) => number | undefined;
}

export interface RunningSmtpServer {
  readonly port: number;
  /** Everything accepted so far, oldest first. */
  readonly messages: readonly ReceivedMail[];
  readonly waitForMessage: (predicate: (mail: ReceivedMail) => boolean) => Promise<ReceivedMail>;
  readonly close: () => Promise<void>;
}

export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<RunningSmtpServer> {
  const { security = "none", certificate, account } = options;
  const messages: ReceivedMail[] = [];
  const server = new SMTPServer({
    secure: security === "tls",
    ...(certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert }),
    logger: false,
    authOptional: account === undefined,
    allowInsecureAuth: security === "none",
    disabledCommands: security === "starttls" || security === "offered" ? [] : ["STARTTLS"],
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, done) => {
      if (username === account?.user && password === account?.password) return done(null, { user: username });
      done(answer(535, "Not you"));
    },
    onMailFrom: (_address, session, done) => {
      done(security === "starttls" && !session.secure ? answer(530, "STARTTLS first") : null);
    },
    onRcptTo: ({ address }, _session, done) => {
      const code = options.refuseRecipient?.(address);
      done(code === undefined ? null : answer(code, `Nobody is called ${address}`));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail: ReceivedMail = {
          ...parseMail(Buffer.concat(chunks).toString()),
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          isSecure: session.secure,
          user: session.user,
        };
        const code = options.refuse?.(mail);
        if (code === "never") return;
        if (code === undefined) messages.push(mail);
        done(code === undefined ? null : answer(code, "Refused by the test"));
      });
    },
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("The SMTP server has no port");
  return {
    port: address.port,
    messages,
    waitForMessage: (predicate) => waitFor(() => messages.find(predicate), { what: "a mail" }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function answer(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
