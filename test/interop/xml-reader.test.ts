import { describe, expect, test } from "vitest";
import { LineIndex } from "../../src/interop/line-index.ts";
import { attribute, children } from "../../src/interop/xml-element.ts";
import { readXml } from "../../src/interop/xml-reader.ts";

describe("readXml", () => {
  test("reads elements and attributes, passing over everything else", () => {
    const text = `\ufeff<?xml version="1.0"?>\n<!DOCTYPE a>\n<!-- c --><a x='1' y = "two">
      text<b/><![CDATA[<c/>]]><b z="3"></b ></a>\n<!-- end -->`;
    const { root } = readXml(text);
    expect(root?.name).toBe("a");
    expect(root?.attributes).toEqual(["x", "1", "y", "two"]);
    expect(children(root, "b")).toHaveLength(2);
    expect(attribute(root!.children[1]!, "z")).toBe("3");
  });

  test.each([
    ["&lt;&gt;&amp;&quot;&apos;", "<>&\"'"],
    ["&#65;&#x42;&#x1F600;", "AB😀"],
    ["a\tb\nc", "a b c"],
    ["a&#10;b", "a\nb"],
  ])("the value %j reads as %j", (written, value) => {
    expect(attribute(readXml(`<a v="${written}"/>`).root!, "v")).toBe(value);
  });

  test.each([
    ["", "no element at all"],
    ["hello", "text outside"],
    ["<a>", "never closed"],
    ["<a><b></a>", "</a> where </b> is due"],
    ["</a>", "closes nothing"],
    ["<a/><b/>", "second root"],
    ["<a x=1/>", "not in quotes"],
    ["<a x/>", "has no value"],
    ['<a x="1/>', "never closed"],
    ['<a x="1" x="2"/>', "given twice"],
    ['<a x="<"/>', "< within a value"],
    ['<a x="&nope;"/>', "unknown entity &nope;"],
    ['<a x="&#0;"/>', "unknown entity"],
    ["<a><!-- </a>", "comment is never closed"],
    ["<a><![CDATA[ </a>", "CDATA section is never closed"],
    ["<a ", "never closed"],
    ["<", "expected a name"],
    ["<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "DOCTYPE with declarations"],
    [`${"<a>".repeat(300)}${"</a>".repeat(300)}`, "nested deeper"],
    ['<a x="1"y="2"/>', "unexpected character"],
  ])("%j is malformed: %s", (text, message) => {
    const { root, error } = readXml(text);
    expect(root).toBeUndefined();
    expect(error?.message).toContain(message);
    expect(error?.offset).toBeGreaterThanOrEqual(0);
  });

  test("a document cut anywhere is an error, never an exception", () => {
    const text = `<?xml version="1.0"?><a x="1"><!-- c --><b y='&amp;'/><![CDATA[x]]></a>`;
    for (let length = 0; length < text.length; length++) {
      expect(readXml(text.slice(0, length)).error, text.slice(0, length)).toBeDefined();
    }
  });

  test("positions count from one", () => {
    const lines = new LineIndex("ab\ncd\nef");
    expect(lines.positionAt(0)).toEqual({ line: 1, column: 1 });
    expect(lines.positionAt(2)).toEqual({ line: 1, column: 3 });
    expect(lines.positionAt(4)).toEqual({ line: 2, column: 2 });
    expect(lines.positionAt(6)).toEqual({ line: 3, column: 1 });
    expect(lines.positionAt(8)).toEqual({ line: 3, column: 3 });
  });
});
