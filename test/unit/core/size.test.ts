import { expect, test } from "bun:test";
import { formatBytes } from "#lib/core/size.ts";

test.each([
  [0, "0 B"],
  [512, "512 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1_395_864_371, "1.3 GiB"],
  [340 * 1024 ** 2, "340 MiB"],
  [1023.4 * 1024, "1023 KiB"],
  [1024 ** 2 - 1, "1.0 MiB"],
  [99.9 * 1024, "99.9 KiB"],
  [99.96 * 1024, "100 KiB"],
  [3 * 1024 ** 6, "3072 PiB"],
])("formatBytes() shows %d as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
