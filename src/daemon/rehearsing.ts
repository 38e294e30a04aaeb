import { type RehearsalOptions, rehearsal } from "../controller/rehearsal.ts";
import type { Definition } from "../model/definition.ts";

/** The daemon's own start is out of the way by then. */
const BEGIN_MS = 1_000;

/** So long at a stretch, and then as long for everything else. */
const SLICE_MS = 3;

/** It ends after so much of it in any case. */
const TOTAL_MS = 1_500;

/** By then the code that a takeover runs has been compiled. */
const ROUNDS = 60;

/** A larger cluster has its code compiled by the first plan that it makes, which takes as long. */
const NODES_MAX = 9;
const RESOURCES_MAX = 50;
const TEXT_MAX = 30_000;

/**
 * Plays the loss of a node through, in the pauses of the main loop, soon after the start: the first
 * takeover is as fast then as the tenth.
 */
export function rehearseSoon(options: Omit<RehearsalOptions, "rounds">): void {
  if (!isSmall(options.definition)) return;
  const play = rehearsal({ ...options, rounds: ROUNDS });
  let total = 0;
  const slice = (): void => {
    const begin = performance.now();
    let used = 0;
    while (used < SLICE_MS) {
      if (play.next().done === true) return;
      used = performance.now() - begin;
    }
    total += used;
    if (total < TOTAL_MS) setTimeout(slice, SLICE_MS).unref();
  };
  setTimeout(slice, BEGIN_MS).unref();
}

function isSmall({ nodes, policy, text }: Definition): boolean {
  const { resources } = policy;
  return nodes.length <= NODES_MAX && resources.length <= RESOURCES_MAX && text.length <= TEXT_MAX;
}
