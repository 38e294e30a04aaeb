import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/policy/unpack/digests.ts";
import { ROLE } from "../../../src/policy/working-set.ts";
import { block, member } from "../../interop/cib-text.ts";
import { history, NOW, options, state, unpacked } from "./unpacked.ts";

const DUMMY = `class="ocf" provider="heartbeat" type="Dummy"`;
const NO_FENCING = options({ "fencing-enabled": "false" });

/** `web` with the given history on node1 (and node2), without fencing unless said. */
function web(
  operations: readonly string[],
  more: {
    meta?: Record<string, string>;
    ops?: string;
    attributes?: string;
    fencing?: boolean;
  } = {},
  second: readonly string[] = [],
) {
  const device = more.fencing ? `<primitive id="f" class="stonith" type="fence_x"/>` : "";
  const elsewhere = second.map((text) => `${text} on=node2`);
  return unpacked({
    options: more.fencing ? options({ "fencing-enabled": "true" }) : NO_FENCING,
    resources: `${device}<primitive id="web" ${DUMMY}>${block("meta_attributes", "m", more.meta ?? {})}
      <operations>${more.ops ?? ""}</operations></primitive>`,
    status:
      member(1, history(operations), more.attributes ?? "") +
      member(2, second.length === 0 ? "" : history(elsewhere)),
  });
}

describe("the role of a resource after its history", () => {
  test.each([
    [["monitor"], "stopped"],
    [["monitor rc=0"], "started node1"],
    [["monitor", "start"], "started node1"],
    [["start", "stop"], "stopped"],
    [["start", "monitor/10000"], "started node1"],
    [["start", "monitor/10000 rc=7"], "started node1 failed"],
    [["start", "monitor/10000 rc=1"], "started node1 failed"],
    [["start", "monitor/10000 rc=190"], "started node1"],
    [["start rc=1"], "started node1 failed"],
    [["start rc=1", "stop"], "stopped"],
    [["stop rc=1"], "started node1 failed blocked unmanaged"],
    [["start", "stop rc=5"], "started node1 failed blocked unmanaged"],
    [["monitor rc=5"], "stopped"],
    [["monitor rc=2"], "stopped"],
    [["monitor rc=1"], "started node1 failed"],
    [["start status=-1 rc=193"], "started node1 starting"],
    [["monitor", "notify"], "stopped"],
    [["start", "monitor/10000 status=1"], "started node1"],
    [["start", "monitor/10000 rc=999"], "started node1"],
  ])("%j: %s", (operations, expected) => {
    expect(state(web(operations).resourceById.get("web"))).toBe(expected);
  });

  test("call ids order the results, not their place", () => {
    const ws = unpacked({
      options: NO_FENCING,
      resources: `<primitive id="web" ${DUMMY}/>`,
      status: member(1, history(["stop", "start"]).replace('call-id="1"', 'call-id="9"')),
    });
    expect(state(ws.resourceById.get("web"))).toBe("stopped");
  });

  test("old records that do not say where they were made are ordered by call ids too", () => {
    const ws = unpacked({
      options: NO_FENCING,
      resources: `<primitive id="web" ${DUMMY}/>`,
      status: member(1, history(["start", "stop"]).replace('on_node="node1"', "")),
    });
    expect(state(ws.resourceById.get("web"))).toBe("stopped");
  });

  test("a failed stop wants fencing where that is possible", () => {
    const ws = web(["start", "stop rc=1"], { fencing: true });
    expect(ws.nodeByName.get("node1")).toMatchObject({
      unclean: true,
      fenceReason: "web failed there",
    });
    expect(ws.resourceById.get("web")?.blocked).toBe(false);
  });

  test.each([
    ["ignore", "started node1 ignored", false],
    ["block", "started node1 failed blocked unmanaged", false],
    ["standby", "started node1 failed", true],
    ["restart", "started node1 failed", false],
    ["nonsense", "started node1 failed", false],
  ])("on-fail=%s", (onFail, expected, standby) => {
    const ops = `<op id="o" name="monitor" interval="10s" on-fail="${onFail}"/>`;
    const ws = web(["start", "monitor/10000 rc=1"], { ops });
    expect(state(ws.resourceById.get("web"))).toBe(expected);
    expect(ws.nodeByName.get("node1")?.standby).toBe(standby);
  });

  test("on-fail=stop wants it stopped and bans it everywhere", () => {
    const ops = `<op id="o" name="monitor" interval="10s" on-fail="stop"/>`;
    const resource = web(["start", "monitor/10000 rc=1"], { ops }).resourceById.get("web")!;
    expect(resource.nextRole).toBe(ROLE.stopped);
    expect([...resource.allowed.scores]).toEqual([-1_000_000, -1_000_000]);
  });

  test.each([
    [["start rc=5"], [-1_000_000, 0]],
    [["start rc=6"], [-1_000_000, -1_000_000]],
    [["start rc=1"], [0, 0]],
    [["monitor rc=5"], [-1_000_000, 0]],
  ])("hard errors ban: %j", (operations, scores) => {
    expect([...web(operations).resourceById.get("web")!.allowed.scores]).toEqual(scores);
  });
});

