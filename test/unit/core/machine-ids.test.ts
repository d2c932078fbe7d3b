import { expect, test } from "bun:test";
import { isOtherMachine, machineMark } from "#lib/core/machine-ids.ts";

const machine = { machineId: "11111111aaaa", hardwareId: "22222222bbbb", formerIds: ["33333333cccc"] };

test("machineMark() ends with no dot, whatever is known: some servers cut that off a name", () => {
  const { machineId, hardwareId } = machine;
  const marks = [{ machineId, hardwareId }, { machineId }, { hardwareId }, {}].map(machineMark);
  expect(marks).toEqual(["11111111.22222222", "11111111", ".22222222", ""]);
});

test.each([
  ["11111111.22222222", false],
  // Of a user whom the firmware does not tell who it is, and of another version.
  ["11111111", false],
  ["11111111.", false],
  ["", false],
  // Before it was reinstalled, and before it was moved.
  ["33333333.22222222", false],
  ["11111111.33333333", false],
  ["44444444", true],
  ["11111111.44444444", true],
  [".44444444", true],
])('isOtherMachine("%s") is %p', (mark, isOther) => {
  expect(isOtherMachine(mark, machine)).toBe(isOther);
});

test("isOtherMachine() compares nothing with an id that this machine does not know", () => {
  expect(isOtherMachine("11111111.44444444", { machineId: "11111111aaaa", formerIds: [] })).toBe(false);
});
