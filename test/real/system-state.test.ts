/** The state of this machine, collected for real; what fails or hangs is put in its place by programs of two lines. */
import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chownSync, linkSync, lstatSync, readFileSync, readlinkSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { listSystemItems, type SystemItem } from "#lib/core/system-items.ts";
import type { Source } from "#lib/sources/source.ts";
import { createSystemStateSource, openItems } from "#lib/sources/system-state.ts";
import { createExec } from "#lib/tools/exec.ts";
import { isRoot, isSystemAdmin } from "#test/support/capabilities.ts";
import { openSource } from "#test/support/open-source.ts";
import { quietRun } from "#test/support/quiet-run.ts";
import { createSandbox, exists, type Sandbox } from "#test/support/sandbox.ts";
import { withSmallFileSystem } from "#test/support/small-filesystem.ts";

type Items = Record<string, { state: string; reason?: string; files?: number; keysLeftOut?: number }>;

interface Collection {
  readonly items?: readonly SystemItem[];
  readonly skip?: string[];
  readonly appDir?: string;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

function createSource({ items, skip = [], appDir }: Collection): Source {
  const settings = { SYSTEM_STATE: true, SYSTEM_STATE_SKIP: skip, APP_DIR: appDir };
  const source = createSystemStateSource(settings);
  if (source === undefined) throw new Error("It was asked for");
  return items === undefined ? source : { ...source, open: (access) => openItems(items, skip, access) };
}

async function collect(sandbox: Sandbox, collection: Collection = {}) {
  const { timeoutMs = 20_000, env } = collection;
  await using opened = await openSource(sandbox, createSource(collection), {
    timeoutMs,
    ...(env === undefined ? {} : { env }),
  });
  const written = await opened.writeWhole();
  const unpacked = sandbox.path(`unpacked-${opened.directory.slice(-6)}`);
  execFileSync("sh", ["-c", 'mkdir "$1" && tar -xf "$2" -C "$1"', "sh", unpacked, opened.path]);
  const list = execFileSync("tar", ["-tf", opened.path], { encoding: "utf8" }).trim().split("\n");
  const bytes = readFileSync(opened.path);
  const read = (name: string) => readFileSync(join(unpacked, name), "utf8");
  const facts = opened.open.facts?.["items"] as Items;
  return { open: opened.open, status: written.status, facts, unpacked, read, list, bytes };
}

const paths = (id: string, ...list: readonly string[]): SystemItem => ({
  kind: "paths",
  id,
  about: id,
  paths: list,
});

const pem = (kind: string) => `-----BEGIN ${kind}-----\nMIIabc\n-----END ${kind}-----\n`;

describe.skipIf(!isRoot)("The system state", () => {
  test("is collected item by item, each with its state, in the manifest and in the archive", async () => {
    await using sandbox = await createSandbox();
    const { open, facts, read, list, status } = await collect(sandbox);
    expect(open.problems).toEqual([]);
    expect(status.outcome).toBe("complete");
    const index = JSON.parse(read("INDEX.json"));
    const ids = listSystemItems(undefined).map(({ id }) => id);
    expect(Object.keys(facts)).toEqual(ids);
    expect(Object.keys(index)).toEqual(ids);
    for (const id of ids) expect(index[id].state).toBe(facts[id]?.state);
    expect(facts["packages"]).toEqual({ state: "collected", files: 1 });
    expect(facts["packages-apk"]).toEqual({ state: "not_found" });
    expect(index["users"].files).toContain("/etc/passwd");
    expect(read("packages.txt")).toMatch(/^tar \S+ ii/m);
    expect(read("kernel.txt")).toContain("Linux");
    expect(read("files/etc/passwd")).toBe(readFileSync("/etc/passwd", "utf8"));
    expect(list.filter((name) => name.includes("shadow"))).toEqual([]);
    for (const { files = [] } of Object.values(index) as { files?: string[] }[]) {
      for (const file of files) {
        const name = file.startsWith("/") ? `./files${file}` : `./${file}`;
        expect(list.map((each) => each.replace(/\/$/, ""))).toContain(name);
      }
    }
  });

  test("keeps what it has when items fail, hang or are missing, and names the first two", async () => {
    await using sandbox = await createSandbox();
    await sandbox.fake("dpkg-query", "#!/bin/sh\necho 'the database is locked' >&2; exit 2\n");
    await sandbox.fake("free", "#!/bin/sh\nexec sleep 600\n");
    await sandbox.fake("df", "#!/bin/sh\necho /dev/vda; echo 'df: /mnt: Permission denied' >&2; exit 1\n");
    await sandbox.fake("ss", "#!/bin/sh\nkill -9 $$\n");
    // Long enough for the others on a busy machine.
    const { open, facts, read } = await collect(sandbox, { timeoutMs: 8000 });
    expect(facts["packages"]).toEqual({ state: "failed", reason: "dpkg-query: the database is locked" });
    expect(facts["memory"]).toEqual({ state: "failed", reason: "no answer after 8 s" });
    expect(facts["disk-space"]).toEqual({
      state: "failed",
      reason: "df: /mnt: Permission denied",
      files: 1,
    });
    expect(facts["listening"]).toEqual({ state: "failed", reason: "ss ended with SIGKILL" });
    expect(facts["packages-apk"]).toEqual({ state: "not_found" });
    expect(open.problems).toEqual([
      "The system state lacks packages: dpkg-query: the database is locked",
      "The system state lacks memory: no answer after 8 s",
      "The system state lacks disk-space: df: /mnt: Permission denied",
      "The system state lacks listening: ss ended with SIGKILL",
    ]);
    expect(read("disk-space.txt")).toBe("/dev/vda\n");
    expect(read("kernel.txt")).toContain("Linux");
    expect(Object.keys(facts)).toHaveLength(listSystemItems(undefined).length);
  }, 60_000);

  test("has no items of services that are installed and do not run", async () => {
    await using sandbox = await createSandbox();
    const words = "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?";
    await sandbox.fake("docker", `#!/bin/sh\necho NAME; echo '${words}' >&2; exit 1\n`);
    const { facts, list } = await collect(sandbox);
    expect(facts["docker-volumes"]).toEqual({ state: "not_found", reason: `docker: ${words}` });
    expect(list).not.toContain("./docker-volumes.txt");
  });

  test("leaves out what is to be skipped, and notes a name that is no item", async () => {
    await using sandbox = await createSandbox();
    const { facts, open, list } = await collect(sandbox, { skip: ["users", "kernal"] });
    expect(facts["users"]).toEqual({ state: "skipped" });
    expect(list).not.toContain("./files/etc/passwd");
    expect(open.notes).toEqual(['SYSTEM_STATE_SKIP names "kernal", which is no item']);
  });

  test("holds the names of an application's .env, and not one of its values", async () => {
    await using sandbox = await createSandbox();
    const secret = "v3rys3cretvalue";
    await sandbox.write(
      "app/.env",
      `APP_KEY=${secret}1\nDB_PASSWORD="${secret}2\n${secret}3=x"\nexport MAIL='${secret}4'\n` +
        `TLS=-----BEGIN KEY-----\n${secret}=\n-----END KEY-----\nA=b\\\n${secret}=\nLAST=x\n${secret}\n`,
    );
    const { read, unpacked, bytes, open, facts } = await collect(sandbox, { appDir: sandbox.path("app") });
    expect(read("env-names.txt")).toBe("APP_KEY\nDB_PASSWORD\nMAIL\nTLS\nA\nLAST\n");
    expect(bytes.includes(secret)).toBe(false);
    const found = execFileSync("sh", ["-c", `grep -rl '${secret}' '${unpacked}' || true`], {
      encoding: "utf8",
    });
    expect(found).toBe("");
    expect(JSON.stringify([open.facts, open.problems, open.notes])).not.toContain(secret);
    expect(facts["env-names"]).toEqual({
      state: "collected",
      reason: "lines passed over that may belong to values: 1",
      files: 1,
    });
  });

  test("has no names of variables where there is no .env", async () => {
    await using sandbox = await createSandbox();
    const { facts } = await collect(sandbox, { appDir: sandbox.path("nothing") });
    expect(facts["env-names"]).toEqual({ state: "not_found" });
  });
});

describe.skipIf(!isRoot)("A path of the system state", () => {
  test("comes with owner, mode and time, and a link as the link it is, with what it leads to", async () => {
    await using sandbox = await createSandbox();
    const crontab = await sandbox.write("spool/cron/crontabs/deploy", "0 3 * * * /bin/true\n", 0o600);
    chownSync(crontab, 1234, 4321);
    utimesSync(crontab, 1_700_000_000, 1_700_000_000);
    linkSync(crontab, sandbox.path("spool/cron/crontabs/hard"));
    await sandbox.write("deploy/site.conf", "listen 80;\n");
    await sandbox.write("elsewhere/web/main.conf", "main\n");
    await sandbox.write("web/sites/name with 'quotes'\nand lines.conf", "odd\n");
    symlinkSync("../../deploy/site.conf", sandbox.path("web/sites/shop.conf"));
    symlinkSync("/nonexistent/target", sandbox.path("web/sites/broken"));
    symlinkSync("/usr/bin/tar", sandbox.path("web/sites/program"));
    await sandbox.write("logs/access.log", "not asked for");
    symlinkSync("../../logs", sandbox.path("web/sites/logs"));
    symlinkSync(sandbox.path("elsewhere"), sandbox.path("moved"));
    const { unpacked, list, facts, open, status } = await collect(sandbox, {
      items: [
        paths("crontabs", sandbox.path("spool/cron"), sandbox.path("etc/crontab")),
        paths("web", sandbox.path("web")),
        paths("moved", sandbox.path("moved")),
        paths("again", sandbox.path("deploy")),
        paths("nothing", sandbox.path("nothing"), sandbox.path("web/sites/shop.conf/below")),
      ],
    });
    expect([open.problems, status.outcome]).toEqual([[], "complete"]);
    const base = join(unpacked, "files", sandbox.directory);
    const found = lstatSync(join(base, "spool/cron/crontabs/deploy"));
    expect([found.uid, found.gid, found.mode & 0o7777, found.mtimeMs]).toEqual([
      1234, 4321, 0o600, 1_700_000_000_000,
    ]);
    expect(lstatSync(join(base, "spool/cron/crontabs/hard")).ino).toBe(found.ino);
    expect(lstatSync(join(base, "web/sites/shop.conf")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(base, "web/sites/shop.conf"), "utf8")).toBe("listen 80;\n");
    expect(readFileSync(join(base, "elsewhere/web/main.conf"), "utf8")).toBe("main\n");
    expect(readFileSync(join(base, "web/sites/name with 'quotes'\nand lines.conf"), "utf8")).toBe("odd\n");
    expect(readlinkSync(join(base, "web/sites/broken"))).toBe("/nonexistent/target");
    expect(list.filter((name) => name.includes("access.log"))).toEqual([]);
    expect(list.filter((name) => name.includes("/usr/"))).toEqual([]);
    expect(new Set(list).size).toBe(list.length);
    expect(facts["nothing"]).toEqual({ state: "not_found" });
  });

  test("comes without its private keys, told by name or content, which the index names", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("web/tls/shop.key", pem("PRIVATE KEY"));
    await sandbox.write("web/tls/both.pem", pem("CERTIFICATE") + pem("EC PRIVATE KEY"));
    await sandbox.write("web/tls/chain.pem", pem("CERTIFICATE"));
    await sandbox.write("elsewhere/identity", pem("OPENSSH PRIVATE KEY"));
    symlinkSync(sandbox.path("elsewhere/identity"), sandbox.path("web/tls/identity"));
    await sandbox.write("only/one.key", "binary");
    const { list, facts, read, bytes, open } = await collect(sandbox, {
      items: [paths("web", sandbox.path("web")), paths("only", sandbox.path("only/one.key"))],
    });
    expect(bytes.includes("PRIVATE KEY")).toBe(false);
    expect(list.filter((name) => /\.(?:key|pem)$|identity$/.test(name)).toSorted()).toEqual([
      `./files${sandbox.path("web/tls/chain.pem")}`,
      `./files${sandbox.path("web/tls/identity")}`,
    ]);
    expect(facts["web"]).toMatchObject({ state: "collected", keysLeftOut: 3 });
    expect(facts["only"]).toEqual({ state: "collected", keysLeftOut: 1 });
    expect(JSON.parse(read("INDEX.json"))["web"].leftOut.toSorted()).toEqual(
      ["elsewhere/identity", "web/tls/both.pem", "web/tls/shop.key"].map((name) => sandbox.path(name)),
    );
    expect(open.problems).toEqual([]);
  });

  test("is a failed item where it may not be read, and the rest of it is there", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("web/closed.conf", "secret", 0o600);
    await sandbox.write("web/open.conf", "open");
    await sandbox.write("shut/in/a.conf", "a");
    execFileSync("chmod", ["700", sandbox.path("shut")]);
    // The programs that look run as nobody; what they say is all that there is to go by.
    const nobody = [
      "#!/bin/sh",
      'p=$(basename "$0")',
      'exec setpriv --reuid=65534 --clear-groups "/usr/bin/$p" "$@"',
    ];
    for (const program of ["find", "grep", "readlink"]) await sandbox.fake(program, `${nobody.join("\n")}\n`);
    const { facts, list, open, status } = await collect(sandbox, {
      items: [
        paths("web", sandbox.path("web")),
        paths("shut", sandbox.path("shut/in")),
        paths("fine", sandbox.path("web/open.conf")),
      ],
    });
    expect(facts["web"]).toEqual({
      state: "failed",
      reason: `${sandbox.path("web/closed.conf")}: Permission denied`,
      files: 2,
    });
    expect(facts["shut"]).toEqual({
      state: "failed",
      reason: `${sandbox.path("shut/in")}: Permission denied`,
    });
    expect(facts["fine"]?.state).toBe("collected");
    expect(list).toContain(`./files${sandbox.path("web/open.conf")}`);
    expect(list).not.toContain(`./files${sandbox.path("web/closed.conf")}`);
    expect(open.problems).toHaveLength(2);
    expect(status.outcome).toBe("complete");
  });

