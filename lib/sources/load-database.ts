/** What a server needs to get a dump back, the same for every kind of server. */
/** A new database of a server, and the program that fills it. */
export interface DatabaseLoader {
  /** Make it; it must not exist. Throws OpsError "failed" in the server's own words. */
  readonly create: () => Promise<void>;
  /** Reads the dump on its standard input. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** What is wrong with a part of the dump before it is let through; undefined: nothing. */
  readonly inspect: (chunk: Uint8Array) => string | undefined;
  /** What its end means. */
  readonly judge: (exitCode: number | null, stderr: string) => LoadEnd;
  /** What is in it now, against what the manifest says of it: problems. */
  readonly compare: (facts: Readonly<Record<string, unknown>>) => Promise<readonly string[]>;
  /** Take it away again, after a failure. */
  readonly drop: () => Promise<void>;
}

export interface LoadEnd {
  readonly outcome: "complete" | "partial" | "failed";
  readonly problems: readonly string[];
  readonly hint?: string | undefined;
}

/** How many tables there should be, if the manifest says it. */
export function compareTables(found: number, facts: Readonly<Record<string, unknown>>): string[] {
  const expected = facts["tables"];
  if (typeof expected !== "number" || expected === found) return [];
  return [`it has ${found} tables, ${expected} were dumped`];
}
