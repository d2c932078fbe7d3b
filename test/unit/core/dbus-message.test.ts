import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { dbusMessageLength, decodeDbusMessage, encodeDbusCall } from "#lib/core/dbus-message.ts";
import { createDbusReader } from "#lib/core/dbus-reader.ts";

const call = {
  path: "/org/freedesktop/systemd1",
  interface: "org.freedesktop.systemd1.Manager",
  member: "StartUnit",
};

describe("encodeDbusCall()", () => {
  test("makes what decodeDbusMessage() reads, of texts and lists of any length", () => {
    const args = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.string({ unit: "binary" }))), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(args, fc.integer({ min: 1, max: 2 ** 32 - 1 }), (given, serial) => {
        const clean = given.map((arg) => (typeof arg === "string" ? toWell(arg) : arg.map(toWell)));
        const bytes = encodeDbusCall(
          { ...call, destination: "org.freedesktop.systemd1", args: clean },
          serial,
        );
        expect(dbusMessageLength(bytes)).toBe(bytes.length);
        expect(decodeDbusMessage(bytes)).toMatchObject({ kind: "call", ...call, body: clean });
      }),
    );
  });

  test("makes the bytes of the specification", () => {
    const bytes = encodeDbusCall({ path: "/a", interface: "b.c", member: "D", args: ["x"] }, 1);
    const hex = Buffer.from(bytes).toString("hex");
    expect(hex).toBe(
      "6c01000106000000010000003700000001016f00020000002f6100000000000002017300030000" +
        "00622e630000000000030173000100000044000000000000000801670001730000" +
        "010000007800",
    );
  });
});

describe("decodeDbusMessage()", () => {
  test("reads values in either byte order", () => {
    const little = "07000000020000002f6a0000010000007500000004000000646f6e6500";
    const big = "00000007000000022f6a0000000000017500000000000004646f6e6500";
    const read = (hex: string, isLittle: boolean) =>
      createDbusReader(Buffer.from(hex, "hex"), 0, isLittle).readAll("uoss");
    expect(read(little, true)).toEqual([7, "/j", "u", "done"]);
    expect(read(big, false)).toEqual([7, "/j", "u", "done"]);
  });

  test("reads every type, containers and variants", () => {
    const bytes = Buffer.alloc(256);
    bytes.writeUInt32LE(5, 0);
    expect(createDbusReader(bytes, 0, true).readAll("(yb)")).toEqual([[5, false]]);
    expect(createDbusReader(Buffer.alloc(64), 0, true).readAll("ynqbiuxtd")).toEqual([
      0,
      0,
      0,
      false,
      0,
      0,
      0n,
      0n,
      0,
    ]);
    expect(createDbusReader(Buffer.alloc(64), 0, true).readAll("a{sv}a(sa(ub))as")).toEqual([[], [], []]);
  });

  test.each([
    ["a text beyond the message", "ff00000041", "s"],
    ["an array beyond the message", "ffffff7f", "au"],
    ["an array of nothing", "08000000000000000000000000000000", "a()"],
    ["an array that ends within an element", "0300000001000000", "au"],
    ["an unknown type", "00000000", "Z"],
    ["a struct that is not closed", "0000000000000000", "(ss"],
    ["variants within variants without end", "01760001".repeat(200), "v"],
  ])("refuses %s", (_, hex, signature) => {
    expect(() => createDbusReader(Buffer.from(hex, "hex"), 0, true).readAll(signature)).toThrow();
  });

  test("refuses or reads any bytes, and comes to an end", () => {
    const good = encodeDbusCall({ ...call, args: ["a", ["b", "c"]] }, 1);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const bytes = Uint8Array.from(good);
        bytes[at] = value;
        try {
          const length = dbusMessageLength(bytes);
          if (length !== undefined && length <= bytes.length) decodeDbusMessage(bytes.subarray(0, length));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("dbusMessageLength() waits for enough bytes, and refuses what is too long", () => {
    const good = encodeDbusCall(call, 1);
    expect(dbusMessageLength(good.subarray(0, 15))).toBeUndefined();
    const long = Uint8Array.from(good);
    long[7] = 0x7f;
    expect(() => dbusMessageLength(long)).toThrow("longer than the protocol allows");
  });
});

/** Lone surrogates have no bytes in UTF-8, and a NUL ends a text of D-Bus. */
function toWell(text: string): string {
  return text.toWellFormed().replaceAll("\0", "");
}
