import type { MessagingSettings } from "../model/definition.ts";
import { canonicalIp, isLoopback } from "./ip-literal.ts";
import type { LoadContext } from "./load-context.ts";
import type { NodeSource } from "./nodes-section.ts";
import type { Span } from "./source-text.ts";

/** What can be wrong between nodes: an address twice, links that don't match, nobody to vote. */
export function checkNodes(context: LoadContext, nodes: readonly NodeSource[], span: Span): void {
  checkDuplicateAddresses(context, nodes);
  checkLinks(context, nodes);
  checkLoopback(context, nodes);
  const members = nodes.flatMap((node) => node.settings ?? []);
  if (members.length === 0) return;
  if (members.every((node) => node.votes === 0)) {
    const message = "no node has a vote: there can be no quorum";
    context.report.error("NO_VOTES", span, message, "remove votes: 0, or give votes: 1");
  }
  if (members.every((node) => node.role === "witness")) {
    const message = "all nodes are witnesses: nothing can run anywhere";
    const hint = "remove role: witness from those that are to run resources";
    context.report.error("ONLY_WITNESSES", span, message, hint);
  }
}

function checkDuplicateAddresses(context: LoadContext, nodes: readonly NodeSource[]): void {
  const owners = new Map<string, string>();
  for (const node of nodes) {
    for (const address of node.addresses) {
      const key = canonicalIp(address.ip);
      const owner = owners.get(key);
      if (owner !== undefined) {
        const twice = owner === node.name;
        const whose = twice ? `given twice for ${owner}` : `the address of ${owner} too`;
        const hint = twice
          ? "remove one, or write the address on another network"
          : `write the address that ${node.name} has itself`;
        const message = `${address.text} is ${whose}`;
        context.report.error("DUPLICATE_ADDRESS", address.span, message, hint);
      }
      owners.set(key, owner ?? node.name);
    }
  }
}

/** Link n of each node talks to link n of all others: same number, same family. */
function checkLinks(context: LoadContext, nodes: readonly NodeSource[]): void {
  const members = nodes.filter((node) => node.settings !== undefined && node.addresses.length > 0);
  const most = members.reduce((best, node) => (moreLinks(node, best) ? node : best), members[0]!);
  for (const node of members) {
    if (node.addresses.length < most.addresses.length) {
      const message = `node ${node.name} has ${count(node)}, ${most.name} has ${count(most)}`;
      const hint = "a node without an address on a link is lost to the others when its links fail";
      context.report.warning("LINK_COUNT", node.span, message, hint);
    }
    for (const [link, address] of node.addresses.entries()) {
      if (address.ip.family === most.addresses[link]!.ip.family) continue;
      const other = most.addresses[link]!.text;
      const message = `link ${link} joins ${address.text} (${node.name}) and ${other} (${most.name})`;
      const hint = "the addresses of one link are all IPv4 or all IPv6";
      context.report.error("LINK_FAMILY", address.span, message, hint);
    }
  }
}

function moreLinks(node: NodeSource, best: NodeSource): boolean {
  return node.addresses.length > best.addresses.length;
}

function count(node: NodeSource): string {
  return node.addresses.length === 1 ? "1 address" : `${node.addresses.length} addresses`;
}

function checkLoopback(context: LoadContext, nodes: readonly NodeSource[]): void {
  const all = nodes.flatMap((node) => node.addresses);
  const local = all.filter((address) => isLoopback(address.ip));
  if (local.length === 0 || local.length === all.length) return;
  for (const address of local) {
    const message = `${address.text} is a loopback address: other machines can't reach it`;
    const hint = "write an address on a network of all nodes";
    context.report.warning("LOOPBACK_ADDRESS", address.span, message, hint);
  }
}

/** One multicast group serves all links, so its family has to be that of their addresses. */
export function checkTransport(
  context: LoadContext,
  nodes: readonly NodeSource[],
  messaging: MessagingSettings,
  groupFamily: 4 | 6,
): void {
  if (messaging.transport !== "multicast") return;
  const members = nodes.filter((node) => node.settings !== undefined);
  const other = members.flatMap((node) => node.addresses).find((a) => a.ip.family !== groupFamily);
  if (other === undefined) return;
  const message = `the multicast group ${messaging.group} can't be joined from ${other.text}`;
  const hint = "give messaging.group an address of that family, or set transport: unicast";
  context.report.error("GROUP_FAMILY", other.span, message, hint);
}
