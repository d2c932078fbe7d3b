import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { createRedactor, createSecret, isSecret } from "#lib/core/secret.ts";

const text = 'p+ss/w"rd ü?>~o?';

describe("createSecret()", () => {
  const secret = createSecret(text);

  test("gives its text to whoever asks for it by name", () => {
    expect(secret.reveal()).toBe(text);
  });

  test.each([
    ["String()", String(secret)],
    ["a template", `${secret}`],
    ["JSON", JSON.stringify({ secret })],
    ["inspect", inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
    ["Bun.inspect", Bun.inspect({ secret })],
  ])("shows *** and nothing else to %s", (_, shown) => {
    expect(shown).toContain("***");
    expect(shown).not.toContain("rd ü");
  });

  test("cannot be made to tell by replacing its methods", () => {
    expect(() => Object.assign(secret, { toString: () => secret.reveal() })).toThrow();
  });

  test("is recognised, and a text is not", () => {
    expect(isSecret(secret)).toBe(true);
    expect(isSecret(text)).toBe(false);
    expect(isSecret(null)).toBe(false);
    expect(isSecret({})).toBe(false);
  });
});

describe("createRedactor()", () => {
  const redact = createRedactor([createSecret(text)]);
  const basic = (user: string) => Buffer.from(`${user}:${text}!`).toString("base64");

  test.each([
    ["as it is", text],
    ["percent-encoded", encodeURIComponent(text)],
    [
      "percent-encoded in small letters",
      encodeURIComponent(text).replace(/%\w\w/g, (code) => code.toLowerCase()),
    ],
    ["as a form field", encodeURIComponent(text).replaceAll("%20", "+")],
    ["in JSON", JSON.stringify(text).slice(1, -1)],
    ["in base64", Buffer.from(text).toString("base64").replace(/=+$/, "")],
    ["in base64url", Buffer.from(text).toString("base64url")],
  ])("masks the secret %s", (_, form) => {
    expect(redact(`before ${form} and ${form}.`)).toBe("before *** and ***.");
  });

  test.each(["", "a", "ab", "abc"])("masks it in base64 behind the user %j", (user) => {
    const redacted = redact(`Authorization: Basic ${basic(user)}`);
    expect(redacted).toContain("***");
    const rest = redacted.replace(/^.* /, "");
    expect(rest.length - "***".length).toBeLessThanOrEqual(12);
  });

  test("masks a secret whole that begins with another one", () => {
    const both = createRedactor([createSecret("open"), createSecret("opensesame")]);
    expect(both("opensesame, open")).toBe("***, ***");
  });

  test("leaves secrets of fewer than four characters: they would mask every text", () => {
    expect(createRedactor([createSecret("abc")])("abcd")).toBe("abcd");
    expect(createRedactor([createSecret("abcd")])("abcde")).toBe("***e");
    expect(createRedactor([createSecret("")])("a")).toBe("a");
  });

  test("leaves no occurrence of any secret in any text", () => {
    const anySecret = fc.string({ minLength: 4, maxLength: 12, unit: "binary" });
    fc.assert(
      fc.property(anySecret, fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!"***".includes(secret) && !secret.includes("*"));
        const around = `${before}|${after}`;
        fc.pre(!around.includes(secret));
        const redacted = createRedactor([createSecret(secret)])(`${before}|${secret}|${after}`);
        expect(redacted.includes(secret)).toBe(false);
      }),
    );
  });
});

test("createRedactor() masks path and query of a secret URL by themselves, as a server says them back", () => {
  const redact = createRedactor([createSecret("https://example.org/services/T0/B0?token=0123456789")]);
  expect(redact("Cannot POST /services/T0/B0?token=0123456789")).toBe("Cannot POST ******");
  expect(redact("Cannot POST /services/T0/B0/start?rid=1")).toBe("Cannot POST ***/start?rid=1");
});

test("createRedactor() leaves a short path of a secret URL, which is a part of too much else", () => {
  const redact = createRedactor([createSecret("https://example.org/backup")]);
  expect(redact("/mnt/backup/web1")).toBe("/mnt/backup/web1");
  expect(redact("Cannot reach https://example.org/backup")).toBe("Cannot reach ***");
});
