import { describe, expect, test } from "bun:test";
import { isPrivateKeyName, privateKeyPattern } from "#lib/core/private-keys.ts";

describe("isPrivateKeyName()", () => {
  test.each([
    "/etc/nginx/ssl/shop.key",
    "/etc/nginx/SHOP.KEY",
    "/etc/nginx/privkey.pem",
    "/etc/nginx/privkey1.pem",
    "/etc/ssl/private/anything",
    "/etc/apache2/store.p12",
    "/etc/default/ssh_host_rsa_key",
  ])("is true of %s", (path) => expect(isPrivateKeyName(path)).toBe(true));

  test.each([
    "/etc/nginx/fullchain.pem",
    "/etc/nginx/private-network.conf",
    "/etc/nginx/monkey.conf",
    "/etc/apt/keyrings/docker.asc",
    "/etc/default/keyboard",
    "/etc/default/ssh_host_rsa_key.pub",
  ])("is false of %s", (path) => expect(isPrivateKeyName(path)).toBe(false));
});

describe("privateKeyPattern", () => {
  test.each(["", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH ", "PGP "])(
    'finds "-----BEGIN %sPRIVATE KEY"',
    (kind) => {
      expect(`-----BEGIN ${kind}PRIVATE KEY-----`).toMatch(new RegExp(privateKeyPattern));
    },
  );

  test.each(["CERTIFICATE", "PUBLIC KEY", "PGP PUBLIC KEY BLOCK"])('passes over "-----BEGIN %s"', (kind) => {
    expect(`-----BEGIN ${kind}-----`).not.toMatch(new RegExp(privateKeyPattern));
  });
});
