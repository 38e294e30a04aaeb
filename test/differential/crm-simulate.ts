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

/** What an engine makes of a cluster: text lines, sorted, instances without their numbers. */
export interface Outcome {
  /** `resource role node` of everything outside bundles that is active in the end. */
  readonly places: readonly string[];
  /** `resource operation node` of everything that is done, fencing and clean-ups included. */
  readonly actions: readonly string[];
}

/** Whether there is a crm_simulate to compare with. */
export function hasCrmSimulate(): boolean {
  return spawnSync("crm_simulate", ["--version"], { stdio: "ignore" }).status === 0;
}

/**
 * What crm_simulate makes of a cluster (`flags`: what it is told to change before); undefined where it ends by an assertion of its own or
 * plans something that can never be finished (a loop, a wait for what is not planned).
 */
export function crmOutcome(cib: string, flags: readonly string[] = []): Outcome | undefined {
  const folder = mkdtempSync(join(tmpdir(), "paceline-differential-"));
  try {
    const file = join(folder, "cib.xml");
    writeFileSync(file, cib);
    const args = ["-x", file, "-S", "--output-as=xml", ...flags];
    const done = spawnSync("crm_simulate", args, { encoding: "utf8", maxBuffer: 1e8 });
    if (`${done.stdout}${done.stderr}`.includes("Transition failed")) return undefined;
    const { root } = readXml(done.stdout.slice(done.stdout.indexOf("<pacemaker-result")));
    const revised = child(root, "revised_cluster_status");
    const transition = child(root, "transition");
    if (revised === undefined) return undefined;
    return { places: places(revised), actions: transition ? actions(transition) : [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `web:3` → `web`: which instance of a clone it is differs between releases. */
export function withoutNumber(id: string): string {
  return id.replace(/:\d+$/, "");
}

/** All resources; those in bundles are left out, for every engine lists other parts of them. */
function resourcesIn(parent: XmlElement): XmlElement[] {
  return parent.children.flatMap((each) => {
    if (each.name === "bundle") return [];
    return each.name === "resource" ? [each] : resourcesIn(each);
  });
}

function places(status: XmlElement): string[] {
  const found: string[] = [];
  for (const element of resourcesIn(status)) {
    if (attribute(element, "role") === "Stopped") continue;
    for (const node of children(element, "node")) {
      const id = withoutNumber(attribute(element, "id")!);
      found.push(`${id} ${attribute(element, "role")} ${attribute(node, "name")}`);
    }
  }
  return found.sort();
}

function actions(transition: XmlElement): string[] {
  const found: string[] = [];
  for (const element of descendants(transition)) {
    const get = (name: string) => attribute(element, name) ?? "";
    const interval = get("interval") === "" ? "" : `/${get("interval")}`;
    if (element.name === "rsc_action") {
      found.push(`${withoutNumber(get("resource"))} ${get("op")}${interval} ${get("node")}`);
    } else if (element.name === "fencing_action") {
      found.push(` ${get("op")} ${get("target")}`);
    } else if (element.name === "cluster_action") {
      found.push(`${withoutNumber(get("id"))} ${get("task")} ${get("node")}`);
    }
  }
  return found.sort();
}
