import { SeededRandom } from "../../src/core/random.ts";
import { block, cibText, member } from "../interop/cib-text.ts";

/** A random cluster as a CIB: the same seed gives the same cluster. */
export function randomCib(seed: number): string {
  return new RandomCluster(new SeededRandom(seed)).text();
}

const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];

/** One random cluster in the making. Every choice goes through `#random`. */
class RandomCluster {
  readonly #random: SeededRandom;
  readonly #nodes: number;
  readonly #primitives: string[] = [];
  /** Top-level resources: what constraints may name. */
  readonly #tops: string[] = [];
  readonly #promotable: string[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#nodes = 2 + random.below(4);
  }

  text(): string {
    const resources = this.#resources();
    const constraints = this.#list(this.#random.below(6), (i) => this.#constraint(i));
    return cibText({
      head: `admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1" dc-uuid="1"
        have-quorum="${this.#chance(85) ? 1 : 0}" execution-date="1800000000"`,
      options: this.#options(),
      nodes: this.#list(this.#nodes, (i) => `<node id="${i + 1}" uname="node${i + 1}"/>`),
      resources,
      constraints,
      status: this.#list(this.#nodes, (i) => this.#node(i + 1)),
    });
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)]!;
  }

  #list(count: number, make: (i: number) => string): string {
    return Array.from({ length: count }, (_, i) => make(i)).join("\n");
  }

  #score(): string {
    return this.#pick(["INFINITY", "-INFINITY", "100", "-100", "10", "1", "500"]);
  }

  #options(): string {
    return block("cluster_property_set", "cib-bootstrap-options", {
      "stonith-enabled": this.#pick(["true", "false"]),
      "concurrent-fencing": "true",
      "no-quorum-policy": this.#pick(["stop", "freeze", "ignore", "demote"]),
      "symmetric-cluster": this.#chance(90) ? "true" : "false",
    });
  }

  #resources(): string {
    const fence = `<primitive id="fence" class="stonith" type="fence_dummy"/>`;
    const count = 1 + this.#random.below(5);
    return fence + this.#list(count, () => this.#resource());
  }

  #resource(): string {
    const name = NAMES[this.#tops.length]!;
    const kind = this.#random.below(10);
    if (kind < 5) {
      this.#tops.push(name);
      return this.#primitive(name);
    }
    if (kind < 7) return this.#group(`${name}g`, name);
    return this.#clone(`${name}c`, name, kind >= 9);
  }

  #primitive(id: string): string {
    this.#primitives.push(id);
    return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Stateful">
      ${block("meta_attributes", `${id}-m`, this.#meta())}
      <operations><op id="${id}-o" name="monitor" interval="10s" timeout="20s"/></operations></primitive>`;
  }

  #meta(): Record<string, string> {
    const meta: Record<string, string> = {};
    if (this.#chance(25)) meta["resource-stickiness"] = this.#pick(["0", "1", "100", "INFINITY"]);
    if (this.#chance(20)) meta["priority"] = this.#pick(["1", "5", "10"]);
    if (this.#chance(15)) meta["migration-threshold"] = this.#pick(["1", "3"]);
    if (this.#chance(10)) meta["target-role"] = this.#pick(["Stopped", "Started"]);
    if (this.#chance(5)) meta["is-managed"] = "false";
    if (this.#chance(15)) meta["allow-migrate"] = "true";
    return meta;
  }

  #group(id: string, name: string): string {
    this.#tops.push(id);
    const members = this.#list(1 + this.#random.below(3), (i) => this.#primitive(`${name}${i}`));
    return `<group id="${id}">${members}</group>`;
  }

  #clone(id: string, name: string, promotable: boolean): string {
    this.#tops.push(id);
    if (promotable) this.#promotable.push(id);
    const meta: Record<string, string> = promotable ? { promotable: "true" } : {};
    if (this.#chance(40)) meta["clone-max"] = String(1 + this.#random.below(3));
    if (this.#chance(40)) meta["interleave"] = "true";
    if (promotable && this.#chance(30)) meta["promoted-max"] = "2";
    return `<clone id="${id}">${block("meta_attributes", `${id}-m`, meta)}${this.#primitive(name)}</clone>`;
  }

  #constraint(i: number): string {
    const [one, other] = [this.#pick(this.#tops), this.#pick(this.#tops)];
    const kind = this.#random.below(4);
    if (kind < 2 || one === other) {
      const node = `node${1 + this.#random.below(this.#nodes)}`;
      return `<rsc_location id="location-${i}" rsc="${one}" node="${node}" score="${this.#score()}"/>`;
    }
    if (kind === 2) {
      const role =
        this.#promotable.includes(other) && this.#chance(60) ? ` with-rsc-role="Promoted"` : "";
      return `<rsc_colocation id="colocation-${i}" rsc="${one}" with-rsc="${other}" score="${this.#score()}"${role}/>`;
    }
    const kinds = this.#pick(["Mandatory", "Optional", "Serialize"]);
    return `<rsc_order id="order-${i}" first="${one}" then="${other}" kind="${kinds}"/>`;
  }

  #node(id: number): string {
    const fate = this.#random.below(20);
    if (fate === 0) return "";
    const attributes = this.#attributes();
    const standby = fate === 1 ? `<nvpair id="s${id}" name="standby" value="on"/>` : "";
    const state = member(id, this.#histories(id), attributes + standby);
    if (fate === 2) {
      return state.replace(
        'in_ccm="true" crmd="online" join="member"',
        'in_ccm="false" crmd="offline" join="down"',
      );
    }
    return state;
  }

  #attributes(): string {
    return this.#promotable
      .filter(() => this.#chance(70))
      .map((clone) => {
        const name = clone.slice(0, -1);
        const score = this.#pick(["1", "5", "10", "100"]);
        return `<nvpair id="p${name}${this.#random.below(1e9)}" name="master-${name}" value="${score}"/>`;
      })
      .join("");
  }

  /** Mostly probed; some things run, some of those failed. */
  #histories(id: number): string {
    if (this.#chance(10)) return "";
    return this.#primitives.map((name) => this.#history(name, id)).join("\n");
  }

  #history(name: string, id: number): string {
    const active = this.#chance(25);
    const operations = [this.#operation(name, id, "monitor", 0, 1, 7, 7)];
    if (active) operations.push(this.#operation(name, id, "start", 0, 2, 0, 0));
    if (active && this.#chance(80)) {
      const rc = this.#chance(15) ? this.#pick([1, 7]) : 0;
      operations.push(this.#operation(name, id, "monitor", 10_000, 3, rc, 0));
    }
    return `<lrm_resource id="${name}" class="ocf" provider="pacemaker" type="Stateful">${operations.join("")}</lrm_resource>`;
  }

  #operation(
    name: string,
    node: number,
    task: string,
    interval: number,
    call: number,
    rc: number,
    expected: number,
  ): string {
    const key = `${call}:1:${expected}:00000000-0000-0000-0000-000000000000`;
    return `<lrm_rsc_op id="${name}_${task}_${interval}" operation_key="${name}_${task}_${interval}"
      operation="${task}" interval="${interval}" call-id="${call}" rc-code="${rc}" op-status="0"
      crm_feature_set="3.16.1" on_node="node${node}" last-rc-change="1799999000"
      transition-key="${key}" transition-magic="0:${rc};${key}"/>`;
  }
}
