import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cibText, member } from "../interop/cib-text.ts";
import { history, options } from "../policy/unpack/unpacked.ts";
import { paceline } from "./fake-daemon.ts";

/** Two nodes and a remote one, a ticket, and a name that looks like an operation. */
const CIB = cibText({
  options: options({ "fencing-enabled": "false", "placement-strategy": "utilization" }),
  resources: `<primitive id="web" class="ocf" provider="heartbeat" type="Dummy">
      <utilization id="u"><nvpair id="uc" name="cpu" value="2"/></utilization></primitive>
    <primitive id="vm_a" class="ocf" provider="heartbeat" type="Dummy"/>
    <primitive id="far" class="ocf" provider="pacemaker" type="remote"/>`,
  nodes: [1, 2]
    .map(
      (i) => `<node id="${i}" uname="node${i}"><utilization id="n${i}">
        <nvpair id="c${i}" name="cpu" value="8"/></utilization></node>`,
    )
    .join(""),
  constraints: `<rsc_ticket id="k" ticket="site-a" rsc="vm_a"/>
    <rsc_location id="l" rsc="vm_a" node="node1" score="50"/>
    <rsc_location id="w" rsc="web" node="node1" score="50"/>`,
  status: member(1, history(["start"])) + member(2),
});

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "paceline-what-if-"));
  writeFileSync(join(folder, "cib.xml"), CIB);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** No daemon is there: a simulation needs none. */
const run = (command: string, ...flags: string[]) =>
  paceline(folder, [...command.split(" "), "--cib", join(folder, "cib.xml"), ...flags]);

describe("what if", () => {
  test.each<[flags: string[], outcome: RegExp]>([
    [["--node-fail", "node1"], /web +Stopped +→ +Started on node2/],
    [["--node-fail", "node1", "--node-up", "node1"], /^ {2}node1 +online$/m],
    [["--standby", "node1"], /web +Started on node1 +→ +Started on node2/],
    [["--quorum", "no"], /web +Started on node1 +→ +Stopped/],
    [["--ticket", "site-a=granted"], /vm_a +Stopped +→ +Started on node1/],
    [["--ticket", "site-a=granted", "--ticket", "site-a=standby"], /^(?![\s\S]*vm_a +Stopped +→)/],
    [["--op-fail", "web_monitor_10000@node1=7"], /recover +web +node1/],
    [["--op-fail", "web_monitor_0@node2=0"], /web +Started +node1, node2/],
    [["--op-fail", "vm_a_migrate_to_0@node1=1"], /vm_a +Started +node1 +failed/],
    [["--utilization", "node1:cpu=1"], /move +web +node1 → node2/],
  ])("%j", async (flags, outcome) => {
    const { exit, out, err } = await run("simulate", ...flags);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toMatch(outcome);
  });

  test.each<[flags: string[], outcome: RegExp]>([
    [[], /^ {2}web +Started on node1 +→ +Stopped$/m],
    [["--quorum", "yes"], /^(?![\s\S]*web +Started on node1 +→)/],
    [["--quorum", "yes", "--at", "2026-11-21T11:59:59Z"], /^(?![\s\S]*web +Started on node1 +→)/],
    [["--quorum", "yes", "--at", "2026-11-21T12:00:01Z"], /move +web +node1 → node2/],
  ])("%j, where quorum is lost and a rule begins later", async (flags, outcome) => {
    const file = join(folder, "lost.xml");
    const rule = `<rule id="r" score="-INFINITY">
      <expression id="e" attribute="#uname" operation="eq" value="node1"/>
      <date_expression id="d" operation="gt" start="2026-11-21T12:00:00Z"/></rule>`;
    const later = `<rsc_location id="later" rsc="web">${rule}</rsc_location></constraints>`;
    const lost = CIB.replace("</constraints>", later).replace('have-quorum="1"', 'have-quorum="0"');
    writeFileSync(file, lost.replace("<cib ", '<cib execution-date="1700000000" '));
    const { exit, out, err } = await paceline(folder, ["simulate", "--cib", file, ...flags]);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toMatch(outcome);
  });

  test.each<[flag: string, value: string, message: string, hint: string]>([
    ["--at", "someday", '"someday" is no time', "an ISO 8601 date: 2026-11-21"],
    ["--node-fail", "nod1", "there is no node nod1", "did you mean node1?"],
    ["--node-up", "other", "there is no node other", "known here: far, node1, node2"],
    ["--standby", "other", "there is no node other", "known here: far, node1, node2"],
    ["--node-fail", "far", "far is a remote node", "let an operation of that resource fail"],
    ["--quorum", "maybe", "--quorum maybe is neither", "yes or no"],
    ["--ticket", "t=lost", "--ticket t=lost is no state", "TICKET=granted|revoked|standby|active"],
    ["--ticket", "t", "--ticket t is no state", "TICKET=granted|revoked|standby|active"],
    ["--ticket", "site=granted", "nothing depends on a ticket site", "did you mean site-a?"],
    ["--op-fail", "web", "--op-fail web is no operation", "as in web_monitor_10000@node1=7"],
    ["--op-fail", "web_strat_0@node1", "strat is no operation", "did you mean start?"],
    ["--op-fail", "wbe_start_0@node1", "there is no resource wbe", "did you mean web?"],
    ["--op-fail", "web_start_0@other", "there is no node other", "known here: far, node1, node2"],
    ["--op-fail", "web_start_0@node1=256", "256 is no exit code", "0 to 255"],
    ["--utilization", "cpu=4", "--utilization cpu=4 is no capacity", "as in node1:cpu=8"],
    ["--utilization", "node1:cpu=much", "is no capacity of a node", "as in node1:cpu=8"],
    ["--utilization", "other:cpu=4", "there is no node other", "known here: far, node1, node2"],
  ])("%s %s is refused with advice", async (flag, value, message, hint) => {
    const { exit, out, err } = await run("simulate", flag, value);
    expect(exit).not.toBe(0);
    expect(out).toBe("");
    expect(err).toContain(message);
    expect(err).toContain(hint);
  });
});

test("a CIB that cannot be read is told with line and column", async () => {
  const bad = join(folder, "bad.xml");
  writeFileSync(bad, "<cib>\n  <configuration");
  const { exit, err } = await paceline(folder, ["simulate", "--cib", bad]);
  expect(exit).toBe(5);
  expect(err).toContain("line 2, column 3: tag <configuration is never closed");
});

describe("paceline explain of a simulation", () => {
  test("says why it is to go there, and what that waits for", async () => {
    const { exit, out } = await run("explain web", "--standby", "node1");
    expect(exit).toBe(0);
    expect(out).toContain("web: Started on node1 now, Started on node2 then");
    expect(out).toContain("it goes to node2: no other node may run it");
    expect(out).toContain("start of web on node2 (it comes from node1) waits for stop of web");
  });

  test("with a node, why not there", async () => {
    const { out } = await run("explain web node2");
    expect(out).toMatch(/not on node2: it scores 0 there and .* on node1/);
    expect(out).not.toMatch(/^ {2}node1/m);
  });

  test.each([
    ["explain wob", "there is no resource wob", "did you mean web?"],
    ["explain web node7", "there is no node node7", "did you mean node1?"],
  ])("%s is refused with advice", async (command, message, hint) => {
    const { exit, err } = await run(command);
    expect(exit).toBe(1);
    expect(err).toContain(message);
    expect(err).toContain(hint);
  });

  test("the live cluster is not changed on paper", async () => {
    const { exit, err } = await paceline(folder, "explain web --standby node1");
    expect(exit).toBe(2);
    expect(err).toContain("what-if flags go with --cib FILE");
  });
});
