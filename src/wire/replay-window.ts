/**
 * How far behind the newest counter a frame may arrive. A full channel window (256 frames) on every
 * one of several links, reordered between them, must fit; 2048 bits are 256 bytes per peer.
 */
export const REPLAY_WINDOW = 2048;

const WORD_BITS = 32;
const WORDS = REPLAY_WINDOW / WORD_BITS + 1;

/**
 * Remembers which counters of one session were seen, as a ring of bit words (the method of
 * RFC 6479, which never shifts the bitmap). A counter below the window counts as seen.
 */
export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS);
  #newest = -1;

  /** Cheap check before decryption: can this counter still be accepted? */
  isFresh(counter: number): boolean {
    if (counter > this.#newest) return true;
    if (counter + REPLAY_WINDOW <= this.#newest) return false;
    return (this.#words[wordOf(counter)]! & bitOf(counter)) === 0;
  }

  /** Marks a counter as seen, after its frame proved authentic. */
  accept(counter: number): void {
    if (counter > this.#newest) {
      const first = Math.floor(this.#newest / WORD_BITS) + 1;
      const last = Math.floor(counter / WORD_BITS);
      const count = Math.min(last - first + 1, WORDS);
      for (let i = 0; i < count; i++) this.#words[(last - i) % WORDS] = 0;
      this.#newest = counter;
    }
    const word = wordOf(counter);
    this.#words[word] = this.#words[word]! | bitOf(counter);
  }
}

function wordOf(counter: number): number {
  return Math.floor(counter / WORD_BITS) % WORDS;
}

function bitOf(counter: number): number {
  return 1 << (counter % WORD_BITS);
}
