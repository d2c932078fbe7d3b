import { expect, test } from "bun:test";
import { rcloneHint } from "#lib/core/rclone-words.ts";

test.each([
  // As rclone 1.60 says it of OpenSSH's server on a full disk, of its own server, and of a full disk here.
  ['Failed to copyto: Update ReadFrom failed: sftp: "Failure" (SSH_FX_FAILURE)', "rclone about"],
  ["Failed to copyto: Update ReadFrom failed: io: read/write on closed pipe", "rclone about"],
  ['Failed to purge: failed to rmdir: sftp: "Failure" (SSH_FX_FAILURE)', "symlink"],
  ["Failed to copyto: write /x: no space left on device", "Free space there"],
])("rcloneHint() of a full disk, said as %j, sends to its room", (words, hint) => {
  expect(rcloneHint(words, 1)).toContain(hint);
});
