import { expect, test } from "bun:test";
import { sshHint, sshReason } from "#lib/core/ssh-words.ts";

const changed = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for nas has changed and you have requested strict checking.
Host key verification failed.
`;

test("sshReason() names a host key that has changed, not what follows from it", () => {
  expect(sshReason(changed)).toBe("WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!");
  expect(sshHint(changed)).toContain("never accepted unseen");
});

test("sshReason() is the last thing that was said, and nothing when nothing was", () => {
  expect(sshReason("Warning: Permanently added 'x'\nmkdir: no\ncat: yes\n\n")).toBe("cat: yes");
  expect(sshReason("")).toBe("");
});

test.each([
  ["nobody@nas: Permission denied (publickey,password).", "authorized_keys"],
  ["cat: can't create 'x': Permission denied", "owner and mode"],
  ["ssh: connect to host nas port 22: Connection refused", "Is sshd running"],
  ["ssh: connect to host nas port 22: Connection timed out", "Is the host up"],
  ["ssh: connect to host nas port 22: No route to host", "Is the host up"],
  ["ssh: Could not resolve hostname nas: Name or service not known", "name server"],
  ["Timeout, server nas not responding.", "The connection was lost"],
  ["client_loop: send disconnect: Broken pipe", "The connection was lost"],
  ["Connection closed by remote host", "The connection was lost"],
  ["cat: write error: No space left on device", "Free space there"],
  ["cat: write error: Disk quota exceeded", "Free space there"],
  ["touch: x: Read-only file system", "read-only"],
  ["lastgood: 1: cd: can't cd to /volume1/x", "Create the base"],
  ["no program for SHA-256 is installed", "coreutils"],
  ["Cannot run ssh", "openssh-client"],
])("sshHint() helps with: %s", (words, hint) => {
  expect(sshHint(words)).toContain(hint);
});

test("sshHint() has no advice on what nobody foresaw", () => {
  expect(sshHint("mv: the cat sat on it")).toBeUndefined();
});
