/**
 * An element of an XML document, as light as a reading of large status sections wants it:
 * attributes lie in one flat list of name, value, name, value.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: readonly string[];
  readonly children: readonly XmlElement[];
  /** Where its tag begins, in characters from the start of the text. */
  readonly offset: number;
}

/** The value of an attribute, or undefined where it is absent. */
export function attribute(element: XmlElement, name: string): string | undefined {
  const list = element.attributes;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) return list[i + 1];
  }
  return undefined;
}

/** The element with another value of an attribute, or, with undefined, without it. */
export function withAttribute(
  element: XmlElement,
  name: string,
  value: string | undefined,
): XmlElement {
  const attributes: string[] = [];
  for (const [each, old] of attributeMap(element)) {
    const kept = each === name ? value : old;
    if (kept !== undefined) attributes.push(each, kept);
  }
  return { ...element, attributes };
}

/** The attributes as a map, in the order of the source. */
export function attributeMap(element: XmlElement): Map<string, string> {
  const map = new Map<string, string>();
  const list = element.attributes;
  for (let i = 0; i < list.length; i += 2) map.set(list[i]!, list[i + 1]!);
  return map;
}

/** The first child of that name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((each) => each.name === name);
}

/** All children of that name, in order. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element === undefined ? [] : element.children.filter((each) => each.name === name);
}

/** Every element of the tree, parents before their children, in order of the source. */
export function* descendants(element: XmlElement): Generator<XmlElement> {
  const stack: XmlElement[] = [element];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    yield next;
    for (let i = next.children.length - 1; i >= 0; i--) stack.push(next.children[i]!);
  }
}
