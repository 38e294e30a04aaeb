import { expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { cibText, member } from "../interop/cib-text.ts";
import { history, NOW, options } from "./unpack/unpacked.ts";

const DUMMY = `class="ocf" provider="heartbeat" type="Dummy"`;

test("a guest that is lost while its container looks stopped: the container is recovered there", () => {
  const { definition, status } = readCib(
    cibText({
      options: options({ "fencing-enabled": "true" }),
      resources: `<primitive id="f" class="stonith" type="fence_x"/>
        <primitive id="box" ${DUMMY}><meta_attributes id="m">
          <nvpair id="m-1" name="remote-node" value="guest"/></meta_attributes></primitive>
        <primitive id="web" ${DUMMY}/>`,
      status: `${member(1, history(["monitor/30000 rc=5"], "guest"))}
        <node_state id="guest" uname="guest"><lrm id="guest"><lrm_resources>
          ${history(["start on=guest"])}</lrm_resources></lrm></node_state>`,
    }),
  );
  const { summary } = plan(definition!, status!, NOW);
  expect(summary.filter((row) => row.resource === "box")).toMatchObject([
    { action: "recover", from: "node1", to: "node1", fromRole: "Started" },
  ]);
});
