import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, salvageConfig } from "#lib/config/load-config.ts";
import type { Exec } from "#lib/core/deps.ts";
import {
  type ConfigDirectory,
  createConfigDirectory,
  least,
  refusalOf,
} from "#test/unit/config/config-directory.ts";

const ntfy = `${least}NTFY_TOPIC=t\n`;

async function loadToken(directory: ConfigDirectory, line: string, env: Record<string, string> = {}) {
  const file = await directory.write("app.env", `${ntfy}${line}\n`);
  const { settings, secrets } = await loadConfig(directory.request(file, { env }));
  expect(secrets.map((secret) => secret.reveal())).toEqual([settings.NTFY_TOKEN?.reveal() ?? "none"]);
  return settings.NTFY_TOKEN?.reveal();
}

describe("loadConfig() takes a secret", () => {
  test("from the file itself, a # in quotes included", async () => {
    await using directory = await createConfigDirectory();
    expect(await loadToken(directory, 'NTFY_TOKEN="to#ken "')).toBe("to#ken ");
  });

  test("from a file, without one newline at its end", async () => {
    await using directory = await createConfigDirectory();
    await directory.write("token", " tk_1 \n");
    expect(await loadToken(directory, "NTFY_TOKEN_FILE=token")).toBe(" tk_1 ");
    await directory.write("token", "tk_2\r\n");
    expect(await loadToken(directory, `NTFY_TOKEN_FILE=${directory.path}/token`)).toBe("tk_2");
    await directory.write("token", "tk_3\n\n");
    const error = await refusalOf(loadToken(directory, "NTFY_TOKEN_FILE=token"));
    expect(error.problems[0]).toContain("expected one line");
  });

  test("from systemd's credentials, whatever their mode", async () => {
    await using directory = await createConfigDirectory();
    await using credentials = await createConfigDirectory();
    await directory.write("token", "wrong\n");
    await credentials.write("token", "right\n", 0o444);
    const env = { CREDENTIALS_DIRECTORY: credentials.path };
    expect(await loadToken(directory, "NTFY_TOKEN_FILE=token", env)).toBe("right");
    expect(await loadToken(directory, `NTFY_TOKEN_FILE=${directory.path}/token`, env)).toBe("wrong");
  });

  test("from a command that runs beside the file", async () => {
    await using directory = await createConfigDirectory();
    await directory.write("token", "tk_1\n");
    expect(await loadToken(directory, "NTFY_TOKEN_COMMAND='cat token | tr a-z A-Z'")).toBe("TK_1");
  });

  test("from the environment, in the place of whatever the file says", async () => {
    await using directory = await createConfigDirectory();
    await directory.write("token", "tk_1\n");
    const env = { NTFY_TOKEN_FILE: join(directory.path, "token") };
    expect(await loadToken(directory, "NTFY_TOKEN_COMMAND=false", env)).toBe("tk_1");
  });

  test("under a legacy name as well", async () => {
    await using directory = await createConfigDirectory();
    await directory.write("url", "https://hc.example.org/x\n");
    const file = await directory.write("app.env", `${least}HEALTHCHECK_URL_FILE=url\n`);
    const { settings } = await loadConfig(directory.request(file));
    expect(settings.HEALTHCHECKS_URL?.reveal()).toBe("https://hc.example.org/x");
  });
});

