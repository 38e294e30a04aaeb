import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAgent, listAgents, readMetaData } from "../../src/io/agent-catalog.ts";
import { OWN_AGENT_DIR } from "../../src/io/agent-lookup.ts";
import { parseMetaData } from "../../src/lrm/ocf-metadata.ts";

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-catalog-"));
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

function agent(type: string, body: string, mode = 0o755): void {
  writeFileSync(join(dir, type), body);
  chmodSync(join(dir, type), mode);
}

test("our own agents are listed, helpers and what is not executable are not", () => {
  agent("one", "#!/bin/sh\n");
  agent("two.sh", "#!/bin/sh\n");
  agent("three", "#!/bin/sh\n", 0o644);
  const agents = listAgents({ agentDirs: [dir, OWN_AGENT_DIR, "/nowhere"], ocfRoot: "/nowhere" });
  expect(agents.map((each) => `${each.provider}:${each.type}`)).toEqual([
    "paceline:dummy",
    "paceline:one",
    "paceline:service",
    "paceline:stateful",
    "paceline:vip",
  ]);
});

test("an agent is found by its name, or it is said why not", () => {
  const vip = { class: "ocf", provider: "paceline", type: "vip" };
  expect(findAgent(vip)).toBe(`${OWN_AGENT_DIR}/vip`);
  expect(String(findAgent({ ...vip, type: "vipp" }))).toMatch(/ocf:paceline:vipp is not installed/);
});

describe("the meta-data of our agents is complete", () => {
  const agents = ["dummy", "service", "stateful", "vip"];
  test.each(agents)("%s", async (type) => {
    const answer = await readMetaData({ class: "ocf", provider: "paceline", type });
    const result = parseMetaData("xml" in answer ? answer.xml : answer.error);
    if (!result.ok) throw new Error(result.error);
    const { metaData } = result;
    expect(metaData).toMatchObject({ name: type, version: "1.0" });
    expect(metaData.longdesc).not.toBe("");
    expect(metaData.shortdesc).not.toBe("");
    for (const parameter of metaData.parameters) {
      expect(parameter.longdesc, parameter.name).not.toBe("");
      expect(parameter.shortdesc, parameter.name).not.toBe("");
      expect(["string", "integer", "boolean", "select"]).toContain(parameter.type);
      if (!parameter.required) expect(parameter.defaultValue, parameter.name).toBeDefined();
    }
    const actions = metaData.actions.map((each) => each.name);
    for (const name of ["start", "stop", "monitor", "meta-data", "validate-all"]) {
      expect(actions).toContain(name);
    }
    for (const action of metaData.actions) expect(action.timeout).toMatch(/^\d+s$/);
  });
});

describe("agents that don't give their meta-data", () => {
  test.each([
    ["fails", "#!/bin/sh\necho broken >&2\nexit 1\n", /broken/],
    ["fails silently", "#!/bin/sh\nexit 3\n", /exit code 3/],
  ])("%s", async (_, body, expected) => {
    agent("bad", body);
    const name = { class: "ocf", provider: "paceline", type: "bad" };
    const answer = await readMetaData(name, { agentDirs: [dir] });
    expect("error" in answer ? answer.error : "").toMatch(expected);
  });
});

const IPADDR2 = "/usr/lib/ocf/resource.d/heartbeat/IPaddr2";

test.skipIf(!existsSync(IPADDR2))("an agent of the resource-agents tree is read", async () => {
  const answer = await readMetaData({ class: "ocf", provider: "heartbeat", type: "IPaddr2" });
  const result = parseMetaData("xml" in answer ? answer.xml : answer.error);
  if (!result.ok) throw new Error(result.error);
  expect(result.metaData.parameters.map((each) => each.name)).toContain("cidr_netmask");
});
