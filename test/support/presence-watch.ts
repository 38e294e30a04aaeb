import { networkInterfaces } from "node:os";

/**
 * Runs in a node's namespace: looks every few milliseconds whether an address is up there, and prints
 * a line `+ TIME` or `- TIME` for each change and `= TIME` for the first look, in milliseconds of
 * CLOCK_MONOTONIC, which all namespaces share. A change lies between two looks: what is printed for
 * an address that came is the first look that saw it, for one that went the last that did.
 */
const [address = ""] = process.argv.slice(2);
const LOOK_MS = 4;

let seenAt: number | undefined;

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function isUp(): boolean {
  return Object.values(networkInterfaces()).some((each) =>
    each?.some((found) => found.address === address),
  );
}

function look(): void {
  const at = now();
  if (isUp()) {
    if (seenAt === undefined) process.stdout.write(`+ ${at.toFixed(3)}\n`);
    seenAt = at;
  } else if (seenAt !== undefined) {
    process.stdout.write(`- ${seenAt.toFixed(3)}\n`);
    seenAt = undefined;
  }
}

process.stdout.write(`= ${now().toFixed(3)}\n`);
setInterval(look, LOOK_MS);
process.stdin.on("end", () => process.exit(0));
process.stdin.resume();
