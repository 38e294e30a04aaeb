import { describe, expect, test } from "vitest";
import { parseMetaData } from "../../src/lrm/ocf-metadata.ts";

const GOOD = `<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="web" version="1.4">
<version>1.1</version>
<longdesc lang="en">
Serves &amp; runs.
</longdesc>
<shortdesc lang="en">Web</shortdesc>
<parameters>
<parameter name="port" unique="1" required="1"><shortdesc lang="en">Port</shortdesc>
<content type="integer" default="80"/></parameter>
<parameter name="mode" reloadable="1"><content type="string"/></parameter>
</parameters>
<actions>
<action name="start" timeout="20s"/>
<action name="monitor" timeout="20" interval="10" role="Promoted" depth="0"/>
</actions>
</resource-agent>
`;

test("meta-data is read", () => {
  const result = parseMetaData(GOOD);
  expect(result).toMatchObject({
    ok: true,
    metaData: {
      name: "web",
      version: "1.4",
      longdesc: "Serves & runs.",
      parameters: [
        { name: "port", unique: true, required: true, type: "integer", defaultValue: "80" },
        { name: "mode", unique: false, required: false, reloadable: true },
      ],
      actions: [
        { name: "start", timeout: "20s" },
        { name: "monitor", timeout: "20", interval: "10", role: "Promoted", depth: "0" },
      ],
    },
  });
});

test("noise around the document does no harm", () => {
  const result = parseMetaData(`warning: no such thing\n${GOOD}bye\n`);
  expect(result.ok).toBe(true);
});

describe("what is no meta-data is refused with a reason", () => {
  test.each([
    ["nothing", ""],
    ["an error message", "sh: not found"],
    ["cut in half", GOOD.slice(0, 400)],
    ["wrong nesting", GOOD.replace("</parameters>", "")],
    ["noise", `<resource-agent \u0000\u0001<<<>>></resource-agent>`],
    ["too much", `<resource-agent>${"x".repeat(600_000)}</resource-agent>`],
  ])("%s", (_, text) => {
    const result = parseMetaData(text);
    expect(result.ok).toBe(false);
    expect(result.ok ? "" : result.error).not.toBe("");
  });

  test("entities that would grow are not expanded", () => {
    const bomb = GOOD.replace(
      "<!DOCTYPE",
      '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><!DOCTYPE',
    ).replace("Serves", "&b;");
    const result = parseMetaData(bomb);
    expect(JSON.stringify(result)).not.toContain("aaaaaaaaaa");
  });
});

test("thousands of parameters are cut off", () => {
  const many = '<parameter name="p"><content type="string"/></parameter>'.repeat(5000);
  const result = parseMetaData(GOOD.replace("<parameters>", `<parameters>${many}`));
  expect(result.ok && result.metaData.parameters.length).toBe(1000);
});
