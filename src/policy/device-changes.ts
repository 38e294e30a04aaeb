import { primitivesOf } from "./resource-state.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * Remote nodes have no history of the fence devices that let them in, so they remember digests of
 * their definitions as attributes: `device:agent:digest,` one after the other.
 */
export interface DeviceDigests {
  readonly all: string;
  readonly secure: string;
  /** A device that is not what it was when the node was let in. */
  readonly changed: Resource | undefined;
}

export function deviceDigests(ws: WorkingSet, node: Node): DeviceDigests {
  let all = "";
  let secure = "";
  let changed: Resource | undefined;
  for (const device of ws.resources.flatMap((each) => primitivesOf(each))) {
    if (!device.isFenceDevice || device.meta.get("provides") !== "unfencing") continue;
    const digests = ws.services.fenceDigests(device, node);
    const name = `${device.id}:${device.agent?.type ?? ""}`;
    const remembered = (which: string, digest: string): boolean =>
      node.attributes.get(`#digests-${which}`)?.includes(`${name}:${digest},`) ?? false;
    all += `${name}:${digests.all},`;
    secure += `${name}:${digests.secure},`;
    if (!node.attributes.has("#digests-all") || remembered("all", digests.all)) continue;
    if (!remembered("secure", digests.secure)) changed ??= device;
  }
  return { all, secure, changed };
}
