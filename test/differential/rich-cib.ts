import { SeededRandom } from "../../src/core/random.ts";
import { block, cibText } from "../interop/cib-text.ts";
import { RichHistory } from "./rich-history.ts";
import { WideParts } from "./wide-parts.ts";

/**
 * A random cluster with everything that random-cib.ts has not: tickets, rules, utilization, groups
 * in clones, promotable and unique clones, resource sets, remote and guest nodes, bundles, health,
 * failcounts and half-done operations. The same seed gives the same cluster.
 */
export function richCib(seed: number): string {
  return new RichCluster(seed, false).text();
}

/** As `richCib`, with everything of wide-parts.ts as well. */
export function wideCib(seed: number): string {
  return new RichCluster(seed, true).text();
}

export type Values = Record<string, string>;

/** Random choices, shared by the parts of the cluster. */
export class Chooser {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  below(count: number): number {
    return this.#random.below(count);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)]!;
  }

  list(count: number, make: (i: number) => string): string {
    return Array.from({ length: count }, (_, i) => make(i)).join("\n");
  }

  score(): string {
    return this.pick(["INFINITY", "-INFINITY", "100", "-100", "10", "1", "500", "-5", "0"]);
  }
}

export interface PrimitiveKind {
  readonly id: string;
  readonly promotable: boolean;
  readonly cloned: boolean;
  readonly unique: boolean;
}

class RichCluster {
  readonly #choose: Chooser;
  readonly #nodes: number;
  readonly #primitives: PrimitiveKind[] = [];
  readonly #tops: string[] = [];
  readonly #promotable: string[] = [];
  readonly #remotes: string[] = [];
  readonly #utilization: boolean;
  readonly #wide: WideParts | undefined;
  #count = 0;

  constructor(seed: number, wide: boolean) {
    const random = new SeededRandom(seed);
    this.#choose = new Chooser(random);
    const ofSets = new Chooser(new SeededRandom(seed + 1_000_000));
    this.#wide = wide ? new WideParts(this.#choose, ofSets) : undefined;
    this.#nodes = 2 + random.below(4);
    this.#utilization = this.#choose.chance(25);
  }

