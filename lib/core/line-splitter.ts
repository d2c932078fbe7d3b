/** Cut a stream of text into lines; a line longer than `maxLength` is cut and its rest dropped. */
export function createLineSplitter(
  onLine: (line: string) => void,
  maxLength = 8192,
): { readonly write: (chunk: string) => void; readonly end: () => void } {
  let rest = "";
  const emit = (line: string) => onLine(line.length > maxLength ? `${line.slice(0, maxLength)}…` : line);
  return {
    write: (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = (lines.pop() ?? "").slice(0, maxLength + 1);
      lines.forEach(emit);
    },
    end: () => {
      if (rest !== "") emit(rest);
      rest = "";
    },
  };
}
