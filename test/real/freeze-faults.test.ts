/** What goes wrong while data is held still: a stack is archived while stopped at worst, and nothing is left behind. */
import { describe, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OpsError } from "#lib/core/ops-error.ts";
import { readJournal } from "#lib/run/journal.ts";
import { type FrozenEntry, removeFrozen } from "#lib/stacks/remove-frozen.ts";
import { surveyRoots } from "#lib/stacks/survey-roots.ts";
import { createExec } from "#lib/tools/exec.ts";
import { endMarkedProcesses } from "#lib/tools/process-group.ts";
import { findMarkedProcesses, runMark } from "#lib/tools/processes.ts";
import { hasLoopDevices } from "#test/support/capabilities.ts";
import { childEnvironment, execWith, freezerOf, surveyAccess } from "#test/support/freezing.ts";
import { createSandbox, projectDirectory } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";
import { waitFor } from "#test/support/wait-for.ts";
import { whileFrozen } from "#test/support/while-frozen.ts";

const isWhole = process.env["LASTGOOD_FAULT"] === "whole";
const testTimeoutMs = 180_000;
const megabyte = 1024 * 1024;
const removal = { exec: createExec(childEnvironment), timeoutMs: 10_000 };

/** Everything at the top but what every file system has. */
const topOf = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name !== "lost+found" && name !== "filler");

function makeApp(directory: string, megabytes: number): string {
  const root = join(directory, "app");
  mkdirSync(root);
  for (let index = 0; index < megabytes; index += 1) {
    writeFileSync(join(root, `file-${index}`), Buffer.alloc(megabyte, index));
  }
  return root;
}

/** Leave no more than so much free. */
function fill(directory: string, leaveBytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  execFileSync("fallocate", ["--length", String(bavail * bsize - leaveBytes), join(directory, "filler")]);
}

describe.skipIf(!hasLoopDevices)("A disk that is full", () => {
  test(
    "while the copy is made: it goes at once, the stack is archived while stopped, with a note",
    async () => {
      await withSmallFileSystem({ sizeMb: 100, type: "ext4" }, async ({ directory }) => {
        const root = makeApp(directory, 30);
        const freezer = await freezerOf([root], "presync");
        fill(directory, 10 * megabyte);
        await freezer.prepare();
        expect([topOf(directory), freezer.journal.entries]).toEqual([["app"], []]);
        const frozen = await freezer.freeze();
        expect(frozen.notes).toHaveLength(1);
        expect(frozen.notes[0]).toStartWith(`No presync of "${root}": Cannot copy "${root}": `);
        expect(frozen.notes[0]).toContain("No space left on device");
        expect(frozen).toMatchObject({ strategy: "none", mustStayStopped: true, measured: undefined });
        expect(await freezer.release()).toEqual([]);
      });
    },
    testTimeoutMs,
  );

  test(
    "in the window: the stack is archived while stopped, and the copy goes when it is released",
    async () => {
      await withSmallFileSystem({ sizeMb: 100, type: "ext4" }, async ({ directory }) => {
        const root = makeApp(directory, 20);
        const freezer = await freezerOf([root], "presync");
        await freezer.prepare();
        writeFileSync(join(root, "new"), Buffer.alloc(10 * megabyte, "n"));
        fill(directory, 2 * megabyte);
        const frozen = await freezer.freeze();
        expect(frozen.roots).toEqual([{ original: root, frozen: root }]);
        expect(frozen.mustStayStopped).toBe(true);
        expect(frozen.notes[0]).toContain("No space left on device");
        expect(await freezer.release()).toEqual([]);
        expect([topOf(directory), freezer.journal.entries]).toEqual([["app"], []]);
      });
    },
    testTimeoutMs,
  );
});

describe.skipIf(!hasLoopDevices).each([
  ["btrfs", "snapshot"],
  ["btrfs", "reflink"],
  ["ext4", "presync"],
] as const)("kill -9 on %s by %s", (type, strategy) => {
  test(
    "at any moment leaves nothing that the journal does not remove",
    async () => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 200, type }, async ({ directory }) => {
        const root = makeApp(directory, 8);
        for (let index = 0; index < 300; index += 1)
          writeFileSync(join(root, `small-${index}`), String(index));
        let leftovers = 0;
        const trials = isWhole ? 60 : 4;
        for (let trial = 0; trial < trials; trial += 1) {
          const runId = crypto.randomUUID();
          const journal = sandbox.path(`journal-${trial}.json`);
          const script = join(projectDirectory, "test/support/freeze-until-killed.ts");
          const child = spawn(process.execPath, [script, root, strategy, journal, runId], {
            stdio: ["ignore", "pipe", "inherit"],
          });
          const ended = new Promise((resolve) => child.once("close", resolve));
          await new Promise((resolve) => child.stdout.once("data", resolve));
          await Bun.sleep((trial * 97) % 250);
          child.kill("SIGKILL");
          await ended;
          expect(await endMarkedProcesses(runId)).toBe(true);
          if (topOf(directory).length > 1) leftovers += 1;
          const dead = await readJournal(journal);
          for (const entry of dead.journal?.undo ?? []) {
            // Twice: whoever recovers may be killed as well.
            await removeFrozen(entry as FrozenEntry, removal);
            await removeFrozen(entry as FrozenEntry, removal);
          }
          expect(topOf(directory)).toEqual(["app"]);
          expect(readdirSync(root).filter((name) => name.startsWith("."))).toEqual([]);
        }
        // A few kills may all come too early or too late.
        if (isWhole) expect(leftovers).toBeGreaterThan(0);
      });
    },
    testTimeoutMs,
  );
});

