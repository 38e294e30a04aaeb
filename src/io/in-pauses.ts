export interface PauseOptions {
  /** Before the first slice. */
  readonly beginMs: number;
  /** So long at a stretch. */
  readonly sliceMs: number;
  /** Between two slices, for everything else. */
  readonly pauseMs: number;
  /** It ends after so much of it in any case. */
  readonly totalMs: number;
}

/**
 * Does work that nobody waits for, step by step, while the event loop has nothing better to do. A defect
 * in it ends it and is told; the process goes on.
 */
export function inPauses(
  work: Generator<undefined, void>,
  options: PauseOptions,
  onDefect: (message: string) => void,
): void {
  let total = 0;
  const slice = (): void => {
    const begin = performance.now();
    let used = 0;
    try {
      while (used < options.sliceMs) {
        if (work.next().done === true) return;
        used = performance.now() - begin;
      }
    } catch (error) {
      onDefect(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return;
    }
    total += used;
    if (total < options.totalMs) setTimeout(slice, options.pauseMs).unref();
  };
  setTimeout(slice, options.beginMs).unref();
}
