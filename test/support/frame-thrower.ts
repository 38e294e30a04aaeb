import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";

/**
 * Throws bad frames at a cluster: overhears its group and sends what it hears again as it is, cut
 * short, altered and under another key, and noise besides. Prints how many of each kind it sent.
 * Usage: frame-thrower OWN_ADDRESS GROUP PORT MILLISECONDS TARGET...
 */
const [own = "", group = "", portText = "0", span = "0", ...targets] = process.argv.slice(2);
const port = Number(portText);
const TICK_MS = 10;
const PER_TICK = 20;
const KEY_ID_OFFSET = 7;

const heard: Buffer[] = [];
const sent: Record<string, number> = {};

const KINDS: Readonly<Record<string, (frame: Buffer, n: number) => Buffer>> = {
  replayed: (frame) => frame,
  truncated: (frame, n) => frame.subarray(0, n % frame.length),
  altered: (frame) => changed(frame, frame.length - 1),
  otherKey: (frame) => changed(frame, KEY_ID_OFFSET),
  noise: (_, n) => randomBytes(1 + ((n * 97) % 1400)),
  largeNoise: () => randomBytes(60_000),
};

function changed(frame: Buffer, at: number): Buffer {
  const copy = Buffer.from(frame);
  copy[at] = (copy[at] ?? 0) ^ 0x41;
  return copy;
}

const ear = createSocket({ type: "udp4", reuseAddr: true });
ear.on("message", (frame) => {
  if (heard.length < 50) heard.push(frame);
});
ear.bind(port, group, () => ear.addMembership(group, own));

const mouth = createSocket("udp4");
mouth.bind(0, own, () => {
  mouth.setMulticastInterface(own);
  let n = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < PER_TICK && heard.length > 0; i++) throwOne(n++);
  }, TICK_MS);
  setTimeout(() => {
    clearInterval(timer);
    process.stdout.write(`${JSON.stringify(sent)}\n`);
    process.exit(0);
  }, Number(span));
});

function throwOne(n: number): void {
  const names = Object.keys(KINDS);
  const kind = names[n % names.length] ?? "noise";
  const frame = heard[n % heard.length] as Buffer;
  const to = [...targets, group][n % (targets.length + 1)] ?? group;
  mouth.send(KINDS[kind]?.(frame, n) ?? frame, port, to, () => undefined);
  sent[kind] = (sent[kind] ?? 0) + 1;
}
