/** What a store does by a shell in its base directory, be it here or at the other end of ssh. */
import { Buffer } from "node:buffer";
import { checkRemotePath, remoteParent } from "#lib/core/remote-path.ts";
import type { Remote, RemoteLimits } from "#lib/stores/remote.ts";
import { readManifestAnswer } from "#lib/stores/shell-manifests.ts";
import {
  emptyScript,
  listScript,
  manifestsScript,
  readScript,
  removeScript,
  renameScript,
  writeScript,
} from "#lib/stores/shell-scripts.ts";
import type { StoreShell } from "#lib/stores/store-shell.ts";

type ShellOperations = Pick<
  Remote,
  "list" | "readManifests" | "writeFile" | "readFile" | "rename" | "remove" | "removeEmptyParents"
>;

/** Sets go while a listing is made; one that never comes to rest is no listing. */
const listingsTried = 5;

export function createShellOperations(
  shell: StoreShell,
  removalMs: (limits: RemoteLimits) => number,
): ShellOperations {
  return {
    list: async (directory, limits) => {
      const action = `list "${directory}"`;
      const parameters = [directory === "" ? "." : checkRemotePath(directory)];
      const answer = await shell.run({ action, script: listScript, parameters }, limits);
      const [, names, count] = /^begin\n([\s\S]*)^end (\d+)\n$/m.exec(answer) ?? [];
      const found = names?.split("\n").slice(0, -1) ?? [];
      if (count === undefined || found.length !== Number(count)) throw shell.unclear(action, answer);
      return found;
    },
    readManifests: async (depth, limits) => {
      const order = { action: "list the sets", script: manifestsScript(depth) };
      for (let attempt = 1; attempt <= listingsTried; attempt += 1) {
        const answer = (await shell.read(order, limits)).toString("latin1");
        const read = readManifestAnswer(answer);
        if (read === "garbled") throw shell.unclear(order.action, answer);
        if (read !== "changed") return read;
      }
      throw shell.unclear(order.action, "sets are removed all the time");
    },
    writeFile: async (path, text, limits) => {
      const parent = remoteParent(checkRemotePath(path));
      const name = path.slice(path.lastIndexOf("/") + 1);
      const parameters = [parent || ".", name, String(Buffer.byteLength(text))];
      await shell.run({ action: `write "${path}"`, script: writeScript, parameters, input: text }, limits);
    },
    readFile: async (path, limits) => {
      const order = { action: `read "${path}"`, script: readScript, parameters: [checkRemotePath(path)] };
      const bytes = await shell.read(order, limits);
      const answer = bytes.toString("latin1");
      const begin = /^begin (\d+|missing)\n/m.exec(answer);
      if (begin?.[1] === "missing") return undefined;
      const start = begin === null ? 0 : begin.index + begin[0].length;
      const end = start + Number(begin?.[1] ?? 0);
      if (begin === null || answer.slice(end) !== "\nend\n") throw shell.unclear(order.action, answer);
      return bytes.toString("utf8", start, end);
    },
    rename: async (from, to, limits) => {
      const action = `rename "${from}"`;
      const name = checkRemotePath(from).slice(from.lastIndexOf("/") + 1);
      const parameters = [from, checkRemotePath(to), remoteParent(to) || ".", name];
      const answer = await shell.run({ action, script: renameScript, parameters }, limits);
      if (/^taken$/m.test(answer)) return false;
      if (!/^renamed$/m.test(answer)) throw shell.unclear(action, answer);
      return true;
    },
    remove: async (path, limits) => {
      const order = {
        action: `remove "${path}"`,
        script: removeScript,
        parameters: [checkRemotePath(path)],
      };
      await shell.run(order, { ...limits, timeoutMs: removalMs(limits) });
    },
    removeEmptyParents: async (path, limits) => {
      const parent = remoteParent(checkRemotePath(path));
      if (parent === "") return;
      await shell.run({ action: `remove "${parent}"`, script: emptyScript, parameters: [parent] }, limits);
    },
  };
}
