import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { writeDefinition } from "../../src/config/definition-writer.ts";
import { importDevices } from "../../src/config/imported-devices.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { levelsFor } from "../../src/fencing/device-use.ts";
import { readCib } from "../../src/interop/cib-reader.ts";
import type { Definition } from "../../src/model/definition.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { block, cibText } from "./cib-text.ts";

/** Reads a CIB, writes our definition for it, and loads that as a daemon does. */
function imported(resources: string, more = "", constraints = "") {
  const { definition } = readCib(cibText({ resources, more, constraints }));
  const { policy, devices, remarks } = importDevices(definition!);
  const nodes = ["node1", "node2"].map((name, i) => {
    return { name, addresses: [`10.0.0.${i + 1}`], votes: 1, role: "full" } as const;
  });
  const loaded = loadDefinition(writeDefinition({ cluster: "shop", policy, devices, nodes }));
  const errors = loaded.diagnostics.filter(({ severity }) => severity === "error");
  return { definition: loaded.definition as Definition, remarks, errors };
}

function stonith(
  id: string,
  type: string,
  params: Readonly<Record<string, string>>,
  more = "",
): string {
  const values = block("instance_attributes", `${id}-params`, params);
  return `<primitive id="${id}" class="stonith" type="${type}">${values}${more}</primitive>`;
}

describe("a fencing device of a CIB", () => {
  test("fences the same nodes with the same parameters, checked as often", () => {
    const params = {
      ip: "10.9.0.1",
      username: "admin",
      password: "x",
      pcmk_host_list: "node1, node2",
      pcmk_delay_base: "5s",
      pcmk_reboot_action: "off",
      pcmk_reboot_timeout: "120s",
      pcmk_off_retries: "3",
    };
    const check = `<operations><op id="c" name="monitor" interval="60s"/></operations>`;
    const { definition, remarks, errors } = imported(
      stonith("bmc", "fence_ipmilan", params, check),
    );
    expect(errors).toEqual([]);
    expect(definition.policy.resources).toEqual([]);
    expect(remarks).toEqual([
      "- install on every node that may fence: fence_ipmilan",
      "- devices are no resources here: among nodes that score the same, the choice may differ",
    ]);
    expect(definition.fencing.devices).toEqual([
      {
        name: "bmc",
        agent: "fence_ipmilan",
        targets: ["node1", "node2"],
        params: new Map([
          ["ip", "10.9.0.1"],
          ["username", "admin"],
          ["password", "x"],
        ]),
        options: new Map([
          ["delay-base", "5s"],
          ["action", "off"],
          ["reboot-timeout", "120s"],
          ["retries", "3"],
          ["check-interval", "60s"],
        ]),
      },
    ]);
  });

  test("in a clone and by a template, with a plug for each node", () => {
    const template = `<template id="apc" class="stonith" type="fence_apc">${block("instance_attributes", "apc-params", { ip: "10.9.0.9", pcmk_host_map: "node1:1;node2:2,3" })}</template>`;
    const clone = `${template}<clone id="all"><primitive id="strip" template="apc"/></clone>`;
    const { definition, errors } = imported(clone);
    expect(errors).toEqual([]);
    const plugs = ["node1", "node2"].map((node) =>
      levelsFor(definition.fencing, node).flatMap((level) => level.map(({ plug }) => plug)),
    );
    expect(plugs).toEqual([["1"], ["2,3"]]);
    expect(definition.policy.templates).toEqual([]);
  });

  test("takes what said where it runs with it, and leaves the rest", () => {
    const web = `<primitive id="web" class="ocf" provider="heartbeat" type="Dummy"/>`;
    const device = stonith("bmc", "fence_x", { pcmk_host_list: "node1" });
    const constraints = `<rsc_location id="l1" rsc="bmc" node="node1" score="-INFINITY"/>
      <rsc_location id="l2" rsc="web" node="node1" score="7"/>
      <rsc_order id="o1" first="bmc" then="web"/>`;
    const group = `<group id="g">${device}${web}</group>`;
    const { definition, errors } = imported(group, "", constraints);
    expect(errors).toEqual([]);
    expect(definition.policy.constraints).toMatchObject([{ kind: "location", resource: "web" }]);
    expect(definition.policy.resources).toMatchObject([{ id: "g", members: [{ id: "web" }] }]);
  });

  test.each([
    ["external/ipmi", {}, "", "stonith:external/ipmi is no fence agent"],
    ["fence_watchdog", {}, "", "stonith:fence_watchdog is no fence agent"],
    ["fence_x", {}, block("meta_attributes", "m", { "target-role": "Stopped" }), "Stopped"],
  ])("stays a resource where nothing of ours is the same: %s", (type, params, meta, why) => {
    const { remarks, errors } = imported(stonith("old", type, params, meta));
    expect(remarks).toEqual([expect.stringContaining("- see to the fencing device old by hand: ")]);
    expect(remarks[0]).toContain(why);
    expect(errors.length).toBeGreaterThan(0);
  });

  test("what has no place is told", () => {
    const params = {
      pcmk_host_list: "node1 gone",
      pcmk_delay_base: "node1:5s;node2:0",
      pcmk_monitor_retries: "4",
      pcmk_off_retries: "2",
      pcmk_on_retries: "9",
    };
    const { definition, remarks } = imported(stonith("bmc", "fence_x", params));
    expect(definition.fencing.devices[0]?.options).toEqual(new Map([["retries", "2"]]));
    expect(remarks.slice(2)).toEqual([
      "- gone of bmc is left out: the CIB has no such node",
      expect.stringContaining("- pcmk_delay_base of bmc is left out: "),
      expect.stringContaining("- pcmk_monitor_retries of bmc is left out: a check that failed"),
      "- pcmk_on_retries of bmc is left out: retries is 2 for all actions",
    ]);
  });

  test("a level for several nodes is left out for those that its device is not for", () => {
    const devices =
      stonith("one", "fence_x", { pcmk_host_list: "node1" }) +
      stonith("both", "fence_x", { pcmk_host_list: "node1 node2" });
    const level = (index: number, names: string) =>
      `<fencing-level id="f${index}" target-pattern="^node[[:digit:]]$" index="${index}" devices="${names}"/>`;
    const topology = `<fencing-topology>${level(1, "one")}${level(2, "both")}</fencing-topology>`;
    const { definition, errors } = imported(devices, topology);
    expect(errors).toEqual([]);
    expect(definition.fencing.topology).toEqual(
      new Map([
        ["node1", [["one"], ["both"]]],
        ["node2", [["both"]]],
      ]),
    );
  });
});

