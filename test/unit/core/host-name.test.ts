import { expect, test } from "bun:test";
import { shortHostName } from "#lib/core/host-name.ts";

test.each([
  ["web1", "web1"],
  ["Web1.example.org", "web1"],
  ["", ""],
])("shortHostName() of %p is %p", (hostname, name) => {
  expect(shortHostName(hostname)).toBe(name);
});
