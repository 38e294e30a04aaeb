import { type Note, note } from "../core/note.ts";
import type { LostNode, View } from "./membership.ts";

const LOST: Readonly<Record<LostNode["reason"], string>> = {
  silent: "is lost: nothing is heard of it any more",
  stuck: "is lost: its daemon hangs",
  cut: "is no member any more: not all members hear each other",
  left: "has left",
  restarted: "has restarted its daemon",
};

/**
 * What a new view is to a person: who came, who went and how, and whether there is quorum. `broken`:
 * pairs that do not hear each other.
 */
export function viewNotes(
  before: View | undefined,
  view: View,
  broken: readonly (readonly string[])[],
): Note[] {
  const notes = view.lost.map(lostNote);
  for (const node of view.joined) {
    notes.push(note("info", "member-joined", `${node} joined.`, { node }));
  }
  const nodes = view.evicted.filter((node) => !before?.evicted.includes(node));
  if (nodes.length > 0) {
    const pairs = broken.map((pair) => pair.join(" and ")).join(", ");
    const cause = pairs === "" ? "the view's decision" : `${pairs} do not hear each other`;
    notes.push(
      note("warn", "member-evicted", `Left out: ${nodes.join(", ")} (${cause}).`, { nodes }),
    );
  }
  const { quorate, explanation } = view.quorum;
  if (before?.quorum.explanation === explanation) return notes;
  const isWorse = before?.quorum.quorate === true && !quorate;
  const [event, words] = quorate ? ["quorum", "Quorum"] : ["no-quorum", "No quorum"];
  notes.push(note(isWorse ? "warn" : "info", event!, `${words}: ${explanation}.`));
  return notes;
}

function lostNote({ node, reason }: LostNode): Note {
  const isExpected = reason === "left" || reason === "restarted";
  const level = isExpected ? "info" : "warn";
  return note(level, "member-lost", `${node} ${LOST[reason]}.`, { node, reason });
}
