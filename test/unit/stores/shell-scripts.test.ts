/** What runs at a store, by the shells that are found on servers and on NAS: dash, bash, busybox. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readManifestAnswer } from "#lib/stores/shell-manifests.ts";
import {
  hashScript,
  listScript,
  manifestsScript,
  renameScript,
  writeScript,
} from "#lib/stores/shell-scripts.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

type Shell = readonly [string, ...string[]];

const shells: readonly Shell[] = [["dash"], ["bash", "--posix"], ["busybox", "sh"]];

function runScript(
  [shell, ...args]: Shell,
  base: string,
  script: string,
  { parameters = [], input = "" }: { parameters?: readonly string[]; input?: string } = {},
): string {
  return execFileSync(shell, [...args, "-c", script, "store", ...parameters], {
    cwd: base,
    input,
    encoding: "latin1",
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function putManifest(sandbox: Sandbox, path: string, text = "{}\n"): Promise<void> {
  await sandbox.write(`base/${path}/manifest.json`, text);
}

const describeShell = (shell: Shell) => {
  const manifestsOf = (base: string, depth: number, before = "") =>
    readManifestAnswer(runScript(shell, base, before + manifestsScript(depth)));

  test("renameScript takes a set out again that another host's directory has swallowed", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("base/.part/file", "ours");
    // The other host is faster, between our question and our mv.
    const race =
      'mv() { if [ ! -d daily ]; then mkdir daily && echo theirs >daily/file; fi; command mv "$@"; }; ';
    const parameters = [".part", "daily", ".", ".part"];
    expect(runScript(shell, sandbox.path("base"), race + renameScript, { parameters })).toBe("taken\n");
    expect(readFileSync(sandbox.path("base/daily/file"), "utf8")).toBe("theirs\n");
    expect(readFileSync(sandbox.path("base/.part/file"), "utf8")).toBe("ours");
    expect(existsSync(sandbox.path("base/daily/.part"))).toBe(false);
  });

  test("renameScript makes the directories above the new name, whatever they are called", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("base/.part/file", "ours");
    const parameters = [".part", "-a/$b c/set", "-a/$b c", ".part"];
    expect(runScript(shell, sandbox.path("base"), renameScript, { parameters })).toBe("renamed\n");
    expect(existsSync(sandbox.path("base/-a/$b c/set/file"))).toBe(true);
  });

  test("writeScript leaves the old text, and nothing else, when only a part of the new one arrives", async () => {
    await using sandbox = await createSandbox();
    await putManifest(sandbox, "set", "old");
    const call = { parameters: ["set", "manifest.json", "9"], input: "half" };
    expect(() => runScript(shell, sandbox.path("base"), writeScript, call)).toThrow("only a part");
    expect(runScript(shell, sandbox.path("base"), listScript, { parameters: ["set"] })).toBe(
      "begin\nmanifest.json\nend 1\n",
    );
    expect(readFileSync(sandbox.path("base/set/manifest.json"), "utf8")).toBe("old");
  });

  test("hashScript asks openssl first, since it is four times as fast, and coreutils where that does not work", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("base/file", "content");
    const [works, fails] = ['openssl() { echo "fast $*"; }; ', "openssl() { return 1; }; "];
    const hash = (before: string) =>
      runScript(shell, sandbox.path("base"), `${before}sha256sum() { echo slow; }; ${hashScript}`, {
        parameters: ["file"],
      });
    expect(hash(works)).toBe("hash fast dgst -sha256 -r\n");
    expect(hash(fails)).toBe("hash slow\n");
  });

  test("manifestsScript gives the sets at its depth alone, hidden ones and second names left out", async () => {
    await using sandbox = await createSandbox();
    const base = sandbox.path("base");
    for (const path of [
      "web1/app/größe 1",
      "web1/app/-x",
      "web1/.hidden/s",
      ".removing-1/a/b",
      "a",
      "a/b/c/d",
    ]) {
      await putManifest(sandbox, path, `of ${path}`);
    }
    mkdirSync(join(base, "web1/app/empty"));
    symlinkSync("größe 1", join(base, "web1/app/latest"));
    symlinkSync("web1", join(base, "alias"));
    const found = manifestsOf(base, 3);
    expect(new Set<unknown>(found as readonly unknown[])).toEqual(
      new Set<unknown>([
        { path: "web1/app/größe 1", text: "of web1/app/größe 1" },
        { path: "web1/app/-x", text: "of web1/app/-x" },
      ]),
    );
    expect(manifestsOf(base, 1)).toEqual([{ path: "a", text: "of a" }]);
    expect(manifestsOf(join(base, "web1/app/empty"), 2)).toEqual([]);
  });

  test("manifestsScript is no shorter list when a link leads nowhere", async () => {
    await using sandbox = await createSandbox();
    await putManifest(sandbox, "b/set");
    mkdirSync(sandbox.path("base/a/set"), { recursive: true });
    symlinkSync("/nowhere", sandbox.path("base/a/set/manifest.json"));
    expect(() => manifestsOf(sandbox.path("base"), 2)).toThrow("No such file");
  });

  test.each(["ls", "wc", "cat"])(
    "manifestsScript says that things have changed when a set goes before %s",
    async (program) => {
      await using sandbox = await createSandbox();
      for (const path of ["a/1", "a/2", "b/1"]) await putManifest(sandbox, path);
      const race = `${program}() { rm -rf b; command ${program} "$@"; }; `;
      expect(manifestsOf(sandbox.path("base"), 2, race)).toBe("changed");
    },
  );
};

for (const shell of shells) {
  describe.skipIf(Bun.which(shell[0]) === null)(shell[0], () => describeShell(shell));
}

test("readManifestAnswer() takes no answer that is cut, wherever that is", async () => {
  await using sandbox = await createSandbox();
  const text = '{"a": "größe"}\nend\nsizes\n\nend\n';
  for (const path of ["a/1", "a/2", "b/1"]) await putManifest(sandbox, path, text);
  symlinkSync("1", sandbox.path("base/b/link"));
  const answer = runScript(["sh"], sandbox.path("base"), manifestsScript(2));
  const whole = readManifestAnswer(`Welcome to the NAS\n${answer}`);
  expect(whole).toEqual(["a/1", "a/2", "b/1"].map((path) => ({ path, text })));
  for (let length = 0; length < answer.length; length += 1) {
    expect(readManifestAnswer(answer.slice(0, length))).toBe("garbled");
  }
  expect(readManifestAnswer(answer.replace("begin 4", "begin 3"))).toBe("garbled");
  expect(readManifestAnswer(answer.replace("{", "{ "))).toBe("garbled");
});

test("readManifestAnswer() keeps a damaged manifest from damaging the others", async () => {
  await using sandbox = await createSandbox();
  await putManifest(sandbox, "a/1", "whole");
  await putManifest(sandbox, "b/1");
  writeFileSync(sandbox.path("base/b/1/manifest.json"), Buffer.from([0x7b, 0xff, 0x7d]));
  await putManifest(sandbox, "c/1", "whole");
  const answer = runScript(["sh"], sandbox.path("base"), manifestsScript(2));
  expect(readManifestAnswer(answer)).toEqual([
    { path: "a/1", text: "whole" },
    { path: "b/1", text: "{\uFFFD}" },
    { path: "c/1", text: "whole" },
  ]);
});
