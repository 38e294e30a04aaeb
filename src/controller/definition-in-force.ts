import { withPermanentAttributes } from "../cib/attribute-policy.ts";
import { applyOverrides } from "../cib/override-policy.ts";
import { loadDefinition } from "../config/load-definition.ts";
import { type Note, note } from "../core/note.ts";
import type { WallTime } from "../core/units.ts";
import type { Cib, DefinitionVersion, Override } from "../model/cib.ts";
import type { Definition } from "../model/definition.ts";
import type { MessagingConfig } from "../model/peer.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { chainTo } from "./failure-reports.ts";
import { primitivesOf } from "./resource-reports.ts";

function leftOut(version: number): Note {
  const message = `Definition ${version} of the cluster does not name this node: it runs nothing until one does.`;
  return note("warn", "left-out", message, { version });
}

/** Comes after whatever the definition says itself. */
const HEAL_GENTLY: AttributeSet = {
  id: "paceline-live-defaults",
  score: -1_000_000,
  values: new Map([["multiple-active", "stop_unexpected"]]),
};

/** A node whose main loop is silent for so long says so in its advertisements. */
const STUCK_AFTER_MS = 10_000;

/**
 * The definition that this node works by: the committed one, and before there is any the local
 * file's; with the operator's overrides on top. One that does not name this node is nothing that it
 * could work by: it goes on with the one before, by which the others can find it once they name it
 * again, and meanwhile decides nothing.
 */
export class DefinitionInForce {
  readonly #self: string;
  #definition: Definition;
  #text: string;
  #unfencingAgents: ReadonlySet<string> = new Set();
  #mentionsUnfencing: boolean;
  #committed = false;
  #cache:
    | {
        readonly cib: Cib;
        readonly definition: Definition;
        readonly until: WallTime;
        readonly policy: PolicyDefinition;
        readonly nextExpiry: WallTime | undefined;
      }
    | undefined;

  #leftOutBy: DefinitionVersion | undefined;
  /** The version that a peer told of, where that is newer than the newest known to be committed. */
  #heard = 0;

  constructor(self: string, local: Definition) {
    this.#self = self;
    this.#definition = local;
    this.#text = local.text;
    this.#mentionsUnfencing = local.text.includes("unfencing");
  }

  get definition(): Definition {
    return this.#definition;
  }

  /** Whether the cluster has committed it, or it is only what the local file says. */
  get committed(): boolean {
    return this.#committed;
  }

  /** The version of the committed definition, if that does not name this node. */
  get leftOutBy(): number | undefined {
    return this.#leftOutBy?.version;
  }

  /** The version that a peer told of; 0: none, or it is committed here by now. */
  get heardVersion(): number {
    return this.#heard;
  }

  /** Takes over what the CIB says; true if the definition changed. */
  update(cib: Cib): { changed: boolean; notes: Note[] } {
    const version = cib.definition;
    if (version === undefined || version === this.#leftOutBy || version.version < this.#heard) {
      return { changed: false, notes: [] };
    }
    this.#leftOutBy = undefined;
    this.#heard = 0;
    const first = !this.#committed;
    if (version.text === this.#text) {
      this.#committed = true;
      return { changed: first, notes: [] };
    }
    const { definition, diagnostics } = loadDefinition(version.text);
    if (definition?.nodes.every(({ name }) => name !== this.#self)) {
      this.#leftOutBy = version;
      return { changed: false, notes: [leftOut(version.version)] };
    }
    this.#committed = true;
    if (definition === undefined) {
      // A newer version of paceline wrote it: what we run by stays, and a person must be told.
      return {
        changed: false,
        notes: [
          note(
            "error",
            "definition-unreadable",
            `this version cannot read definition ${version.version}: it keeps the one before; upgrade this node`,
            { problems: diagnostics.slice(0, 5).map((problem) => problem.message) },
          ),
        ],
      };
    }
    this.#definition = definition;
    this.#text = version.text;
    this.#mentionsUnfencing = version.text.includes("unfencing");
    return { changed: true, notes: [] };
  }

  /** Takes over what a peer says is committed; false: it is nothing that this node could work by. */
  hear(version: number, text: string): boolean {
    const { definition } = loadDefinition(text);
    if (version <= this.#heard || definition?.cluster !== this.#definition.cluster) return false;
    if (definition.nodes.every(({ name }) => name !== this.#self)) return false;
    this.#heard = version;
    this.#leftOutBy = undefined;
    this.#definition = definition;
    this.#text = text;
    this.#mentionsUnfencing = text.includes("unfencing");
    return true;
  }

  /**
   * After a healed split an instance may be up twice. Pacemaker's default restarts both; a live
   * cluster of ours stops only the one too many, so that the winner serves on.
   */
  #live(cib: Cib): PolicyDefinition {
    const policy = withPermanentAttributes(this.#definition.policy, cib.attributes ?? []);
    return {
      ...policy,
      resourceDefaults: [...policy.resourceDefaults, HEAL_GENTLY],
      ...(this.#hasUnfencing ? { providesUnfencing: true } : {}),
    };
  }

  /** Agents whose metadata says that they let nodes in whenever they join. */
  setUnfencingAgents(agents: readonly string[]): void {
    this.#unfencingAgents = new Set(agents);
    this.#cache = undefined;
  }

  /** Resources may have to wait until a node was let in. */
  get wantsUnfencing(): boolean {
    return this.#mentionsUnfencing || this.#hasUnfencing;
  }

  get #hasUnfencing(): boolean {
    const { devices } = this.#definition.fencing;
    return devices.some(({ agent, options }) => {
      const provides = options.get("provides");
      return provides === undefined ? this.#unfencingAgents.has(agent) : provides === "unfencing";
    });
  }

  /** The policy with the overrides of the CIB, and when the next of them expires. */
  policy(cib: Cib, wall: WallTime): { policy: PolicyDefinition; nextExpiry?: WallTime } {
    const cached = this.#cache;
    if (cached?.cib !== cib || cached.definition !== this.#definition || wall >= cached.until) {
      const applied = applyOverrides(this.#live(cib), cib.overrides, wall);
      this.#cache = {
        cib,
        definition: this.#definition,
        until: applied.nextExpiry ?? Number.POSITIVE_INFINITY,
        policy: applied.policy,
        nextExpiry: applied.nextExpiry,
      };
    }
    const { policy, nextExpiry } = this.#cache as NonNullable<typeof cached>;
    return nextExpiry === undefined ? { policy } : { policy, nextExpiry };
  }

  /** The policy as it would be with one more override. */
  withOverride(cib: Cib, override: Override, wall: WallTime): PolicyDefinition {
    const others = cib.overrides.filter((other) => other.id !== override.id);
    return applyOverrides(this.#live(cib), [...others, override], wall).policy;
  }

  /** A resource with all that it is made of, by id. */
  expand(id: string): Set<string> {
    const found = chainTo(this.#definition.policy.resources, id).at(-1);
    const ids = new Set([id]);
    if (found !== undefined) for (const primitive of primitivesOf([found])) ids.add(primitive.id);
    return ids;
  }

  messagingConfig(self: string): MessagingConfig {
    const { cluster, messaging, nodes } = this.#definition;
    return {
      cluster,
      self,
      transport: messaging.transport,
      group: messaging.group,
      port: messaging.port,
      advertIntervalMs: messaging.advertIntervalMs,
      maxDatagram: messaging.maxDatagram,
      stuckAfterMs: STUCK_AFTER_MS,
      nodes: nodes.map(({ name, addresses }) => ({ name, addresses })),
    };
  }
}