describe.skipIf(!hasLoopDevices)("A snapshot", () => {
  test("that cannot be removed is named with the command for it, and stays in the journal", async () => {
    await withSmallFileSystem({ sizeMb: 120, type: "btrfs" }, async ({ directory }) => {
      const root = makeApp(directory, 1);
      const exec = execWith(
        (command) => command.includes("delete"),
        async () => ({
          exitCode: 1,
          signal: undefined,
          stdout: "",
          stderr: "ERROR: Could not destroy subvolume/snapshot: Device or resource busy\n",
          timedOut: false,
          notFound: false,
        }),
      );
      const freezer = await freezerOf([root], "snapshot", { exec });
      await freezer.prepare();
      await freezer.freeze();
      const path = join(directory, ".lastgood-1a2b3c4d-plex-0");
      expect(await freezer.release()).toEqual([
        `Cannot remove the snapshot "${path}": ERROR: Could not destroy subvolume/snapshot: Device or resource busy`,
      ]);
      const [entry] = freezer.journal.entries;
      expect(entry).toEqual({ kind: "frozen", how: "btrfs", path, mountPoint: directory });
      await removeFrozen(entry as FrozenEntry, removal);
      expect(topOf(directory)).toEqual(["app"]);
    });
  });

  test("is not looked for behind a symlink of its name", async () => {
    await withSmallFileSystem({ sizeMb: 120, type: "btrfs" }, async ({ directory }) => {
      execFileSync("btrfs", ["subvolume", "create", join(directory, "other")], { stdio: "ignore" });
      const path = join(directory, ".lastgood-1a2b3c4d-plex-0");
      symlinkSync("other", path);
      await removeFrozen({ kind: "frozen", how: "btrfs", path, mountPoint: directory }, removal);
      expect(topOf(directory)).toEqual(["other"]);
    });
  });

  test("that cannot be taken leaves the stack stopped while it is archived", async () => {
    await withSmallFileSystem({ sizeMb: 120, type: "btrfs" }, async ({ directory, makeReadOnly }) => {
      const root = makeApp(directory, 1);
      const freezer = await freezerOf([root], "snapshot");
      await freezer.prepare();
      makeReadOnly();
      const frozen = await freezer.freeze();
      expect(frozen).toMatchObject({ strategy: "none", mustStayStopped: true });
      expect(frozen.notes[0]).toStartWith(
        `No snapshot of "${root}": Cannot take a snapshot of "${directory}": `,
      );
      expect(frozen.notes[0]).toContain("Read-only file system");
      expect(await freezer.release()).toEqual([]);
    });
  });
});

describe.skipIf(!hasLoopDevices)("Data", () => {
  test("that is missing is refused with a hint", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("missing");
    const error = await surveyRoots([path], surveyAccess()).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(OpsError);
    expect(error).toMatchObject({
      message: `Cannot find the data "${path}": No such file or directory`,
      outcome: "failed",
      hint: "Is what belongs there mounted? Else correct the compose file or APPDATA_DIR",
    });
  });

  test("on a disk that is not mounted is refused, although its mount point is there", async () => {
    await using sandbox = await createSandbox();
    const path = sandbox.path("disk/app");
    mkdirSync(path, { recursive: true });
    const fstab = await sandbox.write("fstab", `/dev/none ${sandbox.path("disk")} ext4 nofail 0 2\n`);
    const script = await sandbox.write(
      "survey.ts",
      `import { surveyRoots } from "${projectDirectory}/lib/stacks/survey-roots.ts";
import { surveyAccess } from "${projectDirectory}/test/support/freezing.ts";
await surveyRoots([process.argv[2]], surveyAccess()).then(() => console.log("taken"), (error) => console.log(error.message, error.hint));
`,
    );
    // A mount namespace of its own, where this is the machine's fstab.
    const run = `[ -e /etc/fstab ] || exit 9; mount --bind "$1" /etc/fstab; exec "$2" "$3" "$4"`;
    const said = execFileSync(
      "unshare",
      ["--mount", "sh", "-ec", run, "sh", fstab, process.execPath, script, path],
      {
        encoding: "utf8",
      },
    );
    expect(said).toBe(
      `Cannot back up "${path}": nothing is mounted at "${sandbox.path("disk")}" Mount it (mount '${sandbox.path("disk")}'), or remove it from /etc/fstab\n`,
    );
  });

  test.each(["snapshot", "reflink", "presync"] as const)(
    "that vanishes before the stop fails %s: nothing is archived in its place",
    async (strategy) => {
      await withSmallFileSystem({ sizeMb: 120, type: "btrfs" }, async ({ directory }) => {
        const root = makeApp(directory, 1);
        const freezer = await freezerOf([root], strategy);
        rmSync(root, { recursive: true });
        await freezer.prepare();
        await expect(freezer.freeze()).rejects.toThrow("Cannot find the data: ");
        expect(await freezer.release()).toEqual([]);
        expect([topOf(directory), freezer.journal.entries]).toEqual([[], []]);
      });
    },
  );

  test("that vanishes in the window fails as well", async () => {
    await withSmallFileSystem({ sizeMb: 120, type: "ext4" }, async ({ directory }) => {
      const root = makeApp(directory, 1);
      const freezer = await freezerOf([root], "presync");
      await freezer.prepare();
      rmSync(root, { recursive: true });
      await expect(freezer.freeze()).rejects.toThrow("Cannot find the data: ");
      expect(await freezer.release()).toEqual([]);
      expect(topOf(directory)).toEqual([]);
    });
  });
});

