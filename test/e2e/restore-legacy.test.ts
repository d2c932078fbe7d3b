/** Archives of the legacy scripts: listed, verified as far as they allow, restored by the same careful extraction. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createSandbox, runtimes, type Sandbox, treeOf } from "#test/support/sandbox.ts";
import { archive, entry } from "#test/support/tar-builder.ts";

const script = "scripts/restore.ts";

describe.each(runtimes)("restore of legacy archives on %s", (runtime) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox();
    await sandbox.write("src/stack/compose.yaml", "services: {}\n");
    await sandbox.write("src/stack/.env", "A=1\n");
    await sandbox.write("src/data/plex/db", "data\n");
    for (const [name, option] of [
      ["plex.tar.zst", "--zstd"],
      ["arr.tar.gz", "--gzip"],
      ["dns.tar.xz", "--xz"],
      ["web.tar.bz2", "--bzip2"],
      ["raw.tar", "--sort=name"],
    ] as const) {
      const path = sandbox.path("old/nas1/20251104_020000", name);
      mkdirSync(dirname(path), { recursive: true });
      const parts = ["-C", sandbox.path("src/stack"), ".", "-C", sandbox.path("src/data"), "plex"];
      execFileSync("tar", ["--create", `--file=${path}`, option, ...parts]);
    }
    const whole = await sandbox.write("app/daily/2025/11/04/0300/backup-20251104_030000.tar.gz", "");
    execFileSync("tar", ["-czf", whole, "-C", sandbox.path("src"), "data"]);
    const sum = createHash("sha256").update(readFileSync(whole)).digest("hex");
    writeFileSync(`${whole}.sha256`, `${sum}  /var/backups/app/tmp/backup-20251104_030000.tar.gz\n`);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  const run = (...args: string[]) => sandbox.run(runtime, script, args);

  test("lists both kinds, with what they hold", async () => {
    const stacks = await run("list", "--from", sandbox.path("old"));
    expect(stacks).toMatchObject({ exitCode: 0, stderr: "" });
    expect(stacks.stdout).toMatch(
      /^Legacy \(docker-stacks\): 20251104_020000 of nas1 in nas1\/20251104_020000: .*plex \d/m,
    );
    const app = await run("list", "--json", "--from", sandbox.path("app"));
    expect(JSON.parse(app.stdout).legacy).toMatchObject([
      { kind: "app-backup", stamp: "20251104_030000", archives: [{ name: "backup" }] },
    ]);
    expect((await run("show", "20251104_030000", "--from", sandbox.path("app"))).stdout).toContain(
      "backup-20251104_030000.tar.gz.sha256",
    );
  });

  test("verifies one by its hash, whose absolute path means nothing, and another by reading it", async () => {
    const app = await run("verify", "20251104_030000", "--from", sandbox.path("app"));
    expect(app).toMatchObject({ exitCode: 0, stderr: "" });
    expect(app.stdout).toContain("(legacy, content and hash)");
    const stacks = await run("verify", "--all", "--from", sandbox.path("old"));
    expect(stacks.stdout).toContain("(legacy, content only: it has no hash)");
  });

  test("finds what is damaged, with a hash and without one", async () => {
    const cut = sandbox.path("cut/20251104_020000/plex.tar.gz");
    mkdirSync(dirname(cut), { recursive: true });
    writeFileSync(cut, readFileSync(sandbox.path("old/nas1/20251104_020000/arr.tar.gz")));
    truncateSync(cut, 150);
    const ended = await run("verify", "latest", "--from", sandbox.path("cut"));
    expect(ended.exitCode).toBe(2);
    expect(ended.stdout).toMatch(/plex\.tar\.gz: .*(unexpected end of file|cut short)/);
    const whole = sandbox.path("app/daily/2025/11/04/0300/backup-20251104_030000.tar.gz");
    const bytes = readFileSync(whole);
    appendFileSync(whole, "x");
    const restored = await run(
      "restore",
      "latest",
      "--from",
      sandbox.path("app"),
      "--to",
      sandbox.path("none"),
    );
    writeFileSync(whole, bytes);
    expect(restored.exitCode).toBe(2);
    expect(restored.stdout).toContain("another SHA-256");
    expect(existsSync(sandbox.path("none/backup"))).toBe(false);
  });

  test("restores archives of every compression, or one of them, or a path", async () => {
    const all = await run("restore", "latest", "--from", sandbox.path("old"), "--to", sandbox.path("all"));
    expect(all).toMatchObject({ exitCode: 0, stderr: "" });
    for (const name of ["plex", "arr", "dns", "web", "raw"]) {
      expect(readFileSync(sandbox.path("all", name, "plex/db"), "utf8")).toBe("data\n");
    }
    const flags = ["--from", sandbox.path("old"), "--component", "arr", "--to", sandbox.path("one")];
    expect((await run("restore", "20251104_020000", "compose.yaml", ...flags)).exitCode).toBe(0);
    expect(await treeOf(sandbox.path("one"))).toEqual(["arr/", "arr/compose.yaml"]);
    const nowhere = await run(
      "restore",
      "20251104_020000",
      "nope",
      ...flags.slice(0, 4),
      "--to",
      sandbox.path("no"),
    );
    expect(nowhere.exitCode).toBe(2);
    expect(nowhere.stdout).toContain('Cannot find "nope" in arr\n  Hint: ');
    expect(existsSync(sandbox.path("no"))).toBe(false);
    const none = await run("restore", "latest", "--from", sandbox.path("old"), "--component", "nothing");
    expect(none.stderr).toContain("It has arr, dns, plex, raw, web");
  });

  test("writes nothing outside, whatever is in one", async () => {
    const path = sandbox.path("evil/20251104_020000/x.tar");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, archive(entry("../escaped", { content: "x" }), entry("good")));
    const ended = await run(
      "restore",
      "latest",
      "--from",
      sandbox.path("evil"),
      "--to",
      sandbox.path("evil-back"),
    );
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toContain('"../escaped" was left out: its name leads out');
    expect(await treeOf(sandbox.path("evil-back"))).toEqual(["x/", "x/good"]);
  });

  test("asks for a directory where two sets have one name", async () => {
    for (const host of ["a", "b"]) {
      const path = sandbox.path("twice", host, "20251104_020000/x.tar");
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, archive(entry(host)));
    }
    const unclear = await run("verify", "20251104_020000", "--from", sandbox.path("twice"));
    expect(unclear.exitCode).toBe(64);
    expect(unclear.stderr).toContain("Name one by its directory: a/20251104_020000, b/20251104_020000");
    expect((await run("verify", "b/20251104_020000", "--from", sandbox.path("twice"))).exitCode).toBe(0);
  });
});