describe("loadConfig() refuses a secret", () => {
  test.each([
    ["NTFY_TOKEN_FILE=missing", "no such file"],
    ["NTFY_TOKEN_FILE=empty", "gives nothing"],
    ["NTFY_TOKEN_COMMAND='exit 3'", "the command ended with 3"],
    ["NTFY_TOKEN_COMMAND='echo locked >&2; echo more >&2; exit 3'", "the command ended with 3: locked"],
    ["NTFY_TOKEN_COMMAND='kill -KILL $$'", "the command ended by SIGKILL"],
    ["NTFY_TOKEN_COMMAND='echo'", "the command gives nothing"],
  ])("of %s", async (line, problem) => {
    await using directory = await createConfigDirectory();
    await directory.write("empty", "\n");
    const { outcome, problems } = await refusalOf(loadToken(directory, line));
    expect(outcome).toBe("config");
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`app.env:4 ${line.split("=")[0]}: `);
    expect(problems[0]).toContain(problem);
    expect(problems[0]).not.toContain("more");
  });

  test("of a command that does not end", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", `${ntfy}NTFY_TOKEN_COMMAND=pass\n`);
    let timeoutMs: number | undefined;
    const exec: Exec = async (_, options) => {
      timeoutMs = options.timeoutMs;
      return {
        exitCode: null,
        signal: "SIGTERM",
        stdout: "half",
        stderr: "",
        timedOut: true,
        notFound: false,
      };
    };
    const error = await refusalOf(loadConfig(directory.request(file, { deps: { exec } })));
    expect(timeoutMs).toBe(30_000);
    expect(error.problems[0]).toContain("did not end within 30 s");
  });

  test("that is given in two ways", async () => {
    await using directory = await createConfigDirectory();
    const inFile = await refusalOf(loadToken(directory, "NTFY_TOKEN=a\nNTFY_TOKEN_FILE=b"));
    expect(inFile.problems[0]).toContain("app.env:5 NTFY_TOKEN_FILE and ");
    const env = { NTFY_TOKEN: "a", NTFY_TOKEN_COMMAND: "b" };
    const inEnvironment = await refusalOf(loadToken(directory, "", env));
    expect(inEnvironment.problems[0]).toBe(
      "environment NTFY_TOKEN_COMMAND and environment NTFY_TOKEN set the same: keep one",
    );
  });

  test("of a file that others may read", async () => {
    await using directory = await createConfigDirectory();
    const path = await directory.write("token", "tk_1\n", 0o604);
    const error = await refusalOf(loadToken(directory, "NTFY_TOKEN_FILE=token"));
    expect(error.outcome).toBe("denied");
    expect(error.hint).toBe(`chmod 600 '${path}'`);
  });

  test("for a setting that is none: no such key exists", async () => {
    await using directory = await createConfigDirectory();
    const error = await refusalOf(loadToken(directory, "NTFY_TOPIC_COMMAND=id"));
    expect(error.problems[0]).toContain("NTFY_TOPIC_COMMAND is no setting");
  });
});

describe("salvageConfig()", () => {
  test("keeps what is valid, and defaults where something is not", async () => {
    await using directory = await createConfigDirectory();
    await directory.write("token", "tk_1\n");
    const text =
      "KEEP_LAST=x\nNOPE\nJOB=Shop\nNTFY_TOPIC=t\nNTFY_TOKEN_FILE=token\nSMTP_PORT=x\nEMAIL_TO=a@b.org\n";
    const file = await directory.write("app.env", text);
    const salvaged = await salvageConfig(directory.request(file));
    expect(salvaged?.settings).toMatchObject({
      JOB: "app",
      HOST_NAME: "web1",
      NTFY_TOPIC: "t",
      SMTP_PORT: 587,
      EMAIL_TO: ["a@b.org"],
    });
    expect(salvaged?.settings.NTFY_TOKEN?.reveal()).toBe("tk_1");
    expect(salvaged?.secrets).toHaveLength(1);
  });

  test("has names even where file and host have unfit ones", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("My App.env", "NTFY_TOPIC=t\n");
    const salvaged = await salvageConfig(directory.request(file, { hostname: "" }));
    expect(salvaged?.settings).toMatchObject({ JOB: "unknown", HOST_NAME: "unknown" });
  });

  test("does without a secret that cannot be had", async () => {
    await using directory = await createConfigDirectory();
    await directory.write("token", "tk_1\n", 0o644);
    const file = await directory.write(
      "app.env",
      "NTFY_TOPIC=t\nNTFY_TOKEN_FILE=token\nSMTP_PASSWORD_COMMAND=false\n",
    );
    const salvaged = await salvageConfig(directory.request(file));
    expect(salvaged?.settings.NTFY_TOPIC).toBe("t");
    expect(salvaged?.settings.NTFY_TOKEN).toBeUndefined();
    expect(salvaged?.settings.SMTP_PASSWORD).toBeUndefined();
  });

  test("uses a file that others may read: that secret is out already", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write("app.env", "NTFY_TOPIC=t\nNTFY_TOKEN=tk_1\n", 0o644);
    expect((await salvageConfig(directory.request(file)))?.settings.NTFY_TOKEN?.reveal()).toBe("tk_1");
  });

  test("runs and uses nothing of a file that others may write", async () => {
    await using directory = await createConfigDirectory();
    const file = await directory.write(
      "app.env",
      "NTFY_TOPIC=t\nNTFY_TOKEN_COMMAND='touch ran; echo x'\n",
      0o620,
    );
    expect(await salvageConfig(directory.request(file))).toBeUndefined();
    expect((await refusalOf(loadConfig(directory.request(file)))).outcome).toBe("denied");
    expect(existsSync(join(directory.path, "ran"))).toBe(false);
  });

  test("never throws", async () => {
    await using directory = await createConfigDirectory();
    const exec: Exec = () => Promise.reject(new TypeError("no exec"));
    const file = await directory.write("app.env", "NTFY_TOKEN_COMMAND=x\n");
    expect(await salvageConfig(directory.request(file, { deps: { exec } }))).toBeDefined();
    expect(await salvageConfig(directory.request("/no/such/file.env"))).toBeUndefined();
    expect(await salvageConfig(directory.request(`${directory.path}/.`))).toBeUndefined();
  });
});
