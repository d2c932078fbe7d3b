import { expect, test } from "bun:test";
import { findTlsAddress } from "#lib/core/rclone-address.ts";

const dump = JSON.stringify({
  nas: { type: "webdav", url: "https://nas.example.org:8443/dav", pass: "x" },
  cloud: { type: "webdav", url: "https://cloud.example.org/remote.php/dav" },
  six: { type: "webdav", url: "https://[::1]:444/" },
  plain: { type: "webdav", url: "http://nas.example.org/" },
  s3: { type: "s3", provider: "Minio", endpoint: "https://minio.example.org:9000" },
  amazon: { type: "s3", provider: "AWS", endpoint: "" },
  sealed: { type: "crypt", remote: "nas:sealed" },
  round: { type: "alias", remote: "round:" },
  local: { type: "alias", remote: "/mnt/nas" },
});

test.each([
  ["nas:backups", "nas.example.org:8443"],
  ["nas,timeout=5s:backups", "nas.example.org:8443"],
  ["cloud:", "cloud.example.org:443"],
  ["six:x", "::1:444"],
  ["s3:bucket/x", "minio.example.org:9000"],
  ["sealed:", "nas.example.org:8443"],
  ["plain:", undefined],
  ["amazon:bucket", undefined],
  ["round:", undefined],
  ["local:", undefined],
  ["unknown:", undefined],
  [":local:/mnt/nas", undefined],
])("findTlsAddress() of %j is %p", (remote, expected) => {
  const found = findTlsAddress(dump, remote);
  expect(found === undefined ? undefined : `${found.host}:${found.port}`).toBe(expected);
});

test.each(["", "{", "[]", '{"nas": 1}'])("findTlsAddress() finds nothing in %j", (text) => {
  expect(findTlsAddress(text, "nas:")).toBeUndefined();
});