  test.each(["find", "readlink", "xargs"])(
    "fails in time when %s hangs, and gives no file unread",
    async (program) => {
      await using sandbox = await createSandbox();
      await sandbox.write("web/open.conf", "open");
      symlinkSync("open.conf", sandbox.path("web/link"));
      await sandbox.fake(program, "#!/bin/sh\nexec sleep 600\n");
      const startedAt = performance.now();
      const { facts, list } = await collect(sandbox, {
        timeoutMs: 1000,
        items: [paths("web", sandbox.path("web"))],
      });
      expect(performance.now() - startedAt).toBeLessThan(15_000);
      expect(facts["web"]).toMatchObject({
        state: "failed",
        reason: "no answer from the file system after 1 s",
      });
      const isListed = list.includes(`./files${sandbox.path("web/open.conf")}`);
      expect(isListed).toBe(program === "readlink");
    },
    40_000,
  );

  test.each(["find", "grep"])("fails where %s is not installed", async (missing) => {
    await using sandbox = await createSandbox();
    await sandbox.write("web/open.conf", "open");
    for (const program of ["cat", "tar", "find", "grep", "xargs", "readlink"]) {
      if (program !== missing) symlinkSync(`/usr/bin/${program}`, sandbox.path("bin", program));
    }
    const { facts, open } = await collect(sandbox, {
      items: [paths("web", sandbox.path("web"))],
      env: { ...sandbox.environment, PATH: sandbox.bin },
    });
    expect(facts["web"]?.state).toBe("failed");
    expect(facts["web"]?.reason).toContain(missing);
    expect(open.problems).toHaveLength(1);
  });

