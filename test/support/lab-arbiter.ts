import { join } from "node:path";
import type { Lab } from "./lab.ts";
import { ROOT } from "./lab-commands.ts";

/** Starts an arbiter in the client's namespace of a lab, with the key of its cluster. */
export function startArbiter(lab: Lab, listen: string): void {
  const directory = join(lab.directory, "arbiter");
  const program = join(ROOT, "dist/daemon/main.js");
  const places = ["--key-file", join(lab.directory, "key"), "--state-dir", directory];
  const args = [program, "--arbiter", "--listen", listen, ...places];
  lab.spawn(lab.clientNamespace, process.execPath, args, { log: `${directory}.log` });
}
