import type { QuorumSettings } from "../model/definition.ts";
import { parseIp } from "./ip-literal.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import type { NodeSource } from "./nodes-section.ts";
import { quote, readMap, type Word } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

/** votequorum(5): last_man_standing_window is 10 seconds. */
const LAST_MAN_STANDING_WINDOW_MS = 10_000;
/** Port of `pacelined --arbiter`. */
const ARBITER_PORT = 7799;

export interface QuorumSource {
  readonly settings: QuorumSettings;
  /** The file says something about two-node itself. */
  readonly twoNodeGiven: boolean;
  readonly waitForAllGiven: boolean;
}

/** Reads `quorum`: votequorum's options with hyphens, and the arbitration of even splits. */
export function readQuorum(
  context: LoadContext,
  entry: YamlEntry | undefined,
  nodes: readonly NodeSource[],
): QuorumSource {
  const empty = { kind: "map", entries: [], span: { start: 0, end: 0 }, weight: 1 } as const;
  const map =
    (entry && readMap(context, entry.value, "quorum", "quorum: { auto-tie-breaker: true }")) ??
    empty;
  const fields = new MapFields(context, map, "quorum", entry?.keySpan ?? map.span);
  const expectedVotes = fields.integer("expected-votes", { min: 1 });
  const twoNode = fields.boolean("two-node");
  const waitForAll = fields.boolean("wait-for-all");
  const tieBreakerNodes = readTieBreakerNodes(context, fields);
  const pingTargets = readPingTargets(context, fields);
  const disk = readPath(context, fields, "disk");
  const arbiter = readArbiter(context, fields);
  const arbiterKeyFile = readPath(context, fields, "arbiter-key-file");
  const settings: QuorumSettings = {
    ...(expectedVotes === undefined ? {} : { expectedVotes }),
    twoNode: twoNode ?? false,
    // votequorum(5): two_node implies wait_for_all unless that is switched off.
    waitForAll: waitForAll ?? twoNode ?? false,
    autoTieBreaker: fields.boolean("auto-tie-breaker") ?? fields.has("auto-tie-breaker-node"),
    autoTieBreakerNode: tieBreakerNodes.length === 0 ? ["lowest"] : tieBreakerNodes,
    lastManStanding: fields.boolean("last-man-standing") ?? false,
    lastManStandingWindowMs:
      fields.duration("last-man-standing-window") ?? LAST_MAN_STANDING_WINDOW_MS,
    pingTargets,
    ...(disk === undefined ? {} : { disk }),
    ...(arbiter === undefined ? {} : { arbiter }),
    ...(arbiterKeyFile === undefined ? {} : { arbiterKeyFile }),
  };
  fields.finish();
  checkQuorum(context, fields, settings, nodes);
  return {
    settings,
    twoNodeGiven: twoNode !== undefined,
    waitForAllGiven: waitForAll !== undefined,
  };
}

function readTieBreakerNodes(context: LoadContext, fields: MapFields): string[] {
  const words = fields.words("auto-tie-breaker-node") ?? [];
  for (const word of words) {
    if (word.text === "lowest" || word.text === "highest") continue;
    context.references.push({ kind: "node", name: word.text, span: word.span, by: "quorum" });
  }
  return words.map((word) => word.text);
}

function readPingTargets(context: LoadContext, fields: MapFields): string[] {
  const words = fields.words("ping-targets") ?? [];
  for (const word of words) checkTarget(context, word);
  return words.map((word) => word.text);
}

function checkTarget(context: LoadContext, word: Word): void {
  if (parseIp(word.text) !== undefined) return;
  const message = `${quote(word.text)} is no IP address (quorum: ping-targets)`;
  const hint = "an address that both sides of a split would ask, such as the gateway's";
  context.report.error("BAD_ADDRESS", word.span, message, hint);
}

function readPath(
  context: LoadContext,
  fields: MapFields,
  key: "disk" | "arbiter-key-file",
): string | undefined {
  const path = fields.text(key);
  if (path === undefined || path.startsWith("/")) return path;
  const message = `${quote(path)} is no absolute path (quorum: ${key})`;
  const example = { disk: "/dev/disk/by-id/…", "arbiter-key-file": "/etc/paceline/arbiter.key" };
  context.report.error(
    "BAD_PATH",
    fields.value(key)?.span,
    message,
    `from the root: ${example[key]}`,
  );
  return undefined;
}

/** `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`; answered with the port. */
function readArbiter(context: LoadContext, fields: MapFields): string | undefined {
  const text = fields.text("arbiter");
  if (text === undefined) return undefined;
  const parts = /^(?:\[([^\]]+)\]|([^:]+)|(.*:.*:.*?))(?::(\d{1,5}))?$/.exec(text);
  const address = parts?.[1] ?? parts?.[2] ?? parts?.[3];
  const ip = address === undefined ? undefined : parseIp(address);
  const port = Number(parts?.[4] ?? ARBITER_PORT);
  if (ip !== undefined && port >= 1 && port <= 65_535) {
    return ip.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  }
  const message = `${quote(text)} is no address of an arbiter`;
  const hint = `ADDRESS or ADDRESS:PORT, like 10.0.0.9:${ARBITER_PORT}`;
  context.report.error("BAD_ADDRESS", fields.value("arbiter")?.span, message, hint);
  return undefined;
}

function checkQuorum(
  context: LoadContext,
  fields: MapFields,
  settings: QuorumSettings,
  nodes: readonly NodeSource[],
): void {
  const voters = nodes.filter((node) => (node.settings?.votes ?? 0) > 0);
  const votes = voters.reduce((sum, node) => sum + node.settings!.votes, 0);
  const { expectedVotes } = settings;
  if (expectedVotes !== undefined && expectedVotes < votes && votes > 0) {
    const message = `expected-votes is ${expectedVotes}, but the nodes have ${votes} votes together`;
    const hint = "both sides of a split could then have quorum: remove it, or raise it";
    context.report.error("EXPECTED_VOTES", fields.value("expected-votes")?.span, message, hint);
  }
  if (settings.twoNode && voters.length !== 2 && nodes.length > 0) {
    const message = `two-node is for two voting nodes; here are ${voters.length}`;
    const hint = "remove two-node";
    context.report.error("TWO_NODE", fields.value("two-node")?.span, message, hint);
  }
  if (settings.twoNode && settings.autoTieBreaker) {
    const message = "two-node and auto-tie-breaker exclude each other";
    const hint = "a tie-breaker decides the split: remove two-node";
    context.report.error("TWO_NODE", fields.value("two-node")?.span, message, hint);
  }
  if (settings.twoNode && !settings.waitForAll) {
    const message = "two-node without wait-for-all: a node that boots alone may take over at once";
    const hint = "remove wait-for-all: false";
    context.report.warning("WAIT_FOR_ALL", fields.value("wait-for-all")?.span, message, hint);
  }
}
