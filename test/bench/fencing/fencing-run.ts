import type { IpmiLab } from "../../support/ipmi-lab.ts";
import { until } from "../../support/lab-commands.ts";
import type { LabNode } from "../../support/lab-node.ts";
import { AddressWatch } from "./address-watch.ts";

/** One cut, in milliseconds from the cut. */
export interface Takeover {
  readonly owner: LabNode;
  readonly cutAt: number;
  /** The controller is given the order to cut the power. */
  readonly orderedMs: number;
  /** The address is up on another node. */
  readonly upMs: number;
}

const PATIENCE_MS = 90_000;

/** Cuts the cable of the address's owner, and waits until another node has the address. */
export async function cutOwner(lab: IpmiLab): Promise<Takeover> {
  const [owner] = (await lab.holders()) as [LabNode];
  const others = lab.nodes.filter((node) => node !== owner);
  const watch = new AddressWatch(others, lab.vip);
  const before = lab.journal().length;
  try {
    await new Promise((done) => setTimeout(done, 300 + Math.random() * 700));
    const cutAt = Date.now();
    lab.lab.setCable(owner, false, 0);
    await until("another node has it", async () => watch.cameUp.size > 0, PATIENCE_MS);
    const upMs = Math.min(...watch.cameUp.values()) - cutAt;
    const order = lab
      .journal()
      .slice(before)
      .find((line) => line.split(" ")[1] === "0");
    return { owner, cutAt, orderedMs: Number(order?.split(" ")[2]) - cutAt, upMs };
  } finally {
    watch.close();
  }
}
