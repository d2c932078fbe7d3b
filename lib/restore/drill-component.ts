export interface DrilledComponent {
  /** One sentence: what was compared. */
  readonly message: string;
  readonly problems: readonly string[];
}
