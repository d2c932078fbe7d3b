import { z } from "zod";
import { parseDuration } from "#lib/core/duration.ts";
import type { Stage, StagePlan } from "#lib/core/stage.ts";
import { isGlob, isTemplate, isUnitName, matchesPattern, withServiceSuffix } from "#lib/core/unit-pattern.ts";

const line = z.string("expected text").regex(/^[^\p{Cc}]+$/u, "expected one line of text");

const unit = line
  .transform(withServiceSuffix)
  .refine(
    (name) => (isGlob(name) ? isPattern(name) : isUnitName(name)),
    "expected the name of a service unit, or a pattern of names",
  )
  .refine(
    (name) => !/\.(?:timer|socket|target|mount|path|slice|scope|swap|device|automount)\.service$/.test(name),
    "expected a service: other units do nothing that ends",
  )
  .refine((name) => !isTemplate(name), "is a template: name an instance of it, NAME@INSTANCE");

function isPattern(text: string): boolean {
  if (!/^[A-Za-z0-9:_.@\\*?[\]!^-]+$/.test(text)) return false;
  try {
    matchesPattern("", text);
    return true;
  } catch {
    return false;
  }
}

const duration = z
  .union([z.string(), z.number()], "expected a duration such as 300, 45m or 1h")
  .transform((value, context) => {
    const ms = parseDuration(String(value));
    if (ms !== undefined && ms >= 1000 && ms <= 24 * 86_400_000) return ms;
    context.addIssue({
      code: "custom",
      message: "expected a duration from 1s to 24d, such as 300, 45m or 1h",
    });
    return z.NEVER;
  });

const list = <Item extends z.ZodType>(item: Item) => z.array(item, "expected a list").default([]);

const stage = z.strictObject(
  {
    stage: z.union([line, z.number()], "expected a short label such as 3b").transform(String).optional(),
    title: line,
    units: list(unit),
    except: list(unit),
    jobs: list(line),
    commands: list(
      z.tuple([line], z.string("expected text"), "expected a list of words: program, arguments"),
    ),
    limit: z.int("expected a whole number").min(1, "expected 1 or more").optional(),
    timeout: duration.default(3_600_000),
    policy: z
      .enum(["warning", "counted", "required"], "expected warning, counted or required")
      .default("counted"),
    running: z.enum(["skip", "wait"], "expected skip or wait").default("skip"),
    partial_statuses: list(
      z.int("expected a whole number").min(1, "expected 1 to 255").max(255, "expected 1 to 255"),
    ),
  },
  "expected the keys of a stage",
);

export const stageFileSchema = z
  .strictObject(
    {
      preflight: list(
        z.strictObject(
          {
            path: line.startsWith("/", "expected an absolute path"),
            min_free_gb: z.number("expected a number of GiB").min(0, "expected 0 or more").default(0),
            mount: z.boolean("expected true or false").default(true),
          },
          "expected the keys path, min_free_gb and mount",
        ),
      ),
      stages: z.array(stage, "expected a list of stages").min(1, "expected at least one stage"),
    },
    "expected the keys preflight and stages",
  )
  .superRefine(({ stages }, context) => {
    for (const [index, { units, jobs, commands }] of stages.entries()) {
      if (units.length + jobs.length + commands.length > 0) continue;
      const message = "has nothing to run: give it units, jobs or commands";
      context.addIssue({ code: "custom", path: ["stages", index], message });
    }
  });

/** An issue of zod, as far as it is told. */
export type StageProblem = z.core.$ZodIssue;

export function toStagePlan({ preflight, stages }: z.infer<typeof stageFileSchema>): StagePlan {
  return {
    preflight: preflight.map(({ path, min_free_gb: minFreeGb, mount: isMount }) => ({
      path,
      minFreeGb,
      isMount,
    })),
    stages: stages.map(
      (
        { stage: label, title, timeout, running, partial_statuses: partialStatuses, limit, ...rest },
        index,
      ): Stage => ({
        ...rest,
        label: label ?? String(index + 1),
        title,
        limit,
        timeoutMs: timeout,
        whenRunning: running,
        partialStatuses,
      }),
    ),
  };
}
