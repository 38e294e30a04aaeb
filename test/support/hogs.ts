import { spawnBound } from "./at-end.ts";

/** Starts processes that do nothing but compute; returns how to end them. */
export function startHogs(count: number): () => void {
  const hogs = Array.from({ length: count }, () =>
    spawnBound(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  return () => {
    for (const hog of hogs) hog.kill("SIGKILL");
  };
}
