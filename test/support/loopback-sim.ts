import { onTestFinished } from "vitest";
import { scratchDirectory } from "./at-end.ts";
import { IpmiSim } from "./ipmi-sim.ts";

/** A controller on the loopback address that is gone, with its directory, when the test is over. */
export function loopbackSim(name: string, port: number): IpmiSim {
  const home = scratchDirectory(name);
  const sim = new IpmiSim({ directory: home.path, address: "127.0.0.1", port });
  onTestFinished(() => {
    sim.stop();
    home.remove();
  });
  return sim;
}
