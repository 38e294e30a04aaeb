import { type RehearsalOptions, rehearsal } from "../controller/rehearsal.ts";
import { type Note, note } from "../core/note.ts";
import { inPauses } from "../io/in-pauses.ts";
import type { Definition } from "../model/definition.ts";

/** The daemon's own start, and what it starts, are out of the way when it begins. */
const PAUSES = { beginMs: 10_000, sliceMs: 3, pauseMs: 3, totalMs: 1_500 };

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
export function rehearseSoon(
  options: Omit<RehearsalOptions, "rounds">,
  tell: (note: Note) => void,
): void {
  if (!isSmall(options.definition)) return;
  inPauses(rehearsal({ ...options, rounds: ROUNDS }), PAUSES, (what) => {
    const message = `The loss of a node, played through in memory, met a defect of this program. Nothing real was touched; please report it: ${what}`;
    tell(note("warn", "rehearsal-failed", message));
  });
}

function isSmall({ nodes, policy, text }: Definition): boolean {
  const { resources } = policy;
  return nodes.length <= NODES_MAX && resources.length <= RESOURCES_MAX && text.length <= TEXT_MAX;
}
