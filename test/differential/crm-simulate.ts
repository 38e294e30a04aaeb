import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  attribute,
  child,
  children,
  descendants,
  type XmlElement,
} from "../../src/interop/xml-element.ts";
import { readXml } from "../../src/interop/xml-reader.ts";

/** Whether there is a crm_simulate to compare with. */
export function hasCrmSimulate(): boolean {
  return spawnSync("crm_simulate", ["--version"], { stdio: "ignore" }).status === 0;
}

/**
 * Where crm_simulate has everything in the end: `resource role node`, sorted, without numbers;
 * `flags`: what it is told to change before.
 */
export function crmPlaces(cib: string, flags: readonly string[] = []): string[] {
  const folder = mkdtempSync(join(tmpdir(), "paceline-differential-"));
  try {
    const file = join(folder, "cib.xml");
    writeFileSync(file, cib);
    const args = ["-x", file, "-S", "--output-as=xml", ...flags];
    const done = spawnSync("crm_simulate", args, { encoding: "utf8", maxBuffer: 1e8 });
    const text = done.stdout.slice(done.stdout.indexOf("<pacemaker-result"));
    const { root, error } = readXml(text);
    const revised = child(root, "revised_cluster_status");
    if (revised === undefined) {
      throw new Error(
        `crm_simulate: ${error?.message ?? "no answer"} ${done.stderr.slice(0, 500)}`,
      );
    }
    return places(revised);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function places(status: XmlElement): string[] {
  const found: string[] = [];
  for (const element of descendants(status)) {
    if (element.name !== "resource" || attribute(element, "role") === "Stopped") continue;
    for (const node of children(element, "node")) {
      const id = attribute(element, "id")!.replace(/:\d+$/, "");
      found.push(`${id} ${attribute(element, "role")} ${attribute(node, "name")}`);
    }
  }
  return found.sort();
}
