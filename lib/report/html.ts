/** Markup in which every text is escaped, because nothing but markup gets in any other way. */

export interface Html {
  readonly markup: string;
}

type Content = string | number | Html | readonly Html[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Template of markup; strings in it are text, also within quoted attributes. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { markup: parts.map((part, index) => part + markupOf(contents[index] ?? "")).join("") };
}

/** For what a program of ours has made; never for a name or a message. */
export function trustedHtml(markup: string): Html {
  return { markup };
}

function markupOf(content: Content): string {
  if (typeof content === "number") return String(content);
  if (typeof content === "string") return escapeText(content);
  return "markup" in content ? content.markup : content.map(({ markup }) => markup).join("");
}

/** Control characters say nothing on a page, and those of direction turn the text that follows. */
function escapeText(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "")
    .replaceAll(/[&<>"']/g, (character) => escapes[character] ?? "");
}
