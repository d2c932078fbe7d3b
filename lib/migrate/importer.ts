/** What every importer of a legacy configuration looks like. */

/** What became of one legacy setting. */
export interface MigratedSetting {
  /** As it is called there. */
  readonly legacy: string;
  readonly legacyValue: string | undefined;
  readonly fate: "same" | "renamed" | "changed" | "dropped";
  /** Our settings, in the order in which they are to be printed; empty when dropped. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  /** What is different now, or why it is gone. */
  readonly remark: string;
}

export interface Migration {
  readonly settings: readonly MigratedSetting[];
  /** What a person has to do or to decide. */
  readonly todo: readonly string[];
}

export interface Importer {
  /** As it is given on the command line. */
  readonly name: string;
  /** What it reads, for --help. */
  readonly summary: string;
  /** Pure: reads the text as data. Throws OpsError "config" when it is none of its kind. */
  readonly read: (text: string) => Migration;
}
