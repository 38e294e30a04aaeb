import { block } from "../interop/cib-text.ts";
import { bound, type Chooser, type Values } from "./rich-cib.ts";
import { recorded } from "./rich-history.ts";

/**
 * What only the wide random clusters have: monitors of the role Stopped, fixed monitor times, other
 * answers to failure, unfencing, templates, tags and patterns, bundles with something in them,
 * half-done migrations, histories of what is no longer defined, sets that hold by a rule, rules of
 * rules and times, scores of health, and nodes that do not say what room they have.
 */
export class WideParts {
  readonly #choose: Chooser;
  /** For sets of values: choices of their own, by which no others change. */
  readonly #ofSets: Chooser;
  #ruled = 0;

  constructor(choose: Chooser, ofSets: Chooser) {
    this.#choose = choose;
    this.#ofSets = ofSets;
  }

  /** A set with a score and a rule, for some of the clusters. */
  #ruledSet(kind: string, rule: string, values: Values): string {
    const id = `ruled-${this.#ruled++}`;
    const scored = `<${kind} id="${id}" score="${this.#ofSets.pick(["5", "-5", "INFINITY"])}">`;
    const whole = `<rule id="${id}-rule" score="0">${rule}</rule>`;
    return block(kind, id, values).replace(`<${kind} id="${id}">`, `${scored}${whole}`);
  }

  ruledOptions(): string {
    const { chance, pick } = bound(this.#ofSets);
    if (!chance(30)) return "";
    const start = pick(["2023-01-01", "2023-12-01"]);
    const rule = `<date_expression id="od" operation="gt" start="${start}"/>`;
    const values = pick<Values>([
      { "maintenance-mode": "true" },
      { "no-quorum-policy": "ignore" },
      { "start-failure-is-fatal": "false" },
    ]);
    return this.#ruledSet("cluster_property_set", rule, values);
  }

  ruledAttributes(node: number): string {
    const { chance, pick } = bound(this.#ofSets);
    if (!chance(8)) return "";
    const rule = `<date_expression id="nd${node}" operation="lt" end="${pick(["2023-01-01", "2023-12-01"])}"/>`;
    return this.#ruledSet("instance_attributes", rule, { standby: "on" });
  }

  /** Inside `meta_attributes` of rsc_defaults, and all of op_defaults. */
  ruledResourceDefaults(): string {
    if (!this.#ofSets.chance(30)) return "";
    const rule = `<rsc_expression id="re" class="ocf" type="Stateful"/>`;
    return this.#ruledSet("meta_attributes", rule, { "resource-stickiness": "7" });
  }

  operationDefaults(): string {
    const { chance, pick } = bound(this.#ofSets);
    if (!chance(40)) return "";
    const rule = `<op_expression id="oe" name="${pick(["monitor", "start", "stop"])}"/>`;
    const plain = block("meta_attributes", "op-defaults", { timeout: pick(["25s", "40s"]) });
    const ruled = this.#ruledSet("meta_attributes", rule, { timeout: "55s" });
    return `<op_defaults>${plain}${ruled}</op_defaults>`;
  }

  /** An operation that has sets of its own. */
  #deepMonitor(id: string): string {
    const params = block("instance_attributes", `${id}-deep-p`, { OCF_CHECK_LEVEL: "10" });
    const meta = block("meta_attributes", `${id}-deep-m`, { timeout: "77s" });
    return `<op id="${id}-deep" name="monitor" interval="71s">${params}${meta}</op>`;
  }

  options(): Values {
    const options: Values = {};
    const some: readonly (readonly [string, string])[] = [
      ["stop-orphan-actions", "false"],
      ["startup-fencing", "false"],
      ["enable-startup-probes", "false"],
      ["priority-fencing-delay", "30s"],
      ["stonith-action", "off"],
    ];
    for (const [name, value] of some) if (this.#choose.chance(10)) options[name] = value;
    return { ...options, ...this.#healthScores() };
  }

  /** What the colours of a node's health are worth. */
  #healthScores(): Values {
    const { chance, pick } = bound(this.#ofSets);
    const names = ["node-health-red", "node-health-yellow", "node-health-green"];
    const given = names
      .filter(() => chance(8))
      .map((name) => [name, pick(["-10", "5", "-INFINITY"])]);
    return Object.fromEntries(given);
  }

  /** Some nodes do not say what room they have. */
  saysCapacity(): boolean {
    return !this.#ofSets.chance(15);
  }

  /** Instead of one test of a rule: that, a time, or a rule of both inside. */
  tests(id: string, test: string): string {
    const { chance, pick } = bound(this.#ofSets);
    const simple = `<expression id="${id}-e" ${test}/>`;
    if (chance(60)) return simple;
    // The generated clusters live at 22:13 UTC of a Tuesday.
    const time = pick([`hours="9-16"`, `hours="0-23"`, `weekdays="1-5"`, `weekdays="6-7"`]);
    const date = `<date_expression id="${id}-d" operation="date_spec"><date_spec id="${id}-s" ${time}/></date_expression>`;
    if (chance(30)) return date;
    return `<rule id="${id}-in" boolean-op="${pick(["and", "or"])}">${simple}${date}</rule>`;
  }

  meta(): Values {
    if (this.#choose.chance(6)) return { requires: "unfencing" };
    return this.#choose.chance(6) ? { "target-role": "Started", "is-managed": "true" } : {};
  }

  operations(id: string, promotable: boolean): string {
    const { chance, pick } = bound(this.#choose);
    const more: string[] = [];
    const op = (name: string, interval: string, rest: string) =>
      more.push(
        `<op id="${id}-${name}-${more.length}x" name="${name}" interval="${interval}" ${rest}/>`,
      );
    if (chance(12)) op("monitor", "33s", `role="Stopped"`);
    if (chance(10)) op("monitor", "45s", `interval-origin="2026-01-01 00:00:07"`);
    if (chance(6)) op("monitor", "51s", `enabled="false"`);
    if (promotable && chance(10)) op("monitor", "17s", `role="Unpromoted"`);
    if (chance(10)) op("start", "0", `on-fail="${pick(["block", "stop", "ignore", "standby"])}"`);
    if (chance(8)) op("stop", "0", `on-fail="${pick(["block", "ignore", "fence"])}"`);
    if (promotable && chance(12))
      op("promote", "0", `on-fail="${pick(["block", "demote", "stop"])}"`);
    if (this.#ofSets.chance(10)) more.push(this.#deepMonitor(id));
    return more.join("");
  }

  /** A location constraint for a tag or a pattern instead of one resource. */
  subject(resource: string): string {
    const { chance, pick } = bound(this.#choose);
    if (chance(10)) return `rsc="some"`;
    if (chance(10)) return `rsc-pattern="${pick(["^r[01]", "c$", "m1"])}"`;
    return `rsc="${resource}"`;
  }

  tags(tops: readonly string[]): string {
    const members = tops.filter(() => this.#choose.chance(50));
    const refs = (members.length === 0 ? tops.slice(0, 1) : members).map(
      (id) => `<obj_ref id="${id}"/>`,
    );
    return `<tags><tag id="some">${refs.join("")}</tag></tags>`;
  }

  /** Where a resource was on its way to another node. */
  migration(name: string, node: string): string[] {
    const { chance, below } = bound(this.#choose);
    const other = `node${1 + below(3)}`;
    if (other === node || !chance(8)) return [];
    const [status, rc] = chance(70) ? [0, 0] : chance(50) ? [-1, 193] : [4, 1];
    const ends = `migrate_source="${node}" migrate_target="${other}"`;
    return [recorded({ name, node, task: "migrate_to", status, rc, more: ends })];
  }

  /** The history of something that is no longer defined. */
  removed(node: string): string {
    const { chance, pick } = bound(this.#choose);
    if (!chance(8)) return "";
    const task = pick(["start", "start", "stop"]);
    const last = recorded({ name: "gone", node, task, status: 0, rc: 0, more: "" });
    return `<lrm_resource id="gone" class="ocf" provider="pacemaker" type="Stateful">${last}</lrm_resource>`;
  }
}
