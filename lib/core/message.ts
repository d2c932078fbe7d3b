/** A report as a channel gets it. */
import { z } from "zod";

export const messageSchema = z.object({
  /** Same for every channel and every attempt, so that a receiver can recognise a repetition. */
  id: z.string(),
  runId: z.string(),
  host: z.string(),
  job: z.string(),
  script: z.string(),
  outcome: z.enum([
    "complete",
    "partial",
    "failed",
    "bug",
    "usage",
    "busy",
    "denied",
    "config",
    "interrupted",
  ]),
  exitCode: z.number(),
  severity: z.enum(["ok", "warning", "critical", "unknown"]),
  critical: z.boolean(),
  /** ISO 8601. */
  createdAt: z.string(),
  /** Of the run; messages that have waited since an older version lack it. */
  durationMs: z.number().optional(),
  /** `[FAILED] backup-run app on web1`. */
  subject: z.string(),
  /** For channels run by others: what happened, without the log. */
  summary: z.string(),
  /** The whole report for a person, plain text. */
  body: z.string(),
  /** The `--json` report without the log, and without line breaks. */
  reportJson: z.string(),
  /** For channels that can bring one along; others do without. */
  attachment: z.object({ name: z.string(), contentType: z.string(), text: z.string() }).optional(),
});

export type Message = z.infer<typeof messageSchema>;
