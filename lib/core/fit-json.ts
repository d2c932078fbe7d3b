/**
 * A body in JSON of at most `jsonBytes`, made by `format` around a text of at most `textBytes`.
 *
 * Escapes make JSON longer than its text, up to six times: a text that is full of them is cut until it passes.
 */
export function fitJson(
  format: (textBytes: number) => unknown,
  textBytes: number,
  jsonBytes: number,
): string {
  let bytes = textBytes;
  let json = JSON.stringify(format(bytes));
  while (Buffer.byteLength(json) > jsonBytes && bytes > 1) {
    bytes = Math.floor(bytes / 2);
    json = JSON.stringify(format(bytes));
  }
  return json;
}