  text(): string {
    const { chance, list, below } = bound(this.#choose);
    const resources = `<primitive id="fence" class="stonith" type="fence_dummy"/>${list(1 + below(6), () => this.#resource())}`;
    const constraints = list(below(7), (i) => this.#constraint(i));
    const history = new RichHistory(this.#choose, this.#primitives, this.#remotes, this.#wide);
    return cibText({
      head: `admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1" dc-uuid="1"
        have-quorum="${chance(88) ? 1 : 0}" execution-date="1700000000"`,
      options: this.#options(),
      nodes: list(this.#nodes, (i) => this.#node(i + 1)),
      resources,
      constraints,
      more: this.#defaults() + (this.#tops.length > 0 ? (this.#wide?.tags(this.#tops) ?? "") : ""),
      status: `${list(this.#nodes, (i) => history.node(i + 1))}${this.#remotes.map((name) => history.remote(name)).join("")}${this.#tickets()}`,
    });
  }

  #options(): string {
    const { chance, pick } = bound(this.#choose);
    const options: Values = {
      "stonith-enabled": pick(["true", "true", "false"]),
      "concurrent-fencing": "true",
      "no-quorum-policy": pick(["stop", "freeze", "ignore", "demote", "suicide"]),
      "symmetric-cluster": chance(90) ? "true" : "false",
    };
    if (this.#utilization) {
      options["placement-strategy"] = pick(["utilization", "minimal", "balanced"]);
    }
    if (chance(10)) options["maintenance-mode"] = "true";
    if (chance(8)) options["stop-all-resources"] = "true";
    if (chance(12))
      options["node-health-strategy"] = pick(["migrate-on-red", "only-green", "progressive"]);
    if (chance(10)) options["start-failure-is-fatal"] = "false";
    if (chance(10)) options["stop-orphan-resources"] = "false";
    if (chance(10)) options["shutdown-lock"] = "true";
    const all = { ...options, ...this.#wide?.options() };
    const ruled = this.#wide?.ruledOptions() ?? "";
    return block("cluster_property_set", "cib-bootstrap-options", all) + ruled;
  }

  #defaults(): string {
    const { chance, pick } = bound(this.#choose);
    const more = this.#wide?.operationDefaults() ?? "";
    if (!chance(30)) return more;
    const stickiness = { "resource-stickiness": pick(["1", "100", "INFINITY"]) };
    const plain = block("meta_attributes", "rsc-defaults", stickiness);
    const ruled = this.#wide?.ruledResourceDefaults() ?? "";
    return `<rsc_defaults>${plain}${ruled}</rsc_defaults>${more}`;
  }

  #node(id: number): string {
    const { pick } = bound(this.#choose);
    const attributes = block("instance_attributes", `na${id}`, {
      rack: pick(["a", "b"]),
      level: String(id),
    });
    const capacity =
      this.#utilization && (this.#wide?.saysCapacity() ?? true)
        ? block("utilization", `nu${id}`, { cpu: pick(["2", "4", "8"]), ram: pick(["10", "20"]) })
        : "";
    const ruled = this.#wide?.ruledAttributes(id) ?? "";
    return `<node id="${id}" uname="node${id}">${attributes}${ruled}${capacity}</node>`;
  }

  #resource(): string {
    const { pick } = bound(this.#choose);
    const kinds = ["primitive", "primitive", "group", "clone", "clone", "promotable", "unique"];
    const more = ["groups", "remote", "guest", "template", "bundle"];
    const kind = pick([...kinds, ...more]);
    const name = `r${this.#count++}`;
    switch (kind) {
      case "group":
        return this.#group(name, false, false);
      case "clone":
      case "promotable":
      case "unique":
      case "groups":
        return this.#clone(name, kind);
      case "remote":
        return this.#remote(name);
      case "guest":
        return this.#guest(name);
      case "bundle":
        return this.#bundle(name);
      default:
        this.#tops.push(name);
        return this.#primitive(name, {});
    }
  }

  #primitive(id: string, kind: Partial<PrimitiveKind>, extra: Values = {}): string {
    const { chance, pick } = bound(this.#choose);
    const { promotable = false, cloned = false, unique = false } = kind;
    this.#primitives.push({ id, promotable, cloned, unique });
    const onFail = chance(25)
      ? ` on-fail="${pick(["block", "stop", "standby", "fence", "ignore", "restart"])}"`
      : "";
    const role = promotable
      ? `<op id="${id}-p" name="monitor" interval="9s" timeout="20s" role="Promoted"${chance(20) ? ` on-fail="demote"` : ""}/>`
      : "";
    const needs =
      this.#utilization && chance(70)
        ? block("utilization", `${id}-u`, { cpu: pick(["1", "2", "3"]) })
        : "";
    return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Stateful">
      ${block("meta_attributes", `${id}-m`, { ...this.#meta(promotable), ...this.#wide?.meta(), ...extra })}
      <operations>${role}<op id="${id}-o" name="monitor" interval="10s" timeout="20s"${onFail}/>${this.#wide?.operations(id, promotable) ?? ""}</operations>${needs}</primitive>`;
  }

  #meta(promotable: boolean): Values {
    const { chance, pick } = bound(this.#choose);
    const meta: Values = {};
    if (chance(20)) meta["resource-stickiness"] = pick(["0", "1", "100", "INFINITY", "-10"]);
    if (chance(15)) meta["priority"] = pick(["1", "5", "10"]);
    if (chance(20)) meta["migration-threshold"] = pick(["1", "2", "3"]);
    if (chance(15)) meta["failure-timeout"] = pick(["60s", "1h"]);
    if (chance(10))
      meta["target-role"] = pick(["Stopped", "Started", "Unpromoted"].slice(0, promotable ? 3 : 2));
    if (chance(5)) meta["is-managed"] = "false";
    if (chance(5)) meta["maintenance"] = "true";
    if (chance(15)) meta["allow-migrate"] = "true";
    if (chance(10))
      meta["multiple-active"] = pick(["block", "stop_only", "stop_start", "stop_unexpected"]);
    if (chance(8)) meta["critical"] = "false";
    if (chance(10)) meta["requires"] = pick(["nothing", "quorum", "fencing"]);
    return meta;
  }

  #group(name: string, cloned: boolean, promotable: boolean): string {
    const { below, list } = bound(this.#choose);
    const id = `${name}g`;
    if (!cloned) this.#tops.push(id);
    const members = list(1 + below(3), (i) =>
      this.#primitive(`${name}m${i}`, { cloned, promotable }),
    );
    return `<group id="${id}">${members}</group>`;
  }

  #clone(name: string, kind: string): string {
    const { chance, pick, below } = bound(this.#choose);
    const id = `${name}c`;
    this.#tops.push(id);
    const promotable = kind === "promotable" || (kind === "groups" && chance(30));
    if (promotable) this.#promotable.push(id);
    const meta: Values = promotable ? { promotable: "true" } : {};
    if (kind === "unique") {
      meta["globally-unique"] = "true";
      if (chance(50)) meta["clone-node-max"] = "2";
    }
    if (chance(40)) meta["clone-max"] = String(1 + below(4));
    if (chance(40)) meta["interleave"] = "true";
    if (chance(20)) meta["ordered"] = "true";
    if (chance(20)) meta["notify"] = "true";
    if (chance(15)) meta["clone-min"] = pick(["1", "2"]);
    if (promotable && chance(30)) meta["promoted-max"] = "2";
    const child =
      kind === "groups"
        ? this.#group(name, true, promotable)
        : this.#primitive(name, { promotable, cloned: true, unique: kind === "unique" });
    return `<clone id="${id}">${block("meta_attributes", `${id}-m`, meta)}${child}</clone>`;
  }

  #remote(name: string): string {
    const id = `${name}remote`;
    this.#remotes.push(id);
    this.#primitives.push({ id, promotable: false, cloned: false, unique: false });
    return `<primitive id="${id}" class="ocf" provider="pacemaker" type="remote">
      <operations><op id="${id}-o" name="monitor" interval="10s"/></operations></primitive>`;
  }

  #guest(name: string): string {
    this.#tops.push(name);
    this.#remotes.push(`${name}guest`);
    return this.#primitive(name, {}, { "remote-node": `${name}guest` });
  }

  #bundle(name: string): string {
    const { pick } = bound(this.#choose);
    const id = `${name}b`;
    this.#tops.push(id);
    const container = `<docker image="x" replicas="${pick(["1", "2"])}"/>`;
    const content = this.#wide
      ? `<network control-port="3121"><port-mapping id="${name}-port" port="80"/></network>${this.#primitive(`${name}in`, { cloned: true })}`
      : "";
    return `<bundle id="${id}">${container}${content}</bundle>`;
  }

  #constraint(i: number): string {
    const { pick, chance } = bound(this.#choose);
    if (this.#tops.length === 0) return "";
    switch (pick(["location", "location", "rule", "colocation", "order", "set", "ticket"])) {
      case "location":
        return this.#location(i);
      case "rule":
        return this.#rule(i);
      case "colocation":
        return this.#colocation(i);
      case "order":
        return this.#order(i);
      case "set":
        return this.#set(i, chance(50));
      default:
        return this.#ticket(i);
    }
  }

  #location(i: number): string {
    const { pick, below, chance, score } = bound(this.#choose);
    const names = [
      ...this.#remotes,
      ...Array.from({ length: this.#nodes }, (_, n) => `node${n + 1}`),
    ];
    const node = chance(20) ? pick(names) : `node${1 + below(this.#nodes)}`;
    const discovery = chance(10) ? ` resource-discovery="${pick(["never", "exclusive"])}"` : "";
    const resource = pick(this.#tops);
    const subject = this.#wide?.subject(resource) ?? `rsc="${resource}"`;
    return `<rsc_location id="l${i}" ${subject} node="${node}" score="${score()}"${discovery}/>`;
  }

  #rule(i: number): string {
    const { pick, chance, score } = bound(this.#choose);
    const role = chance(30) && this.#promotable.length > 0;
    const resource = role ? pick(this.#promotable) : pick(this.#tops);
    const test = pick([
      `attribute="rack" operation="eq" value="a"`,
      `attribute="level" operation="gt" value="1" type="number"`,
      `attribute="nothing" operation="not_defined"`,
      `attribute="#uname" operation="ne" value="node1"`,
    ]);
    const given = chance(20) ? `score-attribute="level"` : `score="${score()}"`;
    const tests = this.#wide?.tests(`l${i}`, test) ?? `<expression id="l${i}-e" ${test}/>`;
    return `<rsc_location id="l${i}" rsc="${resource}"><rule id="l${i}-r" ${given}${role ? ` role="Promoted"` : ""}>
      ${tests}</rule></rsc_location>`;
  }

  #two(): [string, string] | undefined {
    const { pick } = bound(this.#choose);
    const [one, other] = [pick(this.#tops), pick(this.#tops)];
    return one === other ? undefined : [one, other];
  }

  #colocation(i: number): string {
    const { chance, pick, score } = bound(this.#choose);
    const two = this.#two();
    if (two === undefined) return "";
    const roles = [
      this.#promotable.includes(two[0]) && chance(30) ? ` rsc-role="Promoted"` : "",
      this.#promotable.includes(two[1]) && chance(60) ? ` with-rsc-role="Promoted"` : "",
      chance(10) ? ` node-attribute="rack"` : "",
      chance(10) ? ` influence="${pick(["true", "false"])}"` : "",
    ];
    return `<rsc_colocation id="c${i}" rsc="${two[0]}" with-rsc="${two[1]}" score="${score()}"${roles.join("")}/>`;
  }

  #order(i: number): string {
    const { chance, pick } = bound(this.#choose);
    const two = this.#two();
    if (two === undefined) return "";
    const [first, next] = two;
    const promote =
      this.#promotable.includes(first) && chance(50)
        ? ` first-action="promote" then-action="start"`
        : "";
    const more = [
      promote,
      chance(15) ? ` symmetrical="false"` : "",
      chance(15) ? ` require-all="false"` : "",
    ];
    const kind = pick(["Mandatory", "Mandatory", "Optional", "Serialize"]);
    return `<rsc_order id="o${i}" first="${first}" then="${next}" kind="${kind}"${more.join("")}/>`;
  }

  #set(i: number, isOrder: boolean): string {
    const { chance, score, below } = bound(this.#choose);
    const names = this.#tops.filter(() => chance(70));
    if (names.length < 2) return "";
    const cut = 1 + below(names.length - 1);
    const sets = (chance(50) ? [names] : [names.slice(0, cut), names.slice(cut)]).map((each, n) => {
      const options = [
        chance(40) ? ` sequential="false"` : "",
        isOrder && chance(30) ? ` require-all="false"` : "",
      ];
      const refs = each.map((id) => `<resource_ref id="${id}"/>`).join("");
      return `<resource_set id="s${i}-${n}"${options.join("")}>${refs}</resource_set>`;
    });
    return isOrder
      ? `<rsc_order id="o${i}" kind="Mandatory">${sets.join("")}</rsc_order>`
      : `<rsc_colocation id="c${i}" score="${score()}">${sets.join("")}</rsc_colocation>`;
  }

  #ticket(i: number): string {
    const { pick, chance } = bound(this.#choose);
    const role = this.#promotable.length > 0 && chance(40);
    const resource = role ? pick(this.#promotable) : pick(this.#tops);
    const loss = pick(["stop", "demote", "fence", "freeze"]);
    return `<rsc_ticket id="t${i}" rsc="${resource}"${role ? ` rsc-role="Promoted"` : ""} ticket="${pick(["A", "B"])}" loss-policy="${loss}"/>`;
  }

  #tickets(): string {
    const { chance } = bound(this.#choose);
    const states = ["A", "B"]
      .filter(() => chance(70))
      .map((id) => {
        const standby = chance(15) ? ` standby="true"` : "";
        return `<ticket_state id="${id}" granted="${chance(60)}"${standby}/>`;
      });
    return `<tickets>${states.join("")}</tickets>`;
  }
}

/** The chooser's methods, to be called by themselves. */
export function bound(choose: Chooser) {
  return {
    chance: (percent: number) => choose.chance(percent),
    below: (count: number) => choose.below(count),
    pick: <T>(values: readonly T[]) => choose.pick(values),
    list: (count: number, make: (i: number) => string) => choose.list(count, make),
    score: () => choose.score(),
  };
}
