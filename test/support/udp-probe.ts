import { createSocket } from "node:dgram";
import { goFirst } from "./go-first.ts";

goFirst();

/**
 * Asks ADDRESS PORT every millisecond and prints a line for each answer that comes from another
 * node than the one before, and at the end: "MONOTONIC_MS NODE GAP_MS", where the gap is the time
 * since the answer before. Usage: udp-probe ADDRESS PORT
 */
const [address = "", port = "0"] = process.argv.slice(2);
const socket = createSocket("udp4");
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
let last = { at: now(), node: "" };
let sequence = 0;
let longest = { gap: 0, at: 0 };

socket.on("message", (message) => {
  const at = now();
  const node = message.toString().split(" ")[1] ?? "";
  const gap = at - last.at;
  if (last.node !== "" && gap > longest.gap) longest = { gap, at };
  if (node !== last.node) process.stdout.write(`${at} ${node} ${gap}\n`);
  last = { at, node };
});
socket.on("error", () => undefined);
socket.bind(0, () => {
  setInterval(() => {
    sequence += 1;
    socket.send(String(sequence), Number(port), address, () => undefined);
  }, 1);
});
/** On SIGUSR1: forget the longest gap; on SIGUSR2: print it as "longest GAP". */
process.on("SIGUSR1", () => {
  longest = { gap: 0, at: 0 };
});
process.on("SIGUSR2", () => {
  process.stdout.write(`longest ${longest.gap}\n`);
});
