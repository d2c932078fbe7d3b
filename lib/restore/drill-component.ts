export interface DrilledComponent {
  /** One sentence: what was compared. */
  readonly message: string;
  readonly problems: readonly string[];
  /** How much of the time a recovery would not take. */
  readonly comparingMs?: number | undefined;
}
