import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StatusReport } from "../../src/model/status-report.ts";
import { canMakeNamespaces } from "../support/lab-commands.ts";
import { canFilterBridges } from "../support/lab-switch.ts";
import { QuorumLab } from "../support/quorum-lab.ts";

const usable = canMakeNamespaces() && canFilterBridges();
if (!usable) console.warn("skipped: quorum options (need namespaces and nftables)");

/*
 * One cluster of four real daemons, given another definition for each test while it runs. "12|34" is a
 * cut between node1 node2 and node3 node4.
 */
describe.skipIf(!usable)("of four real daemons", { timeout: 180_000 }, () => {
  let four: QuorumLab;
  beforeAll(async () => {
    four = new QuorumLab({ nodes: 4 });
    four.start("1234");
    await four.whole();
  }, 180_000);
  afterAll(() => four.close());

  /** Where the address would rather be. */
  const on = (node: string) => `{ resource: vip, node: ${node}, score: 100 }`;

  describe("an even split is gone on with", () => {
    test("by nobody, where nothing decides it", async () => {
      await four.apply({ nodes: 4 });
      four.cut("12|34");
      await four.goesOn("", "");
      const { stdout } = await four.node(1).paceline("status");
      expect(stdout).toContain("NOT quorate, 2 of 4 votes");
    });

    test("auto-tie-breaker: by the side of the first name", async () => {
      await four.apply({ nodes: 4, quorum: "auto-tie-breaker: true", location: on("node3") });
      four.cut("14|23");
      await four.goesOn("14", /^[14]$/);
    });

    test("auto-tie-breaker-node: by the side of that one", async () => {
      await four.apply({ nodes: 4, quorum: "auto-tie-breaker-node: node3", location: on("node4") });
      four.cut("14|23");
      await four.goesOn("23", /^[23]$/);
    });
  });

  describe("votes", () => {
    test("four of one node outweigh three others", async () => {
      await four.apply({ nodes: 4, extra: { 4: ", votes: 4" }, location: on("node1") });
      four.cut("123|4");
      await four.goesOn("4", "4");
    });

    test("expected-votes: of seven three are no quorum, though only four are there", async () => {
      await four.apply({ nodes: 4, quorum: "expected-votes: 7" });
      four.cut("123|4");
      await four.goesOn("", "");
      const { stdout } = await four.node(1).paceline("status");
      expect(stdout).toContain("3 of 7 votes");
    });

    test("a witness decides, and runs nothing", async () => {
      const extra = { 1: ", votes: 0", 4: ", role: witness" };
      await four.apply({ nodes: 4, extra, location: on("node4") });
      four.cut("13|24");
      await four.goesOn("24", "2");
    });
  });

  describe("no-quorum-policy, on the smaller side, which has the address", () => {
    const minority = async (policy: string, more = {}) => {
      const properties = `no-quorum-policy: ${policy}`;
      await four.apply({ nodes: 4, properties, location: on("node4"), ...more });
      await four.becomes("node4 has it", async () => (await four.holders()) === "4");
      four.cut("123|4");
    };

    test("stop: it lets go, and the others take over", async () => {
      await minority("stop");
      await four.goesOn("123", /^[123]$/);
    });

    test("freeze: it keeps what it has, and starts nothing more", async () => {
      const resources = "  more: { agent: dummy }\n";
      const location = `${on("node4")}, { resource: more, node: node1, score: 100 }`;
      await minority("freeze", { resources, location });
      await four.goesOn("123", /^[123]?4$/);
      await four.becomes("it has nothing left to do", (seen) => {
        const own = seen.find((report) => report.node === "node4");
        const more = own?.resources.find(({ id }) => id === "more");
        return own?.transition.state === "idle" && !more?.nodes.includes("node4");
      });
      expect(await four.holders()).toContain("4");
    });

    test("ignore: both sides have it, until they meet", async () => {
      await minority("ignore");
      await four.goesOn("123", /^[123]4$/);
      four.heal();
      await four.whole();
    });

    test("demote: what was promoted is not any more, and the rest stops", async () => {
      const resources =
        "  db: { agent: stateful }\n  dbs: { clone: db, meta: { promotable: true } }\n";
      const promoted = "{ resource: dbs, node: node4, role: Promoted, score: 100 }";
      const roleOn4 = (role: string) => (seen: readonly StatusReport[]) =>
        seen
          .filter((report) => report.node === "node4")
          .some((report) =>
            report.resources.some(
              (row) => row.id.startsWith("db") && row.nodes.includes("node4") && row.role === role,
            ),
          );
      await four.apply({
        nodes: 4,
        properties: "no-quorum-policy: demote",
        resources,
        location: `${on("node4")}, ${promoted}`,
      });
      await four.becomes("it is promoted there", roleOn4("Promoted"));
      four.cut("123|4");
      await four.goesOn("123", /^[123]$/);
      await four.becomes("it is demoted there", roleOn4("Unpromoted"));
    });
  });

  test("two that don't hear each other while all hear both: one is left out, and it stays so", async () => {
    await four.apply({ nodes: 4 });
    four.cut("2|3");
    let out = "";
    await four.becomes("one of them is left out, and has let go", async (seen) => {
      out = leftOut(seen);
      const isIdle = seen.every(({ transition }) => transition.state === "idle");
      return out !== "" && isIdle && /^[1234]$/.test((await four.holders()).replace(out, "x"));
    });
    expect(["2", "3"]).toContain(out);
    const words = new RegExp(`Left out: node${out} [^"]*node2 and node3 do not hear each other`);
    await four.becomes("the log names it", () => logged(words) > 0);
    // The rest does its work meanwhile, and nobody decides anew, unless a member was not heard.
    const before = { decided: logged(/"member-evicted"/), silent: logged(/"reason":"silent"/) };
    for (const state of ["standby", "online"]) {
      await four.becomes(`node4 is ${state}`, async (seen) => {
        await four.node(1).paceline("node", state, "node4");
        const rows = seen.flatMap((report) => report.nodes);
        return rows.some((row) => row.name === "node4" && row.state === state);
      });
    }
    const isQuiet = logged(/"reason":"silent"/) === before.silent;
    if (isQuiet) expect(logged(/"member-evicted"/)).toBe(before.decided);
  });

  /** Which of four is alone, while the other three are together; none: "". */
  function leftOut(seen: readonly StatusReport[]): string {
    const alone = seen.filter((report) => report.quorum.votes === 1);
    const rest = seen.filter((report) => report.quorum.votes === 3 && report.quorum.quorate);
    return alone.length === 1 && rest.length === 3 ? alone[0]!.node.replace("node", "") : "";
  }

  /** How often these words are in the logs of all nodes. */
  function logged(words: RegExp): number {
    return [1, 2, 3, 4].reduce((sum, n) => sum + four.log(n).split(words).length - 1, 0);
  }
});
