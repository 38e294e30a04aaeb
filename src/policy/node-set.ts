import type { Node } from "./working-set.ts";

/** A set of nodes as bits: thousands of resources have one, and most hold every node. */
export class NodeSet {
  #bits = 0;
  /** The bits of nodes 32 and up, in words of 32; made on demand. */
  #more: number[] | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has({ index }: Node): boolean {
    const bits = index < 32 ? this.#bits : (this.#more?.[(index >> 5) - 1] ?? 0);
    return (bits & (1 << (index & 31))) !== 0;
  }

  add(node: Node): void {
    if (this.has(node)) return;
    this.#size++;
    const { index } = node;
    const bit = 1 << (index & 31);
    if (index < 32) {
      this.#bits |= bit;
      return;
    }
    this.#more ??= [];
    const word = (index >> 5) - 1;
    while (this.#more.length <= word) this.#more.push(0);
    this.#more[word]! |= bit;
  }
}
