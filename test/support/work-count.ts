import { Session } from "node:inspector";
import { setFlagsFromString } from "node:v8";

/** Code that is optimised or inlined is not counted: nothing is, from here on. */
for (const flag of ["--no-opt", "--no-maglev", "--no-sparkplug"]) setFlagsFromString(flag);

/**
 * How much work it is to do something, whatever the machine does besides: how often V8 enters a
 * function, a loop or a branch of the sources under this path.
 */
export function workOf(path: string, act: () => void): number {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  act();
  let count = 0;
  session.post("Profiler.takePreciseCoverage", (error, { result }) => {
    if (error !== null) throw error;
    const functions = result
      .filter(({ url }) => url.includes(path))
      .flatMap((script) => script.functions);
    for (const { ranges } of functions) for (const range of ranges) count += range.count;
  });
  session.post("Profiler.stopPreciseCoverage");
  session.disconnect();
  return count;
}
