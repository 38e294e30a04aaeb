import type { DeviceCommand } from "../../../src/fencing/fence-types.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker } from "./checker.ts";

/**
 * A node whose clean leave is committed, and known to the caller, is not switched off. Half of the votes
 * may not rely on what they have read from their own disks: it may have come back since and fenced them.
 */
export class LeftIsNotFenced implements Checker {
  readonly name = "left-is-not-fenced";

  onDevice(
    host: SimulatedHost,
    { action, target }: DeviceCommand,
    cluster: SimulatedCluster,
  ): string | undefined {
    if (action !== "off" && action !== "reboot") return undefined;
    const caller = cluster.observe(host);
    const departure = caller?.cib?.departures?.find(({ node }) => node === target);
    const { daemon, incarnation } = cluster.host(target);
    if (departure === undefined || daemon !== undefined) return undefined;
    if (departure.incarnation !== incarnation) return undefined;
    if (caller?.quorate === false && departure.at < host.incarnation) return undefined;
    return `${host.name} switches ${target} off, which it knows has left cleanly`;
  }
}
