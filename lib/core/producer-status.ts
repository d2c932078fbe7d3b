/** What a program that writes a component to its standard output left behind, whatever kind of program it is. */

/** Names of members, as the program quotes them: the first ones, and how many there were. */
export interface NameList {
  readonly count: number;
  readonly names: readonly string[];
}

/** The members of a directory tree that need a word. */
export interface MemberLists {
  readonly changed: NameList;
  readonly vanished: NameList;
  /** Members that the archive lacks although they were asked for. */
  readonly unreadable: NameList;
  /** Left out on purpose: mount points below the source, sockets. */
  readonly leftOut: NameList;
}

export interface ProducerStatus extends Partial<MemberLists> {
  /** "failed": what was written is of no use. */
  readonly outcome: "complete" | "partial" | "failed";
  /** What went wrong, in the program's own words. */
  readonly problems: readonly string[];
  /** What it said although nothing went wrong. */
  readonly notes: readonly string[];
  readonly hint?: string | undefined;
  /** Size of the stream before compression, if the program says it. */
  readonly bytesWritten?: number | undefined;
}

/** Reads a program's stderr line by line, in bounded memory however much it complains. */
export interface ProducerReader {
  readonly readLine: (line: string) => void;
  /** The status, once it has ended with `exitCode` (`null`: it was killed or never ran). */
  readonly classifyExit: (exitCode: number | null) => ProducerStatus;
}
