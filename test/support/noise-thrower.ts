import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";

/**
 * Throws noise of the largest size that UDP has at targets in turn, so many datagrams a second in
 * all, and prints how many it sent in how many milliseconds.
 * Usage: noise-thrower OWN_ADDRESS PORT PER_SECOND MILLISECONDS TARGET...
 */
const [own = "", portText = "0", rate = "0", span = "0", ...targets] = process.argv.slice(2);
const port = Number(portText);
const noise = Array.from({ length: 8 }, () => randomBytes(65_507));
const socket = createSocket("udp4");
const start = performance.now();
let sent = 0;
let under = 0;
/** More than so many waiting for the kernel are of no use. */
const WAITING_MAX = 64;

function wave(): void {
  const elapsed = performance.now() - start;
  if (elapsed > Number(span)) {
    process.stdout.write(`${JSON.stringify({ sent, ms: Math.round(elapsed) })}\n`);
    process.exit(0);
  }
  const due = Math.floor((elapsed / 1000) * Number(rate));
  while (sent < due && under < WAITING_MAX) throwOne();
  setImmediate(wave);
}

function throwOne(): void {
  const bytes = noise[sent % noise.length] as Buffer;
  under += 1;
  socket.send(bytes, port, targets[sent % targets.length] ?? own, () => {
    under -= 1;
  });
  sent += 1;
}

socket.bind(0, own, () => {
  socket.setMulticastInterface(own);
  wave();
});
