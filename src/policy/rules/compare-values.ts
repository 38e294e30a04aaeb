/** How two attribute values compare, by the types that rules know. */

/** Negative, zero or positive. A value that is missing is less than any. */
export function compareValues(
  actual: string | undefined,
  reference: string | undefined,
  type: string,
): number {
  if (reference === undefined) return actual === undefined ? 0 : 1;
  if (actual === undefined) return -1;
  switch (type) {
    case "integer":
      return compareNumbers(actual, reference, /^\s*[+-]?\d+/);
    case "number":
      return compareNumbers(actual, reference, /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i);
    case "version":
      return compareVersions(actual, reference);
    case "string":
      return compareText(actual, reference);
    default:
      return 0;
  }
}

/** Letters compare without regard to case. */
function compareText(a: string, b: string): number {
  const [lowerA, lowerB] = [a.toLowerCase(), b.toLowerCase()];
  return lowerA < lowerB ? -1 : lowerA > lowerB ? 1 : 0;
}

/** What each text begins with counts; texts that begin with no number compare as texts. */
function compareNumbers(a: string, b: string, form: RegExp): number {
  const [numberA, numberB] = [form.exec(a)?.[0], form.exec(b)?.[0]];
  if (numberA === undefined || numberB === undefined) return compareText(a, b);
  return Math.sign(Number(numberA) - Number(numberB));
}

/** Dotted versions: part by part as numbers; a longer one is greater than what it begins with. */
export function compareVersions(a: string, b: string): number {
  const partsA = a.split(".");
  const partsB = b.split(".");
  for (let i = 0; i < Math.max(partsA.length, partsB.length); i++) {
    const numberA = Number.parseInt(partsA[i] ?? "0", 10) || 0;
    const numberB = Number.parseInt(partsB[i] ?? "0", 10) || 0;
    if (numberA !== numberB) return numberA < numberB ? -1 : 1;
  }
  return 0;
}
