import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { chown, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { candidatePaths } from "#lib/config/config-file.ts";
import { loadConfig } from "#lib/config/load-config.ts";
import { describeError } from "#lib/core/ops-error.ts";
import {
  type ConfigDirectory,
  createConfigDirectory,
  least,
  refusalOf,
} from "#test/unit/config/config-directory.ts";

/** Load a file of the least and `more`. */
async function load(directory: ConfigDirectory, more: string, env: Record<string, string> = {}) {
  const file = await directory.write("app.env", least + more);
  return loadConfig(directory.request(file, { env }));
}

describe("candidatePaths()", () => {
  const request = { env: {}, cwd: "/here", uid: 0, home: "/root", hostname: "h", deps: { exec: neverRun } };

  test("looks in /etc, then in the user's directory", () => {
    const own = "/root/.config/lastgood";
    expect(candidatePaths({ ...request, configFlag: undefined })).toEqual([
      "/etc/lastgood/backup.env",
      `${own}/backup.env`,
    ]);
    expect(candidatePaths({ ...request, configFlag: "shop" })).toEqual([
      "/etc/lastgood/shop.env",
      `${own}/shop.env`,
    ]);
  });

  test("looks first in the own directory of a user who may not read root's", () => {
    expect(candidatePaths({ ...request, uid: 1000, home: "/home/ann", configFlag: "shop" })).toEqual([
      "/home/ann/.config/lastgood/shop.env",
      "/etc/lastgood/shop.env",
    ]);
  });

  test("honours an absolute XDG_CONFIG_HOME and ignores a relative one", () => {
    const [, absolute] = candidatePaths({
      ...request,
      configFlag: undefined,
      env: { XDG_CONFIG_HOME: "/x" },
    });
    const [, relative] = candidatePaths({ ...request, configFlag: undefined, env: { XDG_CONFIG_HOME: "x" } });
    expect(absolute).toBe("/x/lastgood/backup.env");
    expect(relative).toBe("/root/.config/lastgood/backup.env");
  });

  test.each([
    ["/a/b", "/a/b"],
    ["./b", "/here/b"],
    ["b.env", "/here/b.env"],
  ])("takes %s for a file", (configFlag, path) => {
    expect(candidatePaths({ ...request, configFlag })).toEqual([path]);
  });
});

describe("loadConfig()", () => {
  test("names every place that it looked at", async () => {
    await using directory = await createConfigDirectory();
    const env = { XDG_CONFIG_HOME: directory.path };
    const error = await refusalOf(loadConfig(directory.request("no-such-job", { env })));
    expect(error.outcome).toBe("config");
    expect(error.message).toContain("/etc/lastgood/no-such-job.env");
    expect(error.message).toContain(join(directory.path, "lastgood/no-such-job.env"));
    // The machine that runs this may have jobs.
    expect(error.hint).toMatch(/--print-config > |--config /);
  });

  test("names the jobs that there are where there is none of that name", async () => {
    await using directory = await createConfigDirectory();
    await mkdir(join(directory.path, "lastgood"));
    for (const name of ["0shop.env", "0crm.env", "predeploy.env", ".#0shop.env", "0shop.env~"])
      await directory.write(`lastgood/${name}`, least);
    const env = { XDG_CONFIG_HOME: directory.path };
    const error = await refusalOf(loadConfig(directory.request("no-such-job", { env })));
    expect(error.hint).toStartWith("Name a job that there is: --config 0crm, --config 0shop");
    expect(error.hint).not.toContain("predeploy");
  });

  test("takes flags over nothing, the environment over the file, the file over defaults", async () => {
    await using directory = await createConfigDirectory();
    const env = { KEEP_DAILY: "9", KEEP_WEEKLY: "", RETENTION_MONTHLY: "9" };
    const { settings, places, file } = await load(directory, "KEEP_DAILY=5\nRETENTION_WEEKLY=2\n", env);
    expect(settings).toMatchObject({ KEEP_DAILY: 9, KEEP_WEEKLY: 2, KEEP_MONTHLY: 6 });
    expect(places.KEEP_DAILY).toBe("environment KEEP_DAILY");
    expect(places.KEEP_WEEKLY).toBe(`${file}:4 RETENTION_WEEKLY`);
    expect(places.KEEP_MONTHLY).toBe("default");
  });

  test("takes an empty value for none", async () => {
    await using directory = await createConfigDirectory();
    const { settings } = await load(
      directory,
      'KEEP_DAILY=\nSECONDARY_DIR=""\nEMAIL_RECIPIENT=\nEMAIL_TO=a@b.org\n',
    );
    expect(settings).toMatchObject({ KEEP_DAILY: 7, EMAIL_TO: ["a@b.org"] });
    expect(settings.SECONDARY_DIR).toBeUndefined();
  });

  test("starts relative paths from the file's directory", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", "APP_DIR=../app/\nBACKUP_DIR=./b//c\n");
    const { settings } = await loadConfig(directory.request(file, { cwd: "/elsewhere" }));
    expect(settings.APP_DIR).toBe(join(directory.path, "../app"));
    expect(settings.BACKUP_DIR).toBe(join(directory.path, "b/c"));
  });

  test("tells all problems at once, each with its place and its value", async () => {
    await using directory = await createConfigDirectory();
    const text =
      "BACKUP_DIR=/b\nBACKUP_DEST=/c\nKEEP_DALY=1\nnonsense\nKEEP_LAST=x\nNTFY_TOKEN=t\nMIN_FREE_GB=5GB\n";
    const file = await directory.write("app.env", text);
    const error = await refusalOf(loadConfig(directory.request(file)));
    expect(error.outcome).toBe("config");
    expect(error.problems).toEqual([
      `${file}:4 is no setting: expected KEY=value`,
      `${file}:2 BACKUP_DEST and ${file}:1 BACKUP_DIR set the same: keep one`,
      `${file}:3 KEEP_DALY is no setting: did you mean KEEP_DAILY?`,
      `${file}:7 MIN_FREE_GB is "5GB": expected a number of GiB without a unit, such as 5 or 0.5`,
      `${file}:5 KEEP_LAST is "x": expected a whole number from 0 to 100000`,
      `${file} APP_DIR is not set, nor are DATABASES, STACKS_DIR and SYSTEM_STATE: there is nothing to back up`,
      `${file}:6 NTFY_TOKEN is set, but NTFY_TOPIC is not`,
    ]);
    expect(error.message).toContain("(and 6 more)");
  });

  test.each([
    ["COMPRESION_TYPE", "COMPRESSION_TYPE"],
    ["SMTP_PASWORD_FILE", "SMTP_PASSWORD_FILE"],
    ["keep_last", "KEEP_LAST"],
  ])("suggests for %s the name %s", async (key, meant) => {
    await using directory = await createConfigDirectory();
    const error = await refusalOf(load(directory, `${key}=1\n`));
    expect(error.problems[0]).toEndWith(`${key} is no setting: did you mean ${meant}?`);
  });

  test("requires a destination, and says nothing of rules that depend on it", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", "APP_DIR=/srv/app\nSECONDARY_DIR=/b\n");
    const { problems } = await refusalOf(loadConfig(directory.request(file)));
    expect(problems).toEqual([`${file} BACKUP_DIR is not set: it is required`]);
  });

  test("says nothing of a rule that depends on an invalid setting", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", "APP_DIR=~/app\nBACKUP_DIR=/b\n");
    const { problems } = await refusalOf(loadConfig(directory.request(file)));
    expect(problems).toEqual([
      `${file}:1 APP_DIR is "~/app": expected a path without "~": nothing expands it here`,
    ]);
  });

  test("names a value that is unfit by default", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("My App.env", least);
    const { problems } = await refusalOf(loadConfig(directory.request(file)));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith(`${file} JOB is "My App" by default: expected 1 to 64 small letters`);
  });

  test("does not print the invalid value of a secret", async () => {
    await using directory = await createConfigDirectory();
    const error = await refusalOf(load(directory, "WEBHOOK_URL=hooks.example.org/T0KEN\n"));
    expect(error.problems[0]).toContain('WEBHOOK_URL is "***": expected an http or https URL');
    expect(JSON.stringify([error.message, error.problems, error.hint])).not.toContain("T0KEN");
  });

  test("waits for nobody to write into a fifo, and reads no device", async () => {
    await using directory = await createConfigDirectory();
    const fifo = join(directory.path, "app.env");
    execFileSync("mkfifo", [fifo]);
    for (const path of [fifo, "/dev/zero"]) {
      const refused = await refusalOf(loadConfig(directory.request(path)));
      expect(refused).toMatchObject({ outcome: "config" });
      expect(describeError(refused)).toBe(
        `Cannot read the configuration "${path}": It is a fifo, a socket or a device, and no file`,
      );
    }
  });

  test("has a child follow a link: where that gets no answer, it opens nothing", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("nas.env", least);
    const link = join(directory.path, "app.env");
    await symlink(file, link);
    const none = { exitCode: null, signal: "SIGKILL", stdout: "", stderr: "", notFound: false };
    const answers: boolean[] = [];
    const exec = async ([, , , path]: readonly string[]) => ({
      ...none,
      timedOut: answers.push(path === link) > 1,
    });
    expect((await loadConfig(directory.request(link, { deps: { exec } }))).file).toBe(link);
    const refused = await refusalOf(loadConfig(directory.request(link, { deps: { exec } })));
    expect(refused).toMatchObject({ outcome: "config", hint: "Look at that mount" });
    expect(answers).toEqual([true, true]);
  });

  test("says of a link that it leads nowhere", async () => {
    await using directory = await createConfigDirectory();
    const link = join(directory.path, "app.env");
    await symlink("moved.env", link);
    expect(describeError(await refusalOf(loadConfig(directory.request(link))))).toBe(
      `Cannot read the configuration "${link}": It is a link that leads nowhere`,
    );
  });

  test("cannot read a directory", async () => {
    await using directory = await createConfigDirectory();
    const error = await refusalOf(loadConfig(directory.request(`${directory.path}/.`)));
    expect(error.outcome).toBe("config");
  });
});

