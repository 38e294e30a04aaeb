import { describe, expect, test } from "vitest";
import { writeDefinition } from "../../src/config/definition-writer.ts";
import { importAlerts } from "../../src/config/imported-alerts.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { readCib } from "../../src/interop/cib-reader.ts";
import { block, cibText } from "./cib-text.ts";

/** Reads the alerts of a CIB, writes our definition for them, and loads that as a daemon does. */
function imported(alerts: string) {
  const cib = readCib(cibText({ more: `<alerts>${alerts}</alerts>` }));
  expect(cib.diagnostics).toEqual([]);
  const { alerts: found, remarks } = importAlerts(cib.alerts!);
  const written = writeDefinition({ cluster: "c", policy: cib.definition!, alerts: found });
  const { definition, diagnostics } = loadDefinition(written, { simulation: true });
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(definition!.alerts).toEqual(found);
  const plain = found.map(({ name, command, options }) => [
    name,
    command,
    Object.fromEntries(options),
  ]);
  return { alerts: plain, remarks };
}

describe("an alert of a CIB", () => {
  test("tells the same recipients of the same things, with the same options", () => {
    const { alerts, remarks } = imported(`<alert id="mail" path="/usr/local/bin/tell">
      ${block("meta_attributes", "m", { timeout: "15s", "timestamp-format": "%H:%M" })}
      ${block("instance_attributes", "i", { from: "ops at home" })}
      <select><select_nodes/><select_fencing/><select_attributes>
        <attribute id="s1" name="standby"/><attribute id="s2" name="pingd"/>
      </select_attributes></select>
      <recipient id="r1" value="a@example.org"/><recipient id="r2" value="b@example.org"/></alert>`);
    expect(remarks).toEqual([]);
    expect(alerts).toEqual([
      [
        "mail",
        "/usr/local/bin/tell",
        {
          select: "nodes fencing attributes",
          attributes: "standby pingd",
          recipients: "a@example.org b@example.org",
          timeout: "15s",
          "timestamp-format": "%H:%M",
          "env.from": "ops at home",
        },
      ],
    ]);
  });

  test("without recipients and selection says only what to run, quoted for a shell", () => {
    const { alerts } = imported(`<alert id="log" path="/opt/it's here/log"><select/></alert>`);
    expect(alerts).toEqual([["log", `'/opt/it'\\''s here/log'`, {}]]);
  });

  test("is one more for each recipient that has options of its own, which go before", () => {
    const own = block("meta_attributes", "m2", { timeout: "5s" });
    const env = block("instance_attributes", "i2", { to: "him" });
    const { alerts } = imported(`<alert id="a" path="/x">
      ${block("meta_attributes", "m", { timeout: "15s" })}
      ${block("instance_attributes", "i", { to: "all", from: "me" })}
      <recipient id="r1" value="one"/><recipient id="r2" value="two">${own}${env}</recipient></alert>`);
    expect(alerts).toEqual([
      ["a", "/x", { recipients: "one", timeout: "15s", "env.to": "all", "env.from": "me" }],
      ["a-r2", "/x", { recipients: "two", timeout: "5s", "env.to": "him", "env.from": "me" }],
    ]);
  });

  test("of several sets takes the one with the highest score first", () => {
    const low = block("meta_attributes", "m1", { timeout: "1s" });
    const high = block("meta_attributes", "m2", { timeout: "2s" });
    const scored = high.replace('id="m2"', 'id="m2" score="5"');
    const { alerts } = imported(`<alert id="a" path="/x">${low}${scored}</alert>`);
    expect(alerts).toEqual([["a", "/x", { timeout: "2s" }]]);
  });

  test("leaves out what has no place here, and says so", () => {
    const off = block("meta_attributes", "off", { enabled: "false" });
    const rule = `<rule id="r" score="0"><date_expression id="d" operation="gt" start="2030-01-01"/></rule>`;
    const ruled = block("meta_attributes", "ruled", { timeout: "9s" }).replace(">", `>${rule}`);
    const { alerts, remarks } = imported(`<alert id="a" path="/x">${off}</alert>
      <alert id="b" path="/x">${ruled}${block("meta_attributes", "m", { colour: "red" })}
        <recipient id="r1" value="one"/><recipient id="r2" value="two words"/>
        <recipient id="r3" value="three">${off.replaceAll("off", "of3")}</recipient></alert>
      <alert id="c" path="/x"><recipient id="r4" value="two words"/></alert>`);
    expect(alerts).toEqual([["b", "/x", { recipients: "one" }]]);
    expect(remarks).toEqual([
      "- alert a is left out: it is not enabled",
      "- colour of alert b is left out: alerts have no such option",
      "- ruled of alert b is left out: alerts have no rules here",
      "- recipient r2 of alert b is left out: it has spaces in it",
      "- recipient r3 of alert b is left out: it is not enabled",
      "- recipient r4 of alert c is left out: it has spaces in it",
    ]);
  });
});
