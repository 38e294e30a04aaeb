import { setPriority } from "node:os";

/** What measures goes before what it measures: on two cores it would wait for the daemons' work. */
export function goFirst(): void {
  try {
    setPriority(-20);
  } catch {
    // Without the right to do so (in a user namespace) it measures its own waiting as well.
  }
}
