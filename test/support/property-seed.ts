/**
 * Runs before every test file: generated cases come from a seed that is the same on every run, so
 * that a green commit stays green. `PACELINE_SEED=N npx vitest run …` looks at other cases; what
 * that finds becomes a named case of its own.
 */
import fc from "fast-check";

const wanted = process.env["PACELINE_SEED"];
const seed = wanted === undefined ? 1 : Number(wanted);
if (!Number.isSafeInteger(seed)) {
  throw new Error(`PACELINE_SEED is "${wanted}": a whole number is wanted.`);
}
fc.configureGlobal({ seed });