const XML = resolve(import.meta.dirname, "../../../shared/cts/xml");
const CASES = existsSync(XML) ? readdirSync(XML).filter((name) => name.endsWith(".xml")) : [];
/** Nothing runs there but the device itself, which is no reason to fence any more. */
const ONLY_THE_DEVICE = "suicide-needed-inquorate.xml";

/** Whose power is cut. Letting in (`on`) is not the plan's where devices are no resources. */
function cuts(planned: Plan): string[] {
  const fencings = planned.actions.filter(({ kind }) => kind === "fence");
  const off = fencings.filter(({ operation }) => operation !== "on");
  return off.map(({ node, operation }) => `${operation} ${node}`).sort();
}

function reloaded(policy: PolicyDefinition, devices: Definition["fencing"]["devices"]) {
  const text = writeDefinition({ cluster: "imported", policy, devices });
  const { definition, diagnostics } = loadDefinition(text, { simulation: true });
  expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
  return definition!.policy;
}

describe.skipIf(CASES.length === 0)("with devices in place of resources", () => {
  test("the same nodes are fenced in every case", { timeout: 120_000 }, () => {
    let count = 0;
    for (const name of CASES) {
      const { definition, status, executionDate } = readCib(readFileSync(join(XML, name), "utf8"));
      const { policy, devices } = importDevices(definition!);
      if (devices.length === 0 || name === ONLY_THE_DEVICE) continue;
      count++;
      const now = executionDate ?? 1_800_000_000_000;
      const [before, after] = [definition!, reloaded(policy, devices)].map((each) =>
        cuts(plan(each, status!, now)),
      );
      expect(after, name).toEqual(before);
    }
    expect(count).toBeGreaterThan(100);
  });
});