describe("failures that grow old", () => {
  const failure = (seconds: number) => `start rc=1 at=${NOW - seconds} id=web_last_failure_0`;
  const counted = (seconds: number) =>
    `<nvpair id="f" name="fail-count-web#start_0" value="2"/>
     <nvpair id="l" name="last-failure-web#start_0" value="${NOW - seconds}"/>`;

  test("an expired failure is passed over and its count is to be cleared", () => {
    const meta = { "failure-timeout": "60s" };
    const ws = web(["monitor", failure(100)], { meta, attributes: counted(100) });
    expect(state(ws.resourceById.get("web"))).toBe("stopped");
    expect(ws.failcountClears.map((each) => each.reason)).toEqual(["it expired"]);
  });

  test("one that is still fresh counts, and says when to look again", () => {
    const meta = { "failure-timeout": "60s" };
    const ws = web(["monitor", failure(30)], { meta, attributes: counted(30) });
    expect(state(ws.resourceById.get("web"))).toBe("started node1 failed");
    expect(ws.failcountClears).toEqual([]);
    expect(ws.recheckAt).toBe(NOW + 31);
  });

  test("failcounts add up over operations, numbers of anonymous instances do not matter", () => {
    const attributes = `<nvpair id="a" name="fail-count-web#start_0" value="2"/>
      <nvpair id="b" name="fail-count-web:3#monitor_10000" value="3"/>
      <nvpair id="c" name="fail-count-website#start_0" value="9"/>
      <nvpair id="d" name="last-failure-web#start_0" value="77"/>`;
    const ws = unpacked({
      options: NO_FENCING,
      resources: `<clone id="c"><primitive id="web" ${DUMMY}/></clone>`,
      status: member(1, "", attributes) + member(2),
    });
    const node = ws.nodeByName.get("node1")!;
    const { count, lastFailure } = ws.services.failcount(ws.resourceById.get("web:0")!, node);
    expect({ count, lastFailure }).toEqual({ count: 5, lastFailure: 77 });
  });
});

