import { describe, expect, test } from "bun:test";
import type { Settings } from "#lib/config/schema.ts";
import { channelNames } from "#lib/core/channel-ping.ts";
import type { Container } from "#lib/core/containers.ts";
import { parseCronExpression } from "#lib/core/cron-expression.ts";
import { type HealthFinding, isProblem } from "#lib/core/health.ts";
import type { PastRun } from "#lib/core/run-history.ts";
import type { ScheduleEntry } from "#lib/core/schedule-entry.ts";
import { createSecret } from "#lib/core/secret.ts";
import type { StoreTarget } from "#lib/core/store-target.ts";
import type { JobView, JudgeJob } from "#lib/health/job-view.ts";
import { judgeAge, maxAgeMs } from "#lib/health/judge-age.ts";
import { judgeClock } from "#lib/health/judge-clock.ts";
import { judgeLock } from "#lib/health/judge-lock.ts";
import { judgeNamesakes } from "#lib/health/judge-namesakes.ts";
import { judgePaths, mountKey } from "#lib/health/judge-paths.ts";
import { judgeProofs } from "#lib/health/judge-proofs.ts";
import { judgeRuns } from "#lib/health/judge-runs.ts";
import { judgeSchedule } from "#lib/health/judge-schedule.ts";
import { judgeSize } from "#lib/health/judge-size.ts";
import { judgeSpace } from "#lib/health/judge-space.ts";
import { judgeStacks } from "#lib/health/judge-stacks.ts";
import { judgeState } from "#lib/health/judge-state.ts";
import { judgeStores } from "#lib/health/judge-stores.ts";
import { judgeWaiting } from "#lib/health/judge-waiting.ts";
import { jobFindings } from "#lib/health/registry.ts";
import { config, hoursAgo, jobView, now, pastRun } from "./job-view.ts";

const hourMs = 3_600_000;
const gib = 1024 ** 3;

/** Names and severities of what is wrong. */
function problemsOf(judge: JudgeJob, view: JobView): readonly (readonly [string, string])[] {
  return judge(view)
    .filter(isProblem)
    .map(({ name, severity }) => [name, severity]);
}

function find(findings: readonly HealthFinding[], name: string): HealthFinding | undefined {
  return findings.find((finding) => finding.name === name);
}

const nas = {
  name: "nas",
  address: { kind: "directory", path: "/nas" },
  mount: undefined,
} as unknown as StoreTarget;

function cronEntry(text: string, changes: Partial<ScheduleEntry> = {}): ScheduleEntry {
  const expression = parseCronExpression(text);
  if ("problem" in expression || expression.kind === "boot") throw new Error("No times");
  return {
    source: "cron.d",
    file: "/etc/cron.d/lastgood-shop",
    line: 8,
    user: "root",
    timings: [{ kind: "cron", expression }],
    when: text,
    command: "bun backup-run.ts --config shop",
    backup: { role: "backup", program: "backup-run.ts", config: "shop", lockFile: undefined, identity: "" },
    flaw: undefined,
    ...changes,
  };
}

