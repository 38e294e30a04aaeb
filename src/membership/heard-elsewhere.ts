import type { HeardPeer } from "./link-matrix.ts";
import { areTogether, type Exclusions } from "./view-id.ts";

/** Of these nodes those that are no members, but that a member hears and that no word parts from it. */
export function heardElsewhere(
  names: readonly string[],
  members: readonly HeardPeer[],
  exclusions: Exclusions,
): readonly string[] {
  return names
    .filter((name) => !members.some((peer) => peer.name === name))
    .filter((name) =>
      members.some((peer) => peer.hears.has(name) && areTogether(exclusions, name, peer.name)),
    )
    .sort();
}