  test.skipIf(!isSystemAdmin)("needs no room for copies beside the component", async () => {
    await using sandbox = await createSandbox();
    await sandbox.write("web/large.conf", "x".repeat(4 * 1024 * 1024));
    await withSmallFileSystem({ sizeMb: 1, type: "tmpfs" }, async ({ directory }) => {
      const open = await openItems([paths("web", sandbox.path("web"))], [], {
        exec: createExec(sandbox.environment),
        clock: { now: () => new Date(0), monotonicMs: () => 0, sleep: async () => undefined },
        signal: new AbortController().signal,
        ...quietRun,
        timeoutMs: 10_000,
        privateDirectory: async () => directory,
        stagingDirectory: async () => directory,
        setDirectory: directory,
      });
      expect(open.problems).toEqual([]);
      const [program, ...args] = open.producer;
      const size = execFileSync(program, args, {
        maxBuffer: 64 * 1024 * 1024,
        stdio: ["ignore", "pipe", "ignore"],
      });
      expect(size.length).toBeGreaterThan(4 * 1024 * 1024);
    });
  });
});

describe("openItems()", () => {
  test("ends with the signal's reason when it is aborted, with nothing of it still under way", async () => {
    await using sandbox = await createSandbox();
    const own = await sandbox.write("staging/own-pid", "");
    const abort = new AbortController();
    const slow = "trap 'sleep 1; exit' TERM; while :; do sleep 0.1; done";
    await sandbox.fake(
      "hang",
      `#!/bin/sh\necho $$ >>'${own}'; [ "$1" = slow ] && { ${slow}; }; exec sleep 600\n`,
    );
    const hang = (id: string): SystemItem => ({
      kind: "command",
      id,
      about: id,
      file: `${id}.txt`,
      command: ["hang", id === "hang-3" ? "slow" : "quick"],
    });
    const real = createExec(sandbox.environment);
    let started = 0;
    const opening = openItems(
      Array.from({ length: 20 }, (_each, index) => hang(`hang-${index}`)),
      [],
      {
        exec: async (command, options) => {
          started += 1;
          if (started === 8) setTimeout(() => abort.abort(new Error("stopped")), 300);
          return real(command, options);
        },
        clock: { now: () => new Date(0), monotonicMs: () => 0, sleep: async () => undefined },
        signal: abort.signal,
        ...quietRun,
        timeoutMs: 60_000,
        privateDirectory: async () => sandbox.path("staging"),
        stagingDirectory: async () => sandbox.path("staging"),
        setDirectory: sandbox.directory,
      },
    );
    await expect(opening).rejects.toThrow("stopped");
    expect(started).toBe(8);
    for (const pid of readFileSync(own, "utf8").trim().split("\n")) {
      expect(await exists(`/proc/${pid}`)).toBe(false);
    }
  }, 30_000);
});
