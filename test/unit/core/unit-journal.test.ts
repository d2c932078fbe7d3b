import { expect, test } from "bun:test";
import { entriesOfRun, messageOf, recallRun } from "#lib/core/unit-journal.ts";

const succeeded = { MESSAGE_ID: "7ad2d189f7e94e70a38c781354912448" };
const failed = { MESSAGE_ID: "d9b373ed55a64feb8242e02dbe79a49c", UNIT_RESULT: "exit-code" };
const exited = { MESSAGE_ID: "98e322203f7a4ed290d09fe03c09fe15", EXIT_CODE: "exited", EXIT_STATUS: "3" };
const said = { MESSAGE: "copied 3 files" };

test("recallRun() tells a success, a failure with its status, and a success with a status of its own", () => {
  expect(recallRun([said, succeeded])).toEqual({ result: "success", exitStatus: 0 });
  expect(recallRun([said, exited, failed])).toEqual({ result: "exit-code", exitStatus: 3 });
  expect(recallRun([said, exited, succeeded])).toEqual({ result: "success", exitStatus: 3 });
});

test("recallRun() knows nothing of a run whose end is not there", () => {
  expect(recallRun([])).toBeUndefined();
  expect(recallRun([said, exited])).toBeUndefined();
});

test("recallRun() takes a failure without words for one", () => {
  expect(recallRun([{ ...failed, UNIT_RESULT: [1] }])).toEqual({ result: "failed", exitStatus: 0 });
});

test("entriesOfRun() takes what names the run, and what stands between and names none", () => {
  const of = (id: string | undefined, MESSAGE: string) => ({
    MESSAGE,
    ...(id && { _SYSTEMD_INVOCATION_ID: id }),
  });
  const entries = [
    of("a", "of the run before"),
    of(undefined, "too short a life before"),
    { MESSAGE: "Starting", INVOCATION_ID: "b" },
    of(undefined, "too short a life"),
    of("c", "of another"),
    of("b", "its own"),
    { MESSAGE: "Failed", USER_INVOCATION_ID: "b" },
    of(undefined, "after it"),
  ];
  const messages = entriesOfRun(entries, "b").map(messageOf);
  expect(messages).toEqual(["Starting", "too short a life", "its own", "Failed"]);
  expect(entriesOfRun(entries, "x")).toEqual([]);
});

test("messageOf() reads text, bytes, and nothing", () => {
  expect(messageOf({ MESSAGE: "a" })).toBe("a");
  expect(messageOf({ MESSAGE: [97, 0xff, 98] })).toBe("a\uFFFDb");
  expect(messageOf({ MESSAGE: null })).toBe("");
});
