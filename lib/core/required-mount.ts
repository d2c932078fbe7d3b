/** A path that must be a mount point or, with a marker, hold a file of that name. */
export interface RequiredMount {
  readonly path: string;
  readonly marker: string | undefined;
}
