/** A broken invariant of our own. The daemon logs it as fatal and exits; peers take over. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Checks an invariant, in production too. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Marks a place that no value can reach. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unexpected value: ${JSON.stringify(value)}`);
}
