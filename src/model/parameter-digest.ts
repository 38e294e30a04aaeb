/**
 * Parameters written as the one XML element, sorted by name, that Pacemaker takes the digest of:
 * an imported status compares right, and what the local manager records the engine understands.
 */
export function digestText(fields: ReadonlyMap<string, string>): string {
  const sorted = [...fields];
  if (sorted.length > 1) sorted.sort(([a], [b]) => (a < b ? -1 : 1));
  const attributes = sorted.map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join("");
  return ` <parameters${attributes}/>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\t": "&#9;",
  "\r": "&#13;",
};

function escapeXml(text: string): string {
  return /[&<>"\n\t\r]/.test(text)
    ? text.replace(/[&<>"\n\t\r]/g, (found) => ESCAPES[found]!)
    : text;
}
