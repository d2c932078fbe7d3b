/**
 * Values that must not be printed, and texts from which they are taken out.
 *
 * A secret's text lives in a closure: no way of printing, copying or serialising the value can reach it but `reveal()`.
 */
import { Buffer } from "node:buffer";

export interface Secret {
  readonly reveal: () => string;
  readonly toString: () => string;
  readonly toJSON: () => string;
}

const mask = "***";

export function createSecret(text: string): Secret {
  const show = () => mask;
  return Object.freeze({
    reveal: () => text,
    toString: show,
    toJSON: show,
    [Symbol.for("nodejs.util.inspect.custom")]: show,
    [Symbol.for("Deno.customInspect")]: show,
  });
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && "reveal" in value;
}

/** Shorter ones would mask half of every text, and cannot be kept secret anyway. */
const minSecretLength = 4;

/** A function that masks every occurrence of the secrets in a text, in plain and in the forms in which they travel. */
export function createRedactor(secrets: readonly Secret[]): (text: string) => string {
  const forms = secrets
    .map((secret) => secret.reveal())
    .filter((text) => text.length >= minSecretLength)
    .flatMap((text) => [text, ...listUrlParts(text)])
    .flatMap(listForms);
  if (forms.length === 0) return (text) => text;
  // Longest first: a secret that begins with another one must not leave its end behind.
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escapePattern).join("|"), "g");
  return (text) => text.replace(pattern, mask);
}

/** A shorter path, such as `/backup`, is a part of too much else, and not what makes its URL a secret. */
const minUrlPartLength = 12;

/** What of a URL a server may say back: it knows the path that was asked for, and not by which name it was reached. */
function listUrlParts(text: string): string[] {
  if (!/^https?:/.test(text) || !URL.canParse(text)) return [];
  const { pathname, search } = new URL(text);
  return [pathname, search].filter((part) => part.length >= minUrlPartLength);
}

function listForms(text: string): string[] {
  const percent = encodeURIComponent(text.toWellFormed());
  const json = JSON.stringify(text).slice(1, -1);
  return [
    text,
    json,
    percent,
    percent.replaceAll("%20", "+"),
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ...listBase64Forms(text),
  ];
}

/** A shifted form of fewer letters is too likely to be a part of something else. */
const minShiftedLength = 8;

/**
 * Base64 writes three bytes as four letters, so what stands before the secret (`user:` in an Authorization header) decides
 * among three forms. Letters that mix in a neighbour's bits are left out of them.
 */
function listBase64Forms(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  const shifted = [1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const isWhole = (shift + bytes.length) % 3 === 0;
    return encoded.slice(shift + 1, isWhole ? undefined : -1);
  });
  const aligned = bytes.toString("base64").replace(/=+$/, "");
  const open = bytes.length % 3 === 0 ? aligned : aligned.slice(0, -1);
  const forms = [aligned, ...[open, ...shifted].filter((form) => form.length >= minShiftedLength)];
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
