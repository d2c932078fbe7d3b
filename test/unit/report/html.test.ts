import { expect, test } from "bun:test";
import fc from "fast-check";
import { html, trustedHtml } from "#lib/report/html.ts";
import { parsePage } from "#test/support/parse-page.ts";

test("html`` escapes texts, in attributes as well, and keeps markup", () => {
  const item = html`<li title="${`"'<b>`}">${"a & b"}</li>`;
  expect(html`<ul>${[item]}${trustedHtml("<svg></svg>")}${3}</ul>`.markup).toBe(
    '<ul><li title="&quot;&#39;&lt;b&gt;">a &amp; b</li><svg></svg>3</ul>',
  );
});

test("html`` takes out what turns or breaks a line", () => {
  expect(html`${"a\u202eb\u0000\n\u2028c\u2066d"}`.markup).toBe("ab cd");
});

test("html`` lets no text begin an element or end an attribute", () => {
  const hostile = fc.array(
    fc.constantFrom("<", ">", '"', "'", "&", "/", "=", "img", " ", "script", "-->", "`"),
  );
  fc.assert(
    fc.property(hostile, (pieces) => {
      const text = pieces.join("");
      const page = parsePage(html`<p title="${text}" id='${text}'>${text}</p>`.markup);
      expect(page.count("*")).toBe(1);
      expect(page.elements("p")).toEqual([text]);
    }),
    { numRuns: 300 },
  );
});
