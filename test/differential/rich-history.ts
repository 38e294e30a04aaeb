import { bound, type Chooser, type PrimitiveKind } from "./rich-cib.ts";
import type { WideParts } from "./wide-parts.ts";

/** What nodes say of themselves and have recorded, in the random clusters of rich-cib.ts. */
export class RichHistory {
  readonly #choose: Chooser;
  readonly #primitives: readonly PrimitiveKind[];
  readonly #remotes: readonly string[];
  readonly #wide: WideParts | undefined;
  /** What is active once, and where: twice is rare. */
  readonly #active = new Map<string, number>();

  constructor(
    choose: Chooser,
    primitives: readonly PrimitiveKind[],
    remotes: readonly string[],
    wide: WideParts | undefined,
  ) {
    this.#choose = choose;
    this.#wide = wide;
    this.#primitives = primitives;
    this.#remotes = remotes;
  }

  node(id: number): string {
    const { chance, below } = bound(this.#choose);
    const fate = below(24);
    if (fate === 0) return "";
    const lost = fate === 1 || fate === 2;
    const state = lost
      ? `in_ccm="false" crmd="offline" join="down" expected="${chance(70) ? "member" : "down"}"`
      : fate === 3
        ? `in_ccm="true" crmd="offline" join="member" expected="member"`
        : fate === 4
          ? `in_ccm="true" crmd="online" join="pending" expected="member"`
          : `in_ccm="true" crmd="online" join="member" expected="member"`;
    const more = fate === 5 ? nvpair(id, "standby", "on") : "";
    const leaving = fate === 6 ? nvpair(id, "shutdown", "1699999900") : "";
    const kept = fate === 7 ? nvpair(id, "maintenance", "true") : "";
    const attributes = this.#attributes(id) + more + leaving + kept;
    return `<node_state id="${id}" uname="node${id}" ${state}>
      <transient_attributes id="${id}"><instance_attributes id="t${id}">${attributes}</instance_attributes></transient_attributes>
      <lrm id="${id}"><lrm_resources>${this.#histories(`node${id}`)}</lrm_resources></lrm></node_state>`;
  }

  /** Remote and guest nodes: what runs on them is mostly nothing. */
  remote(name: string): string {
    const { chance } = bound(this.#choose);
    if (!chance(60)) return "";
    return `<node_state id="${name}" uname="${name}" remote_node="true" in_ccm="true" node_fenced="0">
      <lrm id="${name}"><lrm_resources>${chance(50) ? this.#histories(name) : ""}</lrm_resources></lrm></node_state>`;
  }

  #attributes(id: number): string {
    const { chance, pick } = bound(this.#choose);
    const found: string[] = [];
    for (const { id: name, promotable } of this.#primitives) {
      if (promotable && chance(70)) {
        found.push(nvpair(id, `master-${name}`, pick(["1", "5", "10", "100", "-1"])));
      }
      if (!chance(8)) continue;
      found.push(nvpair(id, `fail-count-${name}#monitor_10000`, pick(["1", "2", "3", "INFINITY"])));
      found.push(
        nvpair(id, `last-failure-${name}#monitor_10000`, pick(["1699999970", "1699990000"])),
      );
    }
    if (chance(8)) found.push(nvpair(id, "#health-disk", pick(["red", "yellow", "green"])));
    return found.join("");
  }

  /** Mostly probed; some things run, some of those failed or are half done. */
  #histories(node: string): string {
    const { chance } = bound(this.#choose);
    if (chance(8)) return "";
    const histories = this.#primitives
      .filter(({ id }) => !id.endsWith("in"))
      .filter(({ id }) => !this.#remotes.includes(node) || !this.#remotes.includes(id))
      .map((primitive) => this.#history(primitive, node));
    return [...histories, this.#wide?.removed(node) ?? ""].join("\n");
  }

  #isActive({ id, cloned }: PrimitiveKind): boolean {
    const { chance } = bound(this.#choose);
    const before = this.#active.get(id) ?? 0;
    const active = cloned ? chance(55) : chance(before === 0 ? 45 : 4);
    if (active) this.#active.set(id, before + 1);
    return active;
  }

  #history(primitive: PrimitiveKind, node: string): string {
    const { chance, pick } = bound(this.#choose);
    const { id, promotable, unique } = primitive;
    const remote = this.#remotes.includes(id);
    const active = this.#isActive(primitive);
    const name = unique ? `${id}:${pick([0, 1])}` : id;
    const op = (task: string, interval: number, call: number, rc: number, expected: number) =>
      operation({ name, node, task, interval, call, rc, expected, digest: !chance(5) });
    // As a node keeps them: the last one-shot operation, recurring ones, the last failure.
    const operations: string[] = [];
    const promoted = active && promotable && chance(35);
    if (chance(3)) operations.push(pending(name, node, pick(["start", "monitor", "stop"])));
    else if (!active) operations.push(op("monitor", 0, 1, 7, 7));
    else if (promoted) operations.push(op("promote", 0, 3, 0, 0));
    else operations.push(op("start", 0, 2, 0, 0));
    const expected = promoted ? 8 : 0;
    if (active && chance(85)) {
      operations.push(op("monitor", promoted ? 9_000 : 10_000, 4, expected, expected));
    }
    const fails = active && chance(12);
    if (fails && chance(80)) {
      operations.push(op("monitor", promoted ? 9_000 : 10_000, 5, pick([1, 7, 5, 9]), expected));
    } else if (fails) operations.push(op("stop", 0, 6, 1, 0));
    if (active && !promotable) operations.push(...(this.#wide?.migration(name, node) ?? []));
    const agent = remote ? "remote" : "Stateful";
    return `<lrm_resource id="${name}" class="ocf" provider="pacemaker" type="${agent}">${operations.join("")}</lrm_resource>`;
  }
}

function nvpair(id: number, name: string, value: string): string {
  return `<nvpair id="t${id}-${name.replace(/[^\w-]/g, "_")}" name="${name}" value="${value}"/>`;
}

/** Digests of no parameters, without and with the timeout of 20 s. */
const DIGEST = "f2317cad3d54cec5d7d7aa7d0bf35cf8";
const RECURRING_DIGEST = "4811cef7f7f94e3a35a70be7916cb2fd";

function operation(given: {
  readonly name: string;
  readonly node: string;
  readonly task: string;
  readonly interval: number;
  readonly call: number;
  readonly rc: number;
  readonly expected: number;
  readonly digest: boolean;
}): string {
  const { name, node, task, interval, call, rc, expected } = given;
  const failed = rc !== expected;
  const label = `${name}_${task}_${interval}`;
  const id = failed ? `${name}_last_failure_0` : interval > 0 ? label : `${name}_last_0`;
  const magic = `${call}:1:${expected}:00000000-0000-0000-0000-000000000000`;
  const digest = interval > 0 ? RECURRING_DIGEST : DIGEST;
  const status = failed ? 4 : 0;
  return `<lrm_rsc_op id="${id}" operation_key="${label}" operation="${task}" interval="${interval}"
    call-id="${call}" rc-code="${rc}" op-status="${status}"${given.digest ? ` op-digest="${digest}"` : ""}
    crm_feature_set="3.16.1" on_node="${node}" last-rc-change="${1_699_999_000 + call}"
    transition-key="${magic}" transition-magic="${status}:${rc};${magic}"/>`;
}

/** One more result of a one-shot operation. */
export function recorded(given: {
  readonly name: string;
  readonly node: string;
  readonly task: string;
  readonly status: number;
  readonly rc: number;
  readonly more: string;
}): string {
  const { name, node, task, status, rc, more } = given;
  const key = "7:1:0:00000000-0000-0000-0000-000000000000";
  return `<lrm_rsc_op id="${name}_${task}_0" operation_key="${name}_${task}_0" operation="${task}"
    interval="0" call-id="${rc === 193 ? -1 : 7}" rc-code="${rc}" op-status="${status}" op-digest="${DIGEST}"
    crm_feature_set="3.16.1" on_node="${node}" last-rc-change="1699999007" ${more}
    transition-key="${key}" transition-magic="${status}:${rc};${key}"/>`;
}

/** Asked for, and no answer yet. */
function pending(name: string, node: string, task: string): string {
  const key = "9:1:0:00000000-0000-0000-0000-000000000000";
  return `<lrm_rsc_op id="${name}_last_0" operation_key="${name}_${task}_0" operation="${task}"
    interval="0" call-id="-1" rc-code="193" op-status="-1" crm_feature_set="3.16.1"
    on_node="${node}" last-rc-change="1699999990" transition-key="${key}" transition-magic="-1:193;${key}"/>`;
}
