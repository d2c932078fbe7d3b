import { expect, test } from "bun:test";
import { recallRun } from "#lib/core/unit-journal.ts";

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
