import type { MessagingNet } from "./messaging-net.ts";

/**
 * Speaks for a node of that net when it is dead, as its guardian has it done: sends the frames that it
 * has left, so many rounds at a call, and lets the time between two rounds pass after each.
 */
export function interimSpeaker(
  net: MessagingNet,
  nodes: readonly string[],
  name: string,
): (rounds: number) => void {
  const { everyMs, rounds } = net.interimFrames(name);
  let next = 0;
  return (count) => {
    for (const round of rounds.slice(next, next + count)) {
      for (const { address, port, bytes } of round) {
        const to = nodes[Number(address.split(".").at(-1)) - 1] ?? "";
        const link = port - 7700;
        net.input(to, { kind: "datagram", link, from: { address: "10.0.0.9", port: 1 }, bytes });
      }
      net.run(everyMs);
    }
    next += count;
  };
}
