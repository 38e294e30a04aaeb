import type { Work } from "../work.ts";
import type { Node, Resource, WorkingSet } from "../working-set.ts";
import { unpackNodes } from "./config-nodes.ts";
import { Digests } from "./digests.ts";
import { HistoryIndex } from "./history-index.ts";
import type { HistoryTools } from "./history-state.ts";
import { OperationConfigs } from "./operation-config.ts";
import { unpackOptions } from "./parse-options.ts";
import { Failcounts } from "./recorded-failcounts.ts";
import { paramsFor, unpackResources } from "./resources.ts";
import { unpackStatus } from "./status.ts";

/**
 * Fills a working set from its definition and status: options, nodes, resources, then what the
 * status says of them. Never throws on bad input: what cannot be used is left out, with a notice.
 */
export function* unpack(ws: WorkingSet): Work {
  ws.quorate = ws.status.quorate;
  unpackOptions(ws);
  unpackNodes(ws);
  unpackTickets(ws);
  const tools = makeTools(ws);
  yield* unpackResources(ws);
  yield* unpackStatus(tools);
}

function unpackTickets(ws: WorkingSet): void {
  for (const [tag, members] of ws.definition.tags) ws.tags.set(tag, members);
  for (const status of ws.status.tickets) {
    const { id, granted, standby } = status;
    ws.tickets.set(id, { id, granted, standby, status });
  }
}

function makeTools(ws: WorkingSet): HistoryTools {
  const configs = new OperationConfigs(ws);
  const failcounts = new Failcounts(ws);
  const paramsOn = paramsCache(ws);
  const digests = new Digests(ws, configs, paramsOn);
  ws.services = {
    operationConfig: (resource, operation, intervalMs) =>
      configs.config(resource, operation, intervalMs),
    failcount: (resource, node) =>
      failcounts.failcount(resource, node, { effective: true, fillers: true }),
    ownFailcount: (resource, node) =>
      failcounts.failcount(resource, node, { effective: true, fillers: false }),
    anyFailcount: (node) => !failcounts.noneOn(node),
    callOn: (resource, node, operation, intervalMs) =>
      digests.callOn(resource, node, operation, intervalMs),
    compareDigest: (resource, node, record, before) =>
      digests.compare(resource, node, record, before),
    paramsOn,
    fenceDigests: (resource, node) => digests.fenceDigests(resource, node),
  };
  return { ws, index: new HistoryIndex(ws), digests, failcounts, configs };
}

/** Parameters per node: the same for all unless a rule is among them. */
function paramsCache(ws: WorkingSet) {
  const cache = new Map<Resource, Map<Node | undefined, ReadonlyMap<string, string>>>();
  return (resource: Resource, node: Node | undefined): ReadonlyMap<string, string> => {
    if (node === undefined || !hasRules(resource)) return resource.params;
    const known = cache.get(resource) ?? new Map();
    cache.set(resource, known);
    const params = known.get(node) ?? paramsFor(ws, resource, node.attributes);
    known.set(node, params);
    return params;
  };
}

function hasRules(resource: Resource): boolean {
  for (let up: Resource | undefined = resource; up !== undefined; up = up.parent) {
    if (up.definition?.params.some((set) => set.rule !== undefined)) return true;
  }
  return false;
}
