/** A page as a parser of HTML sees it. */

export interface ParsedPage {
  /** All that a reader sees, and titles that appear at the pointer. */
  readonly text: string;
  /** Texts of the elements of that name. */
  readonly elements: (name: string) => readonly string[];
  readonly count: (selector: string) => number;
  /** Addresses that the page asks for, links within it excepted. */
  readonly requests: readonly string[];
}

export function parsePage(markup: string): ParsedPage {
  let text = "";
  let isStyle = false;
  const requests: string[] = [];
  new HTMLRewriter()
    .on("style", {
      element: (element) => {
        isStyle = true;
        element.onEndTag(() => {
          isStyle = false;
        });
      },
    })
    .on("*", {
      element: (element) => {
        for (const [name, value = ""] of element.attributes) {
          if (name === "title") text += ` ${value} `;
          const isAddress = ["src", "srcset", "href", "xlink:href", "action", "data", "poster"].includes(
            name,
          );
          if ((isAddress && !value.startsWith("#")) || /url\((?!#)/.test(value)) requests.push(value);
          if (name.startsWith("on")) requests.push(`${name}=${value}`);
        }
      },
    })
    .onDocument({
      text: (chunk) => {
        if (!isStyle) text += chunk.text;
      },
    })
    .transform(markup);
  const elements = (name: string) => collect(markup, name).map(decode);
  return { text: decode(text), elements, count: (selector) => collect(markup, selector).length, requests };
}

function collect(markup: string, selector: string): readonly string[] {
  const found: string[] = [];
  new HTMLRewriter()
    .on(selector, {
      element: () => {
        found.push("");
      },
      text: (chunk) => {
        found[found.length - 1] += chunk.text;
      },
    })
    .transform(markup);
  return found;
}

const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&amp;": "&",
};

function decode(text: string): string {
  return text.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity);
}
