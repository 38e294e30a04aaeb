import type { Millis } from "../core/units.ts";
import type {
  FencingSettings,
  NoQuorumPolicy,
  QuorumSettings,
  SafetyChoices,
} from "../model/definition.ts";
import { plainValue } from "../model/plain-value.ts";
import type { PrimitiveDefinition, ResourceDefinition } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { fencingLoopFindings } from "./fencing-loop-checks.ts";
import type { NodeSource } from "./nodes-section.ts";
import type { QuorumSource } from "./quorum-section.ts";
import type { Span } from "./source-text.ts";
import { watchdogFindings, watchdogWaitIn } from "./watchdog-checks.ts";

/** What the definition says that bears on a split, and where it says it. */
export interface SafetyFacts {
  readonly nodes: readonly NodeSource[];
  readonly nodesSpan: Span;
  readonly quorum: QuorumSource;
  readonly fencing: FencingSettings;
  readonly advertIntervalMs: Millis;
  readonly properties: readonly AttributeSet[];
  readonly propertySpans: ReadonlyMap<string, Span>;
  readonly resources: readonly ResourceDefinition[];
  readonly templates: readonly PrimitiveDefinition[];
  /** A Pacemaker cluster is asked about: its fence devices are resources. */
  readonly simulation: boolean;
}

export interface SafetyFinding {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly span: Span | undefined;
  readonly message: string;
  readonly hint: string;
}

export interface SafetyDecision {
  readonly choices: SafetyChoices;
  readonly quorum: QuorumSettings;
  readonly findings: readonly SafetyFinding[];
}

/** Agents that only hold an address: two of them at once disturb, but destroy nothing. */
const ADDRESS_AGENTS = [
  "vip",
  "IPaddr",
  "IPaddr2",
  "IPv6addr",
  "IPsrcaddr",
  "VIPArip",
  "Dummy",
  "dummy",
];

const DECIDE_SPLIT =
  "decide splits: a third node with role: witness, quorum: { arbiter: ADDRESS } or a shared disk, " +
  "quorum: { auto-tie-breaker: true } or fencing devices";

/**
 * Settles what the file leaves open. Fencing is on where there are devices. Two voting nodes
 * without anything that decides a split carry on alone (Keepalived's behaviour) if nothing is
 * harmed by that, and are refused otherwise. With fencing, two nodes are `two-node`: the survivor
 * leads once the other is fenced.
 */
export function decideSafety(facts: SafetyFacts): SafetyDecision {
  const given = givenChoices(facts);
  const stonith = facts.simulation && hasStonithResource(facts.resources);
  const hasDevices = facts.fencing.devices.length > 0 || stonith;
  const fencingEnabled = given.fencing ?? (hasDevices || watchdogWaitIn(facts.properties) > 0);
  const openSplit = isSplitOpen(facts, fencingEnabled) && given.noQuorum === undefined;
  const choices: SafetyChoices = {
    noQuorumPolicy: given.noQuorum ?? (openSplit ? "ignore" : "stop"),
    noQuorumPolicyIsDefault: given.noQuorum === undefined,
    fencingEnabled,
    fencingEnabledIsDefault: given.fencing === undefined,
    // Clones too: of a promotable one two may not be promoted.
    harmlessTwice: primitivesOf(facts.resources).every((each) => isHarmlessTwice(each, facts)),
  };
  const quorum = decideTwoNode(facts, fencingEnabled);
  const findings = [
    ...(openSplit ? splitFindings(facts) : []),
    ...ignoreFindings(facts, given.noQuorum, fencingEnabled),
    ...pingFindings(facts, choices),
    ...evenSplitFindings(facts, choices),
    ...watchdogFindings(facts, fencingEnabled),
    ...fencingFindings(facts, choices, hasDevices, openSplit),
    ...fencingLoopFindings(facts),
  ];
  return { choices, quorum, findings };
}

function givenChoices(facts: SafetyFacts): { noQuorum?: NoQuorumPolicy; fencing?: boolean } {
  const noQuorum = plainValue(facts.properties, "no-quorum-policy");
  const fencing = plainValue(facts.properties, "fencing-enabled");
  return {
    ...(noQuorum === undefined ? {} : { noQuorum: noQuorum as NoQuorumPolicy }),
    ...(fencing === undefined ? {} : { fencing: fencing === "true" }),
  };
}

function voters(facts: SafetyFacts): NodeSource[] {
  return facts.nodes.filter((node) => (node.settings?.votes ?? 0) > 0);
}

/** Nodes that may run something. */
function workers(facts: SafetyFacts): NodeSource[] {
  return facts.nodes.filter((node) => node.settings?.role === "full");
}

/** Two equal voters, and nothing that tells which of them goes on when they lose each other. */
function isSplitOpen(facts: SafetyFacts, fencingEnabled: boolean): boolean {
  const [one, two, ...more] = voters(facts);
  if (one === undefined || two === undefined || more.length > 0 || fencingEnabled) return false;
  if (one.settings!.votes !== two.settings!.votes) return false;
  // With one node beside a witness nothing can run twice.
  if (workers(facts).length < 2) return false;
  return !hasTieBreaker(facts.quorum.settings);
}

