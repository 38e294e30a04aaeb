import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import type { LabNode } from "./lab-node.ts";

const VIP = "10.77.0.100";

export function hasKeepalived(): boolean {
  try {
    execFileSync("keepalived", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** keepalived on a lab's node with one VRRP instance; the pid of what was started. */
export function startKeepalived(lab: Lab, node: LabNode, intervalMs: number): number {
  const at = (name: string): string => join(node.directory, name);
  const file = at("keepalived.conf");
  writeFileSync(
    file,
    `global_defs {
  router_id ${node.name}
  vrrp_version 3
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${200 - 50 * node.index}
  advert_int ${intervalMs / 1000}
  virtual_ipaddress {
    ${VIP}/24 dev eth0
  }
}
`,
  );
  const files = ["-p", at("ka.pid"), "-r", at("ka-vrrp.pid"), "-c", at("ka-check.pid")];
  const child = lab.spawn(
    node.namespace,
    "keepalived",
    ["-n", "-l", "-D", "-P", "-f", file, ...files],
    {
      log: node.logFile,
    },
  );
  if (child.pid === undefined) throw new Error("keepalived did not start");
  return child.pid;
}
