import type { QuorumSettings } from "./definition.ts";

/**
 * The node that decides an even split with `auto-tie-breaker`: the lowest or highest name, or the
 * first of the list that counts at present. (votequorum(5) asks which of the list was there before
 * the split. Elections can only use what is committed, so a lost first choice keeps its place until
 * its votes are excused.)
 */
export function tieBreakerOf(
  quorum: Pick<QuorumSettings, "autoTieBreaker" | "autoTieBreakerNode">,
  counting: Iterable<string>,
): string | undefined {
  if (!quorum.autoTieBreaker) return undefined;
  const names = [...counting].sort();
  const choice = quorum.autoTieBreakerNode;
  if (choice.length === 0 || choice[0] === "lowest") return names[0];
  if (choice[0] === "highest") return names.at(-1);
  return choice.find((name) => names.includes(name));
}