function hasTieBreaker(quorum: QuorumSettings): boolean {
  if (quorum.autoTieBreaker || quorum.pingTargets.length > 0) return true;
  return quorum.disk !== undefined || quorum.arbiter !== undefined;
}

/** Both sides of a split may reach a ping target, so it only tells who must not go on. */
function pingFindings(facts: SafetyFacts, choices: SafetyChoices): SafetyFinding[] {
  const { pingTargets, disk, arbiter } = facts.quorum.settings;
  const votes = voters(facts).reduce((sum, node) => sum + node.settings!.votes, 0);
  const isAlone = pingTargets.length > 0 && disk === undefined && arbiter === undefined;
  if (!isAlone || votes % 2 > 0 || choices.fencingEnabled) return [];
  if (choices.noQuorumPolicy === "ignore") return [];
  return [
    {
      severity: "warning",
      code: "PING_DECIDES_NOTHING",
      span: facts.nodesSpan,
      message:
        "ping-targets alone let neither side of an even split go on: both may reach them, " +
        "so the side that does fences the other first, and there is no fencing",
      hint: "configure fencing devices, or let an arbiter or a disk decide (quorum: { arbiter: ADDRESS })",
    },
  ];
}

function decideTwoNode(facts: SafetyFacts, fencingEnabled: boolean): QuorumSettings {
  const { settings, twoNodeGiven, waitForAllGiven } = facts.quorum;
  if (twoNodeGiven || !fencingEnabled || hasTieBreaker(settings)) return settings;
  const [one, two, ...more] = voters(facts).map((node) => node.settings!.votes);
  if (more.length > 0 || one !== two) return settings;
  const waitForAll = waitForAllGiven ? settings.waitForAll : true;
  return { ...settings, twoNode: true, waitForAll };
}

function splitFindings(facts: SafetyFacts): SafetyFinding[] {
  const names = voters(facts).map((node) => node.name);
  const harmed = primitivesOf(facts.resources).filter((each) => !isHarmlessTwice(each, facts));
  const first = harmed[0];
  if (first === undefined) {
    return [
      {
        severity: "warning",
        code: "SPLIT_BOTH_ACTIVE",
        span: facts.nodesSpan,
        message:
          `if ${names.join(" and ")} lose each other, both carry on and both hold all addresses ` +
          "(no-quorum-policy: ignore, the default for two nodes with addresses only)",
        hint: `${DECIDE_SPLIT}; or write properties: { no-quorum-policy: ignore } if that is meant`,
      },
    ];
  }
  const others = harmed.length > 1 ? ` (and ${harmed.length - 1} more)` : "";
  return [
    {
      severity: "error",
      code: "SPLIT_UNDECIDED",
      span: facts.nodesSpan,
      message:
        `nothing decides who goes on if ${names.join(" and ")} lose each other, ` +
        `and ${first.id}${others} must not run twice`,
      hint:
        `${DECIDE_SPLIT}; or say what to do without quorum: properties: { no-quorum-policy: stop } ` +
        "(both sides stop) or ignore (both go on); meta: { harmless-twice: true } marks what may run twice",
    },
  ];
}

/** Four nodes or more that may fall into equal halves, and a policy that needs fencing. */
function evenSplitFindings(facts: SafetyFacts, choices: SafetyChoices): SafetyFinding[] {
  const votes = voters(facts).map((node) => node.settings!.votes);
  const total = votes.reduce((sum, each) => sum + each, 0);
  const findings: SafetyFinding[] = [];
  if (choices.noQuorumPolicy === "suicide" && !choices.fencingEnabled) {
    findings.push({
      severity: "warning",
      code: "SUICIDE_WITHOUT_FENCING",
      span: facts.propertySpans.get("no-quorum-policy"),
      message: "no-quorum-policy: suicide needs fencing: without it, it acts like stop",
      hint: "configure fencing devices, or write no-quorum-policy: stop",
    });
  }
  const even = votes.length >= 4 && total % 2 === 0 && !hasTieBreaker(facts.quorum.settings);
  if (even && choices.noQuorumPolicy !== "ignore") {
    findings.push({
      severity: "warning",
      code: "EVEN_SPLIT",
      span: facts.nodesSpan,
      message: `${total} votes can fall into halves of ${total / 2}, and then neither has quorum`,
      hint: "a witness makes them odd; or quorum: { auto-tie-breaker: true } lets one half go on",
    });
  }
  return findings;
}