describe("instances of clones", () => {
  const clone = (meta: Record<string, string>) =>
    `<clone id="c">${block("meta_attributes", "cm", meta)}<primitive id="web" ${DUMMY}/></clone>`;

  function places(ws: ReturnType<typeof unpacked>): string[] {
    return [...ws.resourceById.values()]
      .filter((each) => each.baseId === "web")
      .map((each) => `${each.id} ${state(each)}`);
  }

  test("anonymous histories go to instances in turn", () => {
    const status = member(1, history(["start"])) + member(2, history(["start on=node2"]));
    const ws = unpacked({ options: NO_FENCING, resources: clone({}), status });
    expect(places(ws)).toEqual(["web:0 started node1", "web:1 started node2"]);
  });

  test("beyond clone-max they are orphans", () => {
    const status = member(1, history(["start"])) + member(2, history(["start on=node2"]));
    const ws = unpacked({ options: NO_FENCING, resources: clone({ "clone-max": "1" }), status });
    expect(places(ws)).toEqual(["web:0 started node1", "web:1 started node2 orphan"]);
  });

  test("unique instances keep their number", () => {
    const resources = clone({ "globally-unique": "true", "clone-max": "3" });
    const status = member(1, history(["start"], "web:2")) + member(2);
    const ws = unpacked({ options: NO_FENCING, resources, status });
    expect(places(ws)).toEqual(["web:0 stopped", "web:1 stopped", "web:2 started node1"]);
  });

  test("promotable instances are at least unpromoted", () => {
    const status =
      member(1, history(["monitor rc=8"])) + member(2, history(["monitor rc=0 on=node2"]));
    const resources = clone({ promotable: "true" });
    expect(places(unpacked({ options: NO_FENCING, resources, status }))).toEqual([
      "web:0 promoted node1",
      "web:1 unpromoted node2",
    ]);
  });
});

test("what the definition no longer has is an orphan, or left alone if that is wanted", () => {
  const status = member(1, history(["start"]));
  const stopped = unpacked({ options: NO_FENCING, status });
  expect(state(stopped.resourceById.get("web"))).toBe("started node1 orphan");
  const keep = options({ "fencing-enabled": "false", "stop-orphan-resources": "false" });
  expect(state(unpacked({ options: keep, status }).resourceById.get("web"))).toBe(
    "started node1 unmanaged orphan",
  );
});

describe("live migration", () => {
  const meta = { "allow-migrate": "true" };
  const to = "migrate_to source=node1 target=node2";
  const from = "migrate_from source=node1 target=node2";

  test.each([
    ["not begun at the target", ["start", to], ["monitor"], "started node1+node2"],
    ["only the stop is missing", ["start", to], ["monitor", from], "started node2"],
    ["complete", ["start", to, "stop"], ["monitor", from], "started node2"],
    [
      "failed at the target",
      ["start", to],
      ["monitor", `${from} rc=1`],
      "started node1+node2 failed",
    ],
    ["failed at the source", ["start", `${to} rc=1`], ["monitor"], "started node1+node2 failed"],
  ])("%s", (_name, source, target, expected) => {
    const resource = web(source, { meta }, target).resourceById.get("web")!;
    const nodes = [...resource.runningOn]
      .map((node) => node.name)
      .sort()
      .join("+");
    expect(`${state({ ...resource, runningOn: [] } as never)}`.split(" ")[0]).toBe(
      expected.split(" ")[0],
    );
    expect(nodes).toBe(expected.split(" ")[1]);
    expect(resource.failed).toBe(expected.includes("failed"));
  });

  test("half-done it may go on", () => {
    const resource = web(["start", to], { meta }, ["monitor"]).resourceById.get("web")!;
    expect(resource.partialMigrationTarget?.name).toBe("node2");
  });
});

describe("digests", () => {
  test("are Pacemaker's, bit for bit", () => {
    expect(digestOf(new Map())).toBe("f2317cad3d54cec5d7d7aa7d0bf35cf8");
    expect(digestOf(new Map([["CRM_meta_timeout", "20000"]]))).toBe(
      "4811cef7f7f94e3a35a70be7916cb2fd",
    );
  });

  test.each([
    ["start", "f2317cad3d54cec5d7d7aa7d0bf35cf8", "match"],
    ["start", "0123", "changed"],
    ["monitor/10000", "4811cef7f7f94e3a35a70be7916cb2fd", "match"],
  ])("%s recorded with %s: %s", (operation, digest, verdict) => {
    const ws = web([`${operation} digest=${digest}`]);
    const resource = ws.resourceById.get("web")!;
    const node = ws.nodeByName.get("node1")!;
    const { record } = resource.histories[node.index]!.entries[0]!;
    expect(ws.services.compareDigest(resource, node, record)).toBe(verdict);
  });
});
