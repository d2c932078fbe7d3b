/** The files that a mail brings along. */

export interface MailAttachment {
  /** `text/html`. */
  readonly type: string;
  readonly name: string;
  readonly text: string;
}

export function parseAttachments(raw: string): readonly MailAttachment[] {
  const text = raw.replaceAll("\r\n", "\n");
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1];
  if (boundary === undefined) return [];
  return text.split(`--${boundary}`).flatMap((part) => {
    const [head = "", ...body] = part.trimStart().split("\n\n");
    const header = head.replaceAll(/\n[ \t]+/g, " ");
    const name = /^Content-Disposition: attachment;.*filename="?([^";\n]+)/im.exec(header)?.[1];
    const type = /^Content-Type: ([^;\n]+)/im.exec(header)?.[1] ?? "";
    const encoding = /^Content-Transfer-Encoding: (\S+)/im.exec(header)?.[1] ?? "7bit";
    return name === undefined ? [] : [{ type, name, text: decode(body.join("\n\n"), encoding) }];
  });
}

function decode(text: string, encoding: string): string {
  if (encoding === "base64") return Buffer.from(text, "base64").toString();
  if (encoding !== "quoted-printable") return text;
  const bytes = text
    .replaceAll("=\n", "")
    .replaceAll(/=([0-9A-F]{2})/gi, (_code, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