describe("loadConfig() looks at owner and mode:", () => {
  const secret = "NTFY_TOPIC=t\nNTFY_TOKEN=tk_1\n";

  test.each([
    ["group may write", 0o620, ""],
    ["others may write", 0o602, ""],
    ["others may read, and a secret is in it", 0o604, secret],
  ])("%s", async (_, mode, more) => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", least + more, mode);
    const error = await refusalOf(loadConfig(directory.request(file)));
    expect(error.outcome).toBe("denied");
    expect(error.hint).toBe(`chmod 600 '${file}'`);
  });

  test("others may read a file that only says where its secrets are", async () => {
    await using directory = await createConfigDirectory();
    await directory.write("token", "tk_1\n");
    const text = `${least}NTFY_TOPIC=t\nNTFY_TOKEN_FILE=token\nSMTP_PASSWORD=\n`;
    const file = await directory.write("app.env", text, 0o644);
    expect((await loadConfig(directory.request(file))).settings.NTFY_TOKEN?.reveal()).toBe("tk_1");
  });

  test("a secret in the file counts also where the environment has another", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", least + secret, 0o644);
    const error = await refusalOf(loadConfig(directory.request(file, { env: { NTFY_TOKEN: "other" } })));
    expect(error.outcome).toBe("denied");
  });

  test.if(process.getuid?.() === 0)("its owner is root or who runs", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", least);
    expect((await loadConfig(directory.request(file, { uid: 4242 }))).file).toBe(file);
    await chown(file, 4242, 4242);
    expect((await loadConfig(directory.request(file, { uid: 4242 }))).file).toBe(file);
    const error = await refusalOf(loadConfig(directory.request(file, { uid: 0 })));
    expect(error.outcome).toBe("denied");
    expect(error.message).toContain("belongs to user 4242");
  });
});

async function neverRun(): Promise<never> {
  throw new Error("Nothing is to be run");
}
