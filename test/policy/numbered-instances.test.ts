import { expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { digestOf } from "../../src/policy/unpack/digests.ts";
import { cibText, member } from "../interop/cib-text.ts";
import { history, NOW, options } from "./unpack/unpacked.ts";

const UNCHANGED = `digest=${digestOf(new Map())}`;

/** What is planned where a node has recorded two instances of an anonymous clone by number. */
function planned(probeOfTheFirst: string) {
  const { definition, status } = readCib(
    cibText({
      options: options({ "fencing-enabled": "false" }),
      nodes: `<node id="1" uname="node1"/>`,
      resources: `<clone id="webs">
        <primitive id="web" class="ocf" provider="heartbeat" type="Dummy"/></clone>`,
      status: member(
        1,
        history([`monitor ${probeOfTheFirst}`], "web:0") + history([`start ${UNCHANGED}`], "web:1"),
      ),
    }),
  );
  return plan(definition!, status!, NOW).summary.map((row) => row.action);
}

test("what a node has recorded of one instance by several numbers is all compared", () => {
  expect(planned(UNCHANGED)).toEqual([]);
  expect(planned("digest=changed")).toEqual(["restart"]);
});
