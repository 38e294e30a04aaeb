import { type Note, note } from "../core/note.ts";
import type { Plan } from "../model/plan.ts";
import { changesInWords, changeWithReason } from "./plan-words.ts";

/**
 * The plans of an office for the log: what each does and why, what the policy engine says beside, and
 * that all is done. Plans follow one another as things happen; what one does as the one before it did,
 * or says as that did, is told once. Probes and monitors alone are no news.
 */
export class PlanLog {
  #notices: ReadonlySet<string> = new Set();
  #changes = "";
  /** A plan was told of, and not yet that all is done. */
  #isOpen = false;
  #hasBlocked = false;

  /** In a new office everything is told anew. */
  forget(): void {
    this.#notices = new Set();
    this.#changes = "";
    this.#isOpen = false;
  }

  /** Nothing is left to do; the same again is another matter. */
  settled(transition: number): Note[] {
    const isNews = this.#isOpen;
    this.#changes = "";
    this.#isOpen = false;
    const told = this.#hasBlocked ? "nothing more can be done for now" : "nothing is left to do";
    return isNews ? [note("info", "settled", told, { transition })] : [];
  }

  /** What the engine says of a plan: that a resource is blocked until somebody cleans it up, say. */
  notices(plan: Plan): Note[] {
    const before = this.#notices;
    this.#notices = new Set(plan.notices.map(({ message }) => message));
    const news = plan.notices.filter(({ message }) => !before.has(message));
    return news.map(({ level, code, message, node, resource }) => {
      return note(level, code, message, {
        ...(resource === undefined ? {} : { resource }),
        ...(node === undefined ? {} : { node }),
      });
    });
  }

  /** A plan is carried out from now on, and why it was made. */
  begun(plan: Plan, transition: number, because: string): Note {
    const changes = changesInWords(plan.summary, changeWithReason);
    const isNews = changes !== "" && changes !== this.#changes;
    this.#changes = changes;
    this.#isOpen ||= isNews;
    this.#hasBlocked = plan.summary.some((row) => row.blocked === true);
    const told = changes === "" ? "no change of what runs where" : changes;
    const fields = { transition, actions: plan.actions.length };
    const message = `transition ${transition} (${because}): ${told}`;
    return note(isNews ? "info" : "debug", "plan", message, fields);
  }
}
