/**
 * What an exclusive tie-breaker (arbiter, shared disk) keeps for a cluster: one register that says
 * whose votes count, changed only by compare-and-swap. Two sides of a split that both want it cannot
 * both get it, and a side that was refused stays refused until a leader of the others has let it in
 * again. No clock is involved, so neither a slow machine nor a late answer can give it away twice.
 */
export interface RegisterState {
  /** Grows by one with each change; a swap names the number that it replaces. */
  readonly number: number;
  /** The nodes whose votes count, sorted by name. */
  readonly electorate: readonly string[];
}

export type RegisterRequest =
  | { readonly kind: "read" }
  /** Done only while the register has that number (0: nothing is kept for this cluster yet). */
  | { readonly kind: "swap"; readonly number: number; readonly electorate: readonly string[] };

/** By what means an even split is decided; the order is that of precedence. */
export type TieBreakerMeans = "arbiter" | "disk" | "ping";

/** A question to the tie-breaker. Every ask is answered at most once; a lost answer is asked again. */
export interface TieBreakerAsk {
  readonly id: number;
  readonly means: TieBreakerMeans;
  /** For ping: absent. */
  readonly request?: RegisterRequest;
}

export type TieBreakerAnswer =
  /** The register as it is after the request; undefined: nothing is kept for this cluster. */
  | {
      readonly kind: "register";
      readonly state: RegisterState | undefined;
      /** Disk: how often each node has written its slot; one that grows belongs to a living node. */
      readonly beats?: Readonly<Record<string, number>>;
    }
  /** Which of the ping targets answered. */
  | { readonly kind: "pinged"; readonly reached: readonly string[] }
  | { readonly kind: "failed"; readonly detail: string };

/** More nodes than any cluster has: a register that says more is not ours. */
export const ELECTORATE_MAX = 256;

/** The register after the request. The same object if nothing changed. */
export function applyToRegister(
  state: RegisterState | undefined,
  request: RegisterRequest,
): RegisterState | undefined {
  if (request.kind === "read" || request.number !== (state?.number ?? 0)) return state;
  return { number: request.number + 1, electorate: [...request.electorate].sort() };
}

export function isSameElectorate(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join("\n") === [...b].sort().join("\n");
}

/** Whether a value that came from outside is the state of a register. */
export function isRegisterState(value: unknown): value is RegisterState {
  if (typeof value !== "object" || value === null) return false;
  const { number, electorate } = value as Record<string, unknown>;
  return Number.isSafeInteger(number) && (number as number) > 0 && isElectorate(electorate);
}

/** Whether a value that came from outside is a list of nodes. */
export function isElectorate(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > ELECTORATE_MAX) return false;
  return value.every((name) => typeof name === "string" && /^[\w.-]{1,64}$/.test(name));
}
