import { afterEach, describe, expect, test } from "vitest";
import { canMakeNamespaces } from "../support/lab-commands.ts";
import { type QuorumDefinition, QuorumLab } from "../support/quorum-lab.ts";

const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: who may start and who may stay (needs namespaces)");

describe.skipIf(!usable)("real daemons, by the options of quorum", { timeout: 180_000 }, () => {
  let lab: QuorumLab;
  afterEach(() => lab.close());

  function build(definition: QuorumDefinition): void {
    lab = new QuorumLab(definition);
  }

  /** These wait for that node, say so, and run nothing. */
  async function waitFor(digits: string, missing: string): Promise<void> {
    lab.start(digits);
    await lab.becomes(
      `they wait for ${missing}`,
      (seen) =>
        seen.length === digits.length &&
        seen.every(
          ({ quorum }) =>
            quorum.votes === digits.length &&
            !quorum.quorate &&
            quorum.waitingFor?.includes(`waiting for ${missing}`),
        ),
    );
    const { stdout } = await lab.node(1).paceline("status");
    expect(stdout).toContain(`waiting for ${missing}, not seen since the start (wait-for-all)`);
    expect(await lab.holders()).toBe("");
  }

  test("wait-for-all: two of three wait for the third; once all were there, two are enough", async () => {
    build({ nodes: 3, quorum: "wait-for-all: true" });
    await waitFor("12", "node3");
    lab.start("3");
    await lab.whole();
    await lab.node(3).crash();
    await lab.goesOn("12", /^[12]$/);
  });

  test("two-node: one alone waits for the other, and goes on alone once that one has left", async () => {
    build({ nodes: 2, quorum: "two-node: true" });
    await waitFor("1", "node2");
    lab.start("2");
    await lab.whole();
    await lab.node(2).stop();
    await lab.goesOn("1", "1");
  });

  test("two-node: the other is only lost, so it may be alive: one alone does not go on", async () => {
    // Without that, two nodes that run but an address carry on whatever happens.
    build({ nodes: 2, quorum: "two-node: true", properties: "no-quorum-policy: stop" });
    lab.start("12");
    await lab.whole();
    await lab.node(2).crash();
    await lab.goesOn("", "");
    const { stdout } = await lab.node(1).paceline("status");
    expect(stdout).toContain("1 of 2 votes, 2 needed");
    // A person's word is as good.
    const { code, stderr } = await lab.node(1).paceline("fence", "confirm", "node2", "--yes");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await lab.goesOn("1", "1");
  });

  test("last-man-standing with the tie-breaker: four lose one after the other, the last goes on", async () => {
    const quorum =
      "last-man-standing: true, last-man-standing-window: 1s, auto-tie-breaker: true, wait-for-all: true";
    build({ nodes: 4, quorum });
    lab.start("1234");
    await lab.whole();
    for (const lost of [4, 3, 2]) {
      await lab.node(lost).crash();
      const left = "1234".slice(0, lost - 1);
      await lab.goesOn(left, new RegExp(`^[${left}]$`));
      await lab.becomes("the lost one does not count any more", (seen) =>
        seen.every(({ quorum: { quorate, expected } }) => quorate && expected === lost - 1),
      );
    }
    expect(await lab.holders()).toBe("1");
  });
});