test("jobFindings of a job that is well are all good, and every name is there once", () => {
  const findings = jobFindings.flatMap((judge) => judge(jobView()));
  expect(findings.filter(isProblem)).toEqual([]);
  const names = findings.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe("judgeAge()", () => {
  test("allows the longest pause of the schedule and a quarter, 26 hours without one, and what MAX_AGE_HOURS says", () => {
    expect(maxAgeMs(jobView())).toBe(26 * hourMs);
    const scheduled = jobView({ facts: { entries: [cronEntry("0 3,11,19 * * *")] } });
    expect(maxAgeMs(scheduled)).toBe(10 * hourMs);
    const weekdays = jobView({ facts: { entries: [cronEntry("0 3 * * 1-5")] } });
    expect(maxAgeMs(weekdays)).toBe(3 * 24 * 1.25 * hourMs);
    expect(maxAgeMs({ ...scheduled, settings: { ...scheduled.settings, MAX_AGE_HOURS: 2 } })).toBe(
      2 * hourMs,
    );
    const ignored = jobView({ facts: { entries: [cronEntry("0 * * * *", { flaw: "a dot in its name" })] } });
    expect(maxAgeMs(ignored)).toBe(26 * hourMs);
  });

  test("allows the weekend of a job that starts every quarter of an hour on working days, and no more", () => {
    const entries = [cronEntry("*/15 8-18 * * 1-5")];
    const places = { "copy destination": "2026-11-20T18:46:00.000Z" };
    const on = (text: string) => ({
      ...jobView({ facts: { entries }, record: { places } }),
      now: new Date(text),
    });
    expect(problemsOf(judgeAge, on("2026-11-22T12:00:00.000Z"))).toEqual([]);
    expect(problemsOf(judgeAge, on("2026-11-24T12:00:00.000Z"))).toEqual([["age", "critical"]]);
  });

  test("allows what is started once in a period that period and a quarter, or less where a time is known", () => {
    const weekMs = 168 * hourMs;
    const timing = (periodMs: number | undefined) => ({ kind: "interval", text: "", periodMs }) as const;
    const weekly = cronEntry("0 3 * * *", { timings: [timing(weekMs), timing(undefined)] });
    expect(maxAgeMs(jobView({ facts: { entries: [weekly] } }))).toBe(1.25 * weekMs);
    expect(maxAgeMs(jobView({ facts: { entries: [weekly, cronEntry("0 3 * * *")] } }))).toBe(30 * hourMs);
    const atBoot = cronEntry("0 3 * * *", { timings: [{ kind: "boot" }, timing(undefined)] });
    expect(maxAgeMs(jobView({ facts: { entries: [atBoot] } }))).toBe(26 * hourMs);
  });

  test("does not take the next start of a timer for the first one after the last set", () => {
    const next = [24, 48, 72].map((hours) => new Date(now.getTime() + hours * hourMs));
    const timings = [{ kind: "calendar", expressions: [], next } as const];
    const facts = { entries: [cronEntry("0 3 * * *", { timings })] };
    expect(maxAgeMs(jobView({ facts, record: { places: { "copy destination": hoursAgo(500) } } }))).toBe(
      30 * hourMs,
    );
  });

  test("is critical here and a warning elsewhere, from the moment that the limit is passed", () => {
    const places = (hours: number) => ({ "copy destination": hoursAgo(hours), "store nas": hoursAgo(hours) });
    const view = (hours: number) =>
      jobView({ settings: { STORES: [nas] }, record: { places: places(hours) } });
    expect(problemsOf(judgeAge, view(26))).toEqual([]);
    expect(problemsOf(judgeAge, view(26.01))).toEqual([
      ["age", "critical"],
      ["copy store nas", "warning"],
    ]);
  });

  test("takes the last complete run for the set here in a state of before there were places, and for no other place", () => {
    const view = jobView({ settings: { SECONDARY_DIR: "/mnt/second" }, record: { places: {} } });
    expect(problemsOf(judgeAge, view)).toEqual([["copy second destination", "warning"]]);
    const never = jobView({ record: { places: {}, lastCompleteAt: undefined } });
    expect(find(judgeAge(never), "age")?.message).toBe("There is no whole set here yet");
  });
});

describe("judgeRuns()", () => {
  const runs = (...list: readonly PastRun[]) =>
    jobView({ record: { history: { runs: list, unreadableCount: 0 } } });

  test.each([
    ["complete", {}, []],
    ["partial", { outcome: "partial" }, [["last run", "warning"]]],
    ["a death", { outcome: "failed", hasDied: true }, [["last run", "warning"]]],
  ] as const)("looks at the last run: %s", (_what, changes, expected) => {
    expect(problemsOf(judgeRuns, runs(pastRun(9), pastRun(1, changes)))).toEqual([...expected] as never);
  });

  test("passes over runs that found the lock held, parts of the job, and other scripts", () => {
    const others = [
      pastRun(1, { outcome: "busy" }),
      pastRun(1, { outcome: "failed", selection: ["application"] }),
      pastRun(1, { outcome: "failed", script: "restore" }),
    ];
    expect(problemsOf(judgeRuns, runs(pastRun(2), ...others))).toEqual([]);
  });

  test("is critical about a journal that no run holds", () => {
    const journal = { script: "backup-run", startedAt: hoursAgo(1) };
    expect(problemsOf(judgeRuns, jobView({ record: { journal } }))).toEqual([["recovery", "critical"]]);
    const lock = { isHeld: true, holder: undefined };
    expect(problemsOf(judgeRuns, jobView({ record: { journal, lock } }))).toEqual([]);
  });
});

describe("judgeSchedule()", () => {
  const job = { name: "shop", config, lockFile: undefined };
  const judged = { duplicates: [], overlaps: [], unscheduled: [], ignored: [] };

  test("is critical when nothing starts the job, unless it is started from elsewhere", () => {
    const facts = { schedule: { ...judged, unscheduled: [job] } };
    expect(problemsOf(judgeSchedule, jobView({ facts }))).toEqual([["schedule", "critical"]]);
    expect(problemsOf(judgeSchedule, jobView({ facts, settings: { EXPECT_SCHEDULE: false } }))).toEqual([]);
  });

  test("names both places that start it", () => {
    const entries = [
      cronEntry("0 3 * * *"),
      cronEntry("0 4 * * *", { file: "/var/spool/cron/crontabs/root", line: 2 }),
    ];
    const clash = { what: "job shop", entries, together: [] };
    const [finding] = judgeSchedule(jobView({ facts: { schedule: { ...judged, duplicates: [clash] } } }));
    expect(finding).toMatchObject({
      severity: "warning",
      message:
        "It is started from more than one place: /etc/cron.d/lastgood-shop:8 and /var/spool/cron/crontabs/root:2",
    });
  });

  test("says nothing of what only root can see", () => {
    expect(judgeSchedule(jobView())).toEqual([]);
  });
});

describe("judgeLock()", () => {
  const held = (hours: number) =>
    jobView({
      record: {
        lock: { isHeld: true, holder: { script: "backup-run", pid: 12, startedAt: hoursAgo(hours) } },
      },
    });

  test("is critical once a run should have ended itself by RUN_TIMEOUT", () => {
    expect(problemsOf(judgeLock, held(12.1))).toEqual([]);
    expect(problemsOf(judgeLock, held(12.2))).toEqual([["lock", "critical"]]);
  });

  test("warns when the lock was found held more than once in two days", () => {
    const busy = (...hours: readonly number[]) =>
      jobView({
        record: {
          history: { runs: hours.map((one) => pastRun(one, { outcome: "busy" })), unreadableCount: 0 },
        },
      });
    expect(problemsOf(judgeLock, busy(49, 1))).toEqual([]);
    expect(problemsOf(judgeLock, busy(47, 1))).toEqual([["busy", "warning"]]);
  });
});

describe("judgeProofs()", () => {
  const good = (days: number) => ({ at: hoursAgo(days * 24), isGood: true, problems: [] });

  test("asks nothing of a job that was never drilled, and that a drill comes again of one that was", () => {
    expect(problemsOf(judgeProofs, jobView({ record: { drill: good(34) } }))).toEqual([]);
    expect(problemsOf(judgeProofs, jobView({ record: { drill: good(36) } }))).toEqual([["drill", "warning"]]);
    expect(problemsOf(judgeProofs, jobView({ settings: { MAX_DRILL_AGE_DAYS: 7 } }))).toEqual([
      ["drill", "warning"],
    ]);
    const view = jobView({ settings: { MAX_VERIFICATION_AGE_DAYS: 2 }, record: { verification: good(3) } });
    expect(problemsOf(judgeProofs, view)).toEqual([["verification", "warning"]]);
  });

  test("is critical when the last one failed, and says why", () => {
    const drill = { at: hoursAgo(1), isGood: false, problems: ["database-shop: 3 rows are missing"] };
    const finding = find(judgeProofs(jobView({ record: { drill } })), "drill");
    expect(finding).toMatchObject({
      severity: "critical",
      message: expect.stringContaining("3 rows are missing"),
    });
  });
});

describe("judgeSize()", () => {
  const sized = (...sizes: readonly number[]) =>
    jobView({
      record: {
        history: {
          runs: sizes.map((bytesIn, index) =>
            pastRun(sizes.length - index, {
              parts: [{ kind: "source", name: "application", outcome: "complete", bytesIn }],
            }),
          ),
          unreadableCount: 0,
        },
      },
    });

  test("warns when the last set shrank or grew by half against the usual size", () => {
    expect(problemsOf(judgeSize, sized(100, 100, 100, 120))).toEqual([]);
    expect(problemsOf(judgeSize, sized(100, 100, 100, 40))).toEqual([["size", "warning"]]);
    expect(problemsOf(judgeSize, sized(100, 100, 100, 200))).toEqual([["size", "warning"]]);
    expect(problemsOf(judgeSize, sized(100))).toEqual([]);
  });
});

describe("judgeSpace()", () => {
  const view = (freeGib: number, daily: readonly number[] = []) =>
    jobView({
      facts: { space: new Map([["/mnt/backup", { freeBytes: freeGib * gib, totalBytes: 100 * gib }]]) },
      record: {
        memory: {
          schema: 1,
          problems: {},
          space: {
            "/mnt/backup": daily.map((free, index) => ({
              at: hoursAgo(24 * (daily.length - index)),
              freeBytes: free * gib,
            })),
          },
        },
      },
    });

  test("is critical below MIN_FREE_GB, since the next run will refuse", () => {
    expect(problemsOf(judgeSpace, view(5))).toEqual([]);
    expect(problemsOf(judgeSpace, view(4.9))).toEqual([["space /mnt/backup", "critical"]]);
  });

  test("warns when the disk is full within two weeks at this rate, and names the day", () => {
    expect(problemsOf(judgeSpace, view(60, [64, 63, 62, 61]))).toEqual([]);
    expect(problemsOf(judgeSpace, view(10, [14, 13, 12, 11]))).toEqual([["space /mnt/backup", "warning"]]);
    expect(judgeSpace(view(10, [14, 13, 12, 11]))[0]?.message).toEndWith("full on 2026-12-01");
    expect(problemsOf(judgeSpace, view(10, [12, 11]))).toEqual([]);
    expect(problemsOf(judgeSpace, view(14, [10, 11, 12, 13]))).toEqual([]);
  });
});

describe("judgeWaiting()", () => {
  const one = { count: 1, oldestAt: hoursAgo(3) };

  test("warns of sets and messages that wait, unless a run is at it, and of channels that refused", () => {
    const record = {
      uploads: { nas: one },
      outbox: one,
      failedChannels: [{ name: "ntfy", at: hoursAgo(3), error: "403" }],
    };
    const view = jobView({ settings: { STORES: [nas], NTFY_TOPIC: "backups" }, record });
    expect(problemsOf(judgeWaiting, view)).toEqual([
      ["uploads nas", "warning"],
      ["outbox", "warning"],
      ["channel ntfy", "warning"],
    ]);
    const running = jobView({
      settings: { STORES: [nas] },
      record: { uploads: { nas: one }, lock: { isHeld: true, holder: undefined } },
    });
    expect(judgeWaiting(running).map(({ name }) => name)).toEqual(["outbox"]);
  });

  test("forgets what a channel refused that is not configured any more", () => {
    const failed = channelNames.map((name) => ({ name, at: hoursAgo(3), error: "403" }));
    const other = { name: "carrier-pigeon", at: hoursAgo(3), error: "403" };
    const view = (settings: Partial<Settings>) =>
      jobView({ settings, record: { failedChannels: [...failed, other] } });
    expect(problemsOf(judgeWaiting, view({}))).toEqual([]);
    const kept = view({ EMAIL_TO: ["admin@example.org"], UPTIME_KUMA_URL: createSecret("https://kuma") });
    expect(problemsOf(judgeWaiting, kept)).toEqual([
      ["channel email", "warning"],
      ["channel uptime-kuma", "warning"],
    ]);
  });
});

describe("judgePaths()", () => {
  const set = "/mnt/backup/web1/shop/20261121T100000Z";

  test("finds what is missing, not mounted, open to everybody or not installed", () => {
    const mount = { path: "/mnt/backup", marker: undefined };
    const failed = (message: string) => ({ name: "", passed: false, message });
    const view = jobView({
      settings: { REQUIRE_MOUNT: [mount] },
      facts: {
        paths: new Map([
          ["/srv/shop", { reason: "No such file or directory" }],
          ["/mnt/backup", { isDirectory: true, mode: 0o777 }],
          [set, { reason: "No such file or directory" }],
        ]),
        mounts: new Map([[mountKey(mount), failed("nothing is mounted there")]]),
        programs: new Map([["zstd", failed("it is not installed")]]),
      },
    });
    expect(problemsOf(judgePaths, view)).toEqual([
      ["directories", "critical"],
      ["mounts", "critical"],
      ["permissions", "warning"],
      ["programs", "critical"],
      ["last set", "critical"],
    ]);
  });

  test("lets a directory be open to everybody that is sticky, as /tmp is", () => {
    const paths = new Map([["/mnt/backup", { isDirectory: true, mode: 0o1777 }]]);
    expect(problemsOf(judgePaths, jobView({ facts: { paths } }))).toEqual([]);
    const file = new Map([["/mnt/backup", { isDirectory: false, mode: 0o600 }]]);
    expect(problemsOf(judgePaths, jobView({ facts: { paths: file } }))).toEqual([
      ["directories", "critical"],
    ]);
  });
});

describe("judgeStores()", () => {
  const after = (message: string) => {
    const part = { kind: "store", name: "nas", outcome: "failed", message };
    const runs = [pastRun(2, { parts: [part] }), pastRun(1)];
    return jobView({ settings: { STORES: [nas] }, record: { history: { runs, unreadableCount: 0 } } });
  };

  test("warns of a store that failed last, and is critical when its key or certificate is not what it was", () => {
    expect(problemsOf(judgeStores, after("connection refused"))).toEqual([["store nas", "warning"]]);
    for (const words of ["Host key verification failed.", "x509: certificate has expired"])
      expect(problemsOf(judgeStores, after(words))).toEqual([["store nas", "critical"]]);
  });

  test("warns of a certificate in its last two weeks, as the last run saw it", () => {
    const ending = (days: number) => {
      const certificateUntil = hoursAgo(-24 * days);
      const part = { kind: "store", name: "nas", outcome: "complete", certificateUntil };
      const runs = [pastRun(2, { parts: [part] }), pastRun(1)];
      return jobView({ settings: { STORES: [nas] }, record: { history: { runs, unreadableCount: 0 } } });
    };
    expect(problemsOf(judgeStores, ending(15))).toEqual([]);
    expect(find(judgeStores(ending(15)), "certificate nas")?.severity).toBe("ok");
    expect(problemsOf(judgeStores, ending(13))).toEqual([["certificate nas", "warning"]]);
  });

  test("warns of a store that says itself that its last whole set is too old, whatever is recorded", () => {
    const answer = { problem: undefined, message: "has 3 sets" };
    const asked = (newestAt: string) => new Map([[`${config}\0nas`, { ...answer, newestAt }]]);
    const saying = (hours: number) => {
      const { facts } = jobView({ facts: { stores: asked(hoursAgo(hours)) } });
      return { ...after(""), facts };
    };
    expect(problemsOf(judgeStores, saying(26))).toEqual([]);
    expect(problemsOf(judgeStores, saying(27))).toEqual([["store nas", "warning"]]);
    expect(judgeStores(saying(27))[0]?.message).toBe("has 3 sets; 1d 02h is allowed");
  });

  test("believes the store itself where it was asked", () => {
    const stores = new Map([[`${config}\0nas`, { problem: undefined, message: "has 3 sets" }]]);
    expect(
      judgeStores({ ...after("connection refused"), facts: jobView({ facts: { stores } }).facts }),
    ).toEqual([{ name: "store nas", severity: "ok", message: "has 3 sets" }]);
  });
});

test("judgeNamesakes() is critical of another configuration that keeps the same record", () => {
  expect(judgeNamesakes(jobView())).toEqual([]);
  const namesakes = new Map([[config, ["/etc/lastgood/copy.env"]]]);
  expect(judgeNamesakes(jobView({ facts: { namesakes } }))).toMatchObject([
    {
      severity: "critical",
      message:
        "It keeps the same record as /etc/lastgood/copy.env, JOB=shop in /var/lib/lastgood: they cannot be told apart",
    },
  ]);
});

describe("judgeStacks()", () => {
  const container = (changes: Partial<Container>) =>
    ({
      service: "web",
      state: "running",
      restartPolicy: "unless-stopped",
      isOneOff: false,
      ...changes,
    }) as Container;
  const view = (containers: readonly Container[], changes: Parameters<typeof jobView>[0] = {}) =>
    jobView({
      ...changes,
      settings: { STACKS_DIR: "/srv/stacks", ...changes.settings },
      facts: { stacks: new Map([["/srv/stacks", { stacks: [{ name: "blog", containers }] }]]) },
    });

  test.each([
    ["one that exited", { state: "exited" }, true],
    ["one that is unhealthy", { health: "unhealthy" }, true],
    ["one that is restarted again and again", { state: "restarting" }, true],
    ["one that is starting", { health: "starting" }, false],
    ["one that docker would not start again", { state: "exited", restartPolicy: "no" }, false],
    ["one that was run once", { state: "exited", isOneOff: true }, false],
  ] as const)("judges %s", (_what, changes, isTrouble) => {
    const expected = isTrouble ? [["stacks", "critical"]] : [];
    expect(problemsOf(judgeStacks, view([container({}), container(changes)]))).toEqual(expected as never);
  });

  test("finds a stack without a container, be it down or pruned, if the last backup stopped it", () => {
    const part = { kind: "source", name: "stack-blog", outcome: "complete" };
    const after = (windowSeconds: number | undefined) => {
      const refused = pastRun(1, { outcome: "failed", parts: [] });
      const runs = [pastRun(3, { parts: [{ ...part, windowSeconds: 3 }] })];
      runs.push(pastRun(2, { parts: [{ ...part, windowSeconds }] }), refused);
      return { record: { history: { runs, unreadableCount: 0 } } };
    };
    expect(judgeStacks(view([], after(3)))[1]).toMatchObject({
      severity: "critical",
      message: "Not running as it should: blog (its containers are gone)",
    });
    expect(problemsOf(judgeStacks, view([container({ isOneOff: true })], after(3)))).toHaveLength(1);
    expect(problemsOf(judgeStacks, view([container({})], after(3)))).toEqual([]);
    expect(problemsOf(judgeStacks, view([], after(undefined)))).toEqual([]);
    expect(problemsOf(judgeStacks, view([]))).toEqual([]);
  });

  test("leaves alone stacks that may rest, are skipped, or are stopped by the run that is under way", () => {
    const stopped = [container({ state: "exited" })];
    expect(problemsOf(judgeStacks, view(stopped, { settings: { STACKS_MAY_REST: ["blog"] } }))).toEqual([]);
    expect(problemsOf(judgeStacks, view(stopped, { settings: { STACKS_SKIP: ["blog"] } }))).toEqual([]);
    expect(
      problemsOf(judgeStacks, view(stopped, { record: { lock: { isHeld: true, holder: undefined } } })),
    ).toEqual([]);
  });

  test("is critical when docker does not answer", () => {
    const facts = { stacks: new Map([["/srv/stacks", { problem: "Cannot connect" }]]) };
    const down = jobView({ settings: { STACKS_DIR: "/srv/stacks" }, facts });
    expect(problemsOf(judgeStacks, down)).toEqual([["docker", "critical"]]);
  });
});

test("judgeClock() is critical of a last whole set that is to come: for as long nothing would say that none follows", () => {
  const ahead = (minutes: number) =>
    jobView({ record: { places: { "copy destination": hoursAgo(-minutes / 60) } } });
  expect(problemsOf(judgeClock, ahead(5))).toEqual([]);
  expect(problemsOf(judgeClock, ahead(6))).toEqual([["clock", "critical"]]);
  expect(judgeAge(ahead(6))).toEqual([
    {
      name: "age",
      severity: "ok",
      message: "The last whole set here is of a time to come, 2026-11-21T12:06:00.000Z",
    },
  ]);
});

test("judgeClock() warns of a run that is to come, beyond what clocks differ by", () => {
  const at = (minutes: number) => {
    const endedAt = new Date(now.getTime() + minutes * 60_000).toISOString();
    return jobView({ record: { lastRun: { runId: "1", outcome: "complete", endedAt } } });
  };
  expect(problemsOf(judgeClock, at(5))).toEqual([]);
  expect(problemsOf(judgeClock, at(6))).toEqual([["clock", "warning"]]);
});

test("judgeState() warns of state that cannot be read, and mentions lines of the history that were cut off", () => {
  expect(problemsOf(judgeState, jobView({ record: { problems: ["it is damaged"] } }))).toEqual([
    ["state", "warning"],
  ]);
  const history = { runs: [], unreadableCount: 1 };
  expect(judgeState(jobView({ record: { history } }))).toMatchObject([
    { severity: "ok", message: "1 line of the history cannot be understood" },
  ]);
});
