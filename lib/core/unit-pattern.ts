/** Names and patterns of service units. Pure. */

/** `syncoid-*` → `syncoid-*.service`, as systemctl does. */
export function withServiceSuffix(pattern: string): string {
  return pattern.endsWith(".service") ? pattern : `${pattern}.service`;
}

export function isGlob(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** `backup@.service`: it cannot be started without an instance's name. */
export function isTemplate(unit: string): boolean {
  return unit.endsWith("@.service");
}

/** Whether systemd would take it for a name, not whether there is such a unit. */
export function isUnitName(name: string): boolean {
  return /^(?!@)[A-Za-z0-9:_.@\\-]{1,247}\.service$/.test(name);
}

/** Whether a shell's pattern matches a whole name: `*`, `?`, `[a-c]`, `[!a]`. Throws for what is no pattern, such as `[c-a]`. */
export function matchesPattern(name: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\[!?[^\]]+\]|[^[]|\[/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length > 1) return part.replace("[!", "[^").replaceAll("\\", "\\\\");
    return /[\w-]/.test(part) ? part : `\\${part}`;
  });
  return new RegExp(`^${source}$`, "s").test(name);
}
