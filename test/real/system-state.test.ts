/** The state of this machine, collected for real; what fails or hangs is put in its place by programs of two lines. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSystemStateSource } from "#lib/sources/system-state.ts";
import { isRoot } from "#test/support/capabilities.ts";
import { openSource } from "#test/support/open-source.ts";
import { createSandbox, type Sandbox } from "#test/support/sandbox.ts";

type Items = Record<string, { state: string; reason?: string }>;

async function collect(
  sandbox: Sandbox,
  changes: { skip?: string[]; appDir?: string; timeoutMs?: number } = {},
) {
  const source = createSystemStateSource({
    SYSTEM_STATE: true,
    SYSTEM_STATE_SKIP: changes.skip ?? [],
    APP_DIR: changes.appDir,
  });
  if (source === undefined) throw new Error("It was asked for");
  const opened = await openSource(sandbox, source, { timeoutMs: changes.timeoutMs ?? 20_000 });
  await opened.writeWhole();
  const unpacked = sandbox.path(`unpacked-${opened.directory.slice(-6)}`);
  execFileSync("sh", ["-c", 'mkdir "$1" && tar -xf "$2" -C "$1"', "sh", unpacked, opened.path]);
  await opened[Symbol.asyncDispose]();
  const read = (name: string) => readFileSync(join(unpacked, name), "utf8");
  return { open: opened.open, items: opened.open.facts?.["items"] as Items, unpacked, read };
}

describe.skipIf(!isRoot)("The system state", () => {
  test("is collected item by item, each with its state, in the manifest and in the archive", async () => {
    await using sandbox = await createSandbox();
    const { open, items, read } = await collect(sandbox);
    expect(open.problems).toEqual([]);
    expect(items["packages"]).toEqual({ state: "collected" });
    expect(JSON.parse(read("INDEX.json"))).toEqual(items);
    expect(read("packages.txt")).toMatch(/^tar \S+ ii/m);
    expect(read("files/etc/passwd")).toBe(readFileSync("/etc/passwd", "utf8"));
    expect(read("kernel.txt")).toContain("Linux");
    expect(items["packages-apk"]).toEqual({ state: "not_found" });
  });

  test("keeps what it has when an item fails or hangs, and names both", async () => {
    await using sandbox = await createSandbox();
    await sandbox.fake("dpkg-query", "#!/bin/sh\necho 'the database is locked' >&2; exit 2\n");
    await sandbox.fake("free", "#!/bin/sh\nexec sleep 600\n");
    const startedAt = performance.now();
    const { open, items, read } = await collect(sandbox, { timeoutMs: 3000 });
    expect(performance.now() - startedAt).toBeLessThan(25_000);
    expect(items["packages"]).toEqual({ state: "failed", reason: "dpkg-query: the database is locked" });
    expect(items["memory"]).toEqual({ state: "failed", reason: "no answer after 3 s" });
    expect(open.problems.toSorted()).toEqual([
      "The system state lacks memory: no answer after 3 s",
      "The system state lacks packages: dpkg-query: the database is locked",
    ]);
    expect(read("kernel.txt")).toContain("Linux");
  }, 60_000);

  test("leaves out what is to be skipped, and notes a name that is no item", async () => {
    await using sandbox = await createSandbox();
    const { items, open } = await collect(sandbox, { skip: ["users", "kernal"] });
    expect(items["users"]).toEqual({ state: "skipped" });
    expect(open.notes).toEqual(['SYSTEM_STATE_SKIP names "kernal", which is no item']);
  });

  test("holds the names of an application's .env, and not one of its values", async () => {
    await using sandbox = await createSandbox();
    const secret = "v3ry-s3cret-value";
    await sandbox.write(
      "app/.env",
      `APP_KEY=${secret}1\nDB_PASSWORD="${secret}2\n${secret}3=x"\nexport MAIL='${secret}4'\n`,
    );
    const { read, unpacked, open } = await collect(sandbox, { appDir: sandbox.path("app") });
    expect(read("env-names.txt")).toBe("APP_KEY\nDB_PASSWORD\nMAIL\n");
    const found = execFileSync("sh", ["-c", `grep -rl '${secret}' '${unpacked}' || true`], {
      encoding: "utf8",
    });
    expect(found).toBe("");
    expect(JSON.stringify(open.facts)).not.toContain(secret);
  });

  test("holds no private key, whatever directory it lies in", async () => {
    await using sandbox = await createSandbox();
    const { unpacked } = await collect(sandbox);
    const keys = execFileSync("sh", ["-c", `grep -rlE 'BEGIN [A-Z ]*PRIVATE KEY' '${unpacked}' || true`], {
      encoding: "utf8",
    });
    expect(keys).toBe("");
  });
});