describe.skipIf(!hasLoopDevices)("A file system that hangs", () => {
  test(
    "is given up within its deadline before the stop; what it holds is removed when it answers again",
    async () => {
      await withSmallFileSystem({ sizeMb: 60, type: "ext4" }, async (fileSystem) => {
        const root = makeApp(fileSystem.directory, 2);
        const freezer = await freezerOf([root], "presync", { timeoutMs: 300, stallMs: 500 });
        await whileFrozen(fileSystem, async () => {
          await freezer.prepare();
          const frozen = await freezer.freeze();
          expect(frozen).toMatchObject({ strategy: "none", mustStayStopped: true });
          expect(frozen.notes[0]).toContain("no answer from the file system after 0.3 s");
        });
        expect(await freezer.release()).toEqual([]);
        expect(topOf(fileSystem.directory)).toEqual(["app"]);
      });
    },
    testTimeoutMs,
  );

  test(
    "is given up in the window",
    async () => {
      await withSmallFileSystem({ sizeMb: 60, type: "ext4" }, async (fileSystem) => {
        const root = makeApp(fileSystem.directory, 2);
        const freezer = await freezerOf([root], "presync", { timeoutMs: 300, stallMs: 500 });
        await freezer.prepare();
        appendFileSync(join(root, "file-0"), "changed");
        const frozen = await whileFrozen(fileSystem, () => freezer.freeze());
        expect(frozen).toMatchObject({ strategy: "none", mustStayStopped: true });
        expect(frozen.notes[0]).toContain("no answer from the file system after 0.5 s");
        expect(await freezer.release()).toEqual([]);
        expect(topOf(fileSystem.directory)).toEqual(["app"]);
      });
    },
    testTimeoutMs,
  );
});

describe.skipIf(!hasLoopDevices)("An abort", () => {
  test.each(["prepare", "freeze"] as const)(
    "in %s ends what is under way, and release removes it",
    async (phase) => {
      await using sandbox = await createSandbox();
      await withSmallFileSystem({ sizeMb: 60, type: "ext4" }, async ({ directory }) => {
        const root = makeApp(directory, 2);
        const runId = crypto.randomUUID();
        const abort = new AbortController();
        const begun = sandbox.path("begun");
        const isSlow = sandbox.path("slow");
        await sandbox.fake(
          "tar",
          `#!/bin/sh\nif [ -e ${isSlow} ]; then touch ${begun}; sleep 600; fi\nexec /bin/tar "$@"\n`,
        );
        const env = { PATH: `${sandbox.bin}:${childEnvironment.PATH}`, [runMark]: runId };
        const freezer = await freezerOf([root], "presync", { env, signal: abort.signal });
        if (phase === "freeze") await freezer.prepare();
        appendFileSync(join(root, "file-0"), "changed");
        writeFileSync(isSlow, "");
        const outcome = freezer[phase]().catch((error: unknown) => error);
        await waitFor(() => existsSync(begun), { what: "the copy to begin" });
        expect(topOf(directory)).toHaveLength(2);
        const reason = new OpsError("enough", { outcome: "failed" });
        abort.abort(reason);
        expect(await outcome).toBe(reason);
        expect(await findMarkedProcesses(runMark, runId)).toEqual([]);
        expect(await freezer.release()).toEqual([]);
        expect([topOf(directory), freezer.journal.entries]).toEqual([["app"], []]);
      });
    },
  );
});
