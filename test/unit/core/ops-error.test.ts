import { describe, expect, test } from "bun:test";
import { access } from "node:fs/promises";
import { isForeseen, OpsError } from "#lib/core/ops-error.ts";

describe("isForeseen()", () => {
  test("knows our own failures and those of the system", async () => {
    expect(isForeseen(new OpsError("x", { outcome: "failed" }))).toBe(true);
    expect(isForeseen(await access("/nowhere").catch((error: unknown) => error))).toBe(true);
    expect(isForeseen(Object.assign(new Error("x"), { code: "ENOSPC" }))).toBe(true);
  });

  test("takes all else for a bug", () => {
    const codes = ["ERR_INVALID_ARG_TYPE", "ERR_STREAM_DESTROYED", "E", ""];
    const errors = codes.map((code) => Object.assign(new TypeError("x"), { code }));
    for (const error of [...errors, new Error("x"), "x", undefined]) expect(isForeseen(error)).toBe(false);
  });
});
