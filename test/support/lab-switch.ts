import { execFileSync } from "node:child_process";
import type { Lab } from "./lab.ts";
import type { LabNode } from "./lab-node.ts";

/**
 * Frames of the first node do not reach the second; the other way is another matter. With `percent`
 * only so many of a hundred are lost.
 */
export type Cut = readonly [from: LabNode, to: LabNode, percent?: number];

/** Whether nftables can filter what a bridge forwards on this machine. */
export function canFilterBridges(): boolean {
  try {
    execFileSync("nft", ["-c", "-f", "-"], {
      input: ruleset([]),
      stdio: ["pipe", "ignore", "ignore"],
    });
    return true;
  } catch {
    return false;
  }
}

/** Cuts nodes off from one another at the switch of the lab: in one transaction, direction by direction. */
export function setCuts(lab: Lab, cuts: readonly Cut[]): void {
  const rules = cuts.map(
    ([from, to, percent = 100]) =>
      `iifname "p${from.index}l0" oifname "p${to.index}l0" ${luck(percent)}drop`,
  );
  execFileSync("ip", ["netns", "exec", lab.switchNamespace, "nft", "-f", "-"], {
    input: ruleset(rules),
    stdio: ["pipe", "ignore", "pipe"],
  });
}

function luck(percent: number): string {
  return percent >= 100 ? "" : `numgen random mod 100 < ${percent} `;
}

function ruleset(rules: readonly string[]): string {
  const lines = rules.map((rule) => `    ${rule}\n`).join("");
  return `table bridge drill
delete table bridge drill
table bridge drill {
  chain forward {
    type filter hook forward priority 0; policy accept;
${lines}  }
}
`;
}
