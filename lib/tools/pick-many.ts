/** A list on the terminal, walked with the arrow keys. */

export interface PickOption {
  readonly value: string;
  readonly label: string;
  readonly hint?: string | undefined;
}

/** The values that were marked with the space bar; undefined when the list was left with Ctrl-C, or the signal came. */
export async function pickMany(
  question: string,
  options: readonly PickOption[],
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const { isCancel, multiselect } = await import("@clack/prompts");
  const picked = await multiselect({
    message: question,
    options: options.map(({ value, label, hint }) => ({
      value,
      label,
      ...(hint === undefined ? {} : { hint }),
    })),
    required: true,
    signal,
  });
  return isCancel(picked) ? undefined : picked;
}