/** `ignore` written down is a choice, and still worth repeating where it can hurt. */
function ignoreFindings(
  facts: SafetyFacts,
  noQuorum: NoQuorumPolicy | undefined,
  fencingEnabled: boolean,
): SafetyFinding[] {
  if (noQuorum !== "ignore" || fencingEnabled || voters(facts).length < 2) return [];
  const several = primitivesOf(facts.resources).filter((each) => !isHarmlessTwice(each, facts));
  const what = several.length === 0 ? "all addresses" : several.map((each) => each.id).join(", ");
  return [
    {
      severity: "warning",
      code: "SPLIT_BOTH_ACTIVE",
      span: facts.propertySpans.get("no-quorum-policy"),
      message: `with no-quorum-policy: ignore a split makes each side run ${what}`,
      hint: DECIDE_SPLIT,
    },
  ];
}

function fencingFindings(
  facts: SafetyFacts,
  choices: SafetyChoices,
  hasDevices: boolean,
  openSplit: boolean,
): SafetyFinding[] {
  const span = facts.propertySpans.get("fencing-enabled");
  if (choices.fencingEnabled) return enabledFindings(facts, hasDevices, span);
  if (openSplit || workers(facts).length < 2) return [];
  const exclusive = exclusivePrimitives(facts.resources);
  const holding = exclusive.filter((each) => !isHarmlessTwice(each, facts));
  if (choices.fencingEnabledIsDefault && exclusive.length > 0) {
    return [
      {
        severity: "warning",
        code: "FENCING_NOT_CHOSEN",
        span: facts.nodesSpan,
        message:
          "there is no fencing: a node that hangs without being dead may still run " +
          `${nameSome(exclusive)} while another node starts it`,
        hint: "configure fencing devices, or write properties: { fencing-enabled: false } to accept that",
      },
    ];
  }
  if (holding.length === 0) return [];
  return [
    {
      severity: "warning",
      code: "FENCING_DISABLED",
      span,
      message: `fencing is switched off: nothing makes sure that ${nameSome(holding)} never ${holding.length === 1 ? "runs" : "run"} twice`,
      hint: hasDevices ? "devices are there: fencing-enabled: true" : "configure fencing devices",
    },
  ];
}

function enabledFindings(
  facts: SafetyFacts,
  hasDevices: boolean,
  span: Span | undefined,
): SafetyFinding[] {
  const watchdog = plainValue(facts.properties, "fencing-watchdog-timeout") ?? "0";
  if (/[1-9]/.test(watchdog)) return [];
  if (!hasDevices) {
    return [
      {
        severity: "error",
        code: "NO_FENCING_DEVICE",
        span,
        message: "fencing-enabled is true, but there is no device: what a lost node ran stays down",
        hint: "configure fencing devices, or a fencing-watchdog-timeout, or write fencing-enabled: false",
      },
    ];
  }
  return facts.nodes
    .filter((node) => isUnfenceable(facts.fencing, node))
    .map((node) => ({
      severity: "warning" as const,
      code: "NODE_NOT_FENCEABLE",
      span: node.span,
      message: `no fencing device is for ${node.name}: what it runs stays down if it is lost`,
      hint: `add it to the targets of a device, or give it one of its own`,
    }));
}

function isUnfenceable(fencing: FencingSettings, node: NodeSource): boolean {
  if (node.settings?.role !== "full" || fencing.devices.length === 0) return false;
  if (fencing.topology.has(node.name)) return false;
  return !fencing.devices.some((device) => {
    return device.targets.length === 0 || device.targets.includes(node.name);
  });
}

function nameSome(primitives: readonly PrimitiveDefinition[]): string {
  const names = primitives.slice(0, 3).map((each) => each.id);
  return primitives.length > 3 ? `${names.join(", ")} and others` : names.join(", ");
}

function isHarmlessTwice(primitive: PrimitiveDefinition, facts: SafetyFacts): boolean {
  const template = facts.templates.find((each) => each.id === primitive.template);
  const meta = [...primitive.meta, ...(template?.meta ?? [])];
  const marked = plainValue(meta, "harmless-twice");
  if (marked !== undefined) return marked === "true";
  const agent = primitive.agent ?? template?.agent;
  return agent?.class === "ocf" && ADDRESS_AGENTS.includes(agent.type);
}

function hasStonithResource(resources: readonly ResourceDefinition[]): boolean {
  return primitivesOf(resources).some((each) => each.agent?.class === "stonith");
}

/** All primitives but fence devices, which are met in the CIBs of others. */
function primitivesOf(resources: readonly ResourceDefinition[]): PrimitiveDefinition[] {
  return resources.flatMap((resource) => {
    if (resource.kind === "primitive") return [resource];
    if (resource.kind === "group") return resource.members;
    const child = resource.child;
    return child === undefined ? [] : primitivesOf([child]);
  });
}

/** What may be active once only: everything outside of clones and bundles. */
function exclusivePrimitives(resources: readonly ResourceDefinition[]): PrimitiveDefinition[] {
  const single = resources.filter(({ kind }) => kind === "primitive" || kind === "group");
  return primitivesOf(single).filter((each) => each.agent?.class !== "stonith");
}
