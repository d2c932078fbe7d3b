/** Enough of RFC 5322 and MIME to read what a test has received: one text part, encoded headers. */

export interface ParsedMail {
  /** As sent. */
  readonly raw: string;
  /** Unfolded and decoded, by name in lower case; the first where a name repeats. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly subject: string;
  readonly text: string;
}

export function parseMail(raw: string): ParsedMail {
  const [head = "", ...rest] = raw.replaceAll("\r\n", "\n").split("\n\n");
  const headers: Record<string, string | undefined> = {};
  for (const line of head.replaceAll(/\n[ \t]+/g, " ").split("\n")) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] ??= decodeWords(line.slice(colon + 1).trim());
  }
  const text = decodeBody(rest.join("\n\n"), headers["content-transfer-encoding"] ?? "7bit");
  return { raw, headers, subject: headers["subject"] ?? "", text };
}

function decodeWords(value: string): string {
  return value
    .replaceAll(/(=\?[^?]+\?[QqBb]\?[^?]*\?=)\s+(?==\?)/g, "$1")
    .replaceAll(/((?:=\?utf-8\?Q\?[^?]*\?=)+)/gi, (run) => {
      const words = run.replaceAll(/=\?utf-8\?Q\?|\?=/gi, "");
      return decodeQuotedPrintable(words.replaceAll("_", " "));
    })
    .replaceAll(/=\?utf-8\?B\?([^?]*)\?=/gi, (_word, base64) => Buffer.from(base64, "base64").toString());
}

function decodeBody(body: string, encoding: string): string {
  if (encoding === "quoted-printable") return decodeQuotedPrintable(body);
  return encoding === "base64" ? Buffer.from(body, "base64").toString() : body;
}

function decodeQuotedPrintable(text: string): string {
  const bytes = text
    .replaceAll("=\n", "")
    .replaceAll(/=([0-9A-F]{2})/gi, (_code, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
