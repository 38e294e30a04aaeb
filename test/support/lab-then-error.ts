import { setTimeout as sleep } from "node:timers/promises";
import { startHogs } from "./hogs.ts";
import { Lab } from "./lab.ts";
import { until } from "./lab-commands.ts";

/** A program for a test: a lab in full swing, and then an error that nobody catches. */
const definition = `cluster: doomed
nodes: { node1: 10.77.0.1 }
messaging: { key-file: KEYFILE }
`;

const lab = new Lab({ nodes: ["node1"], definition });
startHogs(1);
for (const node of lab.nodes) node.start();
await until("the daemon answers", async () => await lab.nodes[0]?.status());
setTimeout(() => {
  throw new Error("nobody catches this");
}, 0);
await sleep(60_000);
