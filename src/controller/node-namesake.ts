import { note } from "../core/note.ts";
import type { Millis } from "../core/units.ts";
import type { PeerEvent } from "../model/peer.ts";
import type { StatusWarning } from "../model/status-report.ts";
import type { NodeCore } from "./node-core.ts";

/** As DAEMON_EXIT.stayDown: systemd does not start it again, a person must look. */
const STAY_DOWN = 100;

/**
 * Another daemon runs under this node's name: a cloned disk, or a wrong `--node`. The peers heed
 * the one that was started later and no longer hear the other, so that one must not run anything any
 * more: it ends at once and stays down, and its guardian stops what it ran. The later one says in
 * its status that it has displaced somebody.
 */
export function meetNamesake(
  node: NodeCore,
  event: Extract<PeerEvent, { kind: "name-conflict" }>,
): void {
  node.links.namesake = { address: event.address, at: node.wall() };
  node.out.push({ kind: "changed" });
  if (!event.superseded) return;
  const reason = `another daemon was started as ${node.self} after this one, at ${event.address}: the cluster heeds that one, so this one stops what it runs and stays down`;
  const hint = `give each host its own name with --node; and if there is no daemon at ${event.address}, this host's clock or state directory went back`;
  node.out.push(note("error", "superseded", reason, { address: event.address, hint }));
  node.out.push({ kind: "exit", code: STAY_DOWN, reason, guardMs: 0 });
}

/** For so long after it was last heard a namesake is warned of. */
const WARN_MS: Millis = 10 * 60_000;

/** The warning of the one that goes on; undefined if no namesake was heard lately. */
export function namesakeWarning(node: NodeCore): StatusWarning | undefined {
  const met = node.links.namesake;
  if (met === undefined || node.wall() - met.at > WARN_MS) return undefined;
  const seconds = Math.round((node.wall() - met.at) / 1000);
  return {
    code: "NAME_CONFLICT",
    severity: "error",
    message: `another daemon ran as ${node.self} too, at ${met.address}, last heard ${seconds} s ago; it was told to stop`,
    hint: "give each host its own name with --node, and start it again",
    node: node.self,
  };
}
