import type { Readable } from "node:stream";

/**
 * The end of what a stream gave, bounded: an agent that prints megabytes costs no more memory than
 * one that prints a line. What is cut off at the front is said so.
 */
export class OutputTail {
  readonly #max: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #dropped = 0;

  constructor(max: number) {
    this.#max = max;
  }

  follow(stream: Readable): void {
    stream.on("data", (chunk: Buffer) => this.push(chunk));
    // A broken pipe ends the output, nothing more.
    stream.on("error", () => {});
  }

  push(chunk: Buffer): void {
    // A copy, so that a few bytes don't keep a pool of 64 KB alive.
    const piece = chunk.length > this.#max ? chunk.subarray(chunk.length - this.#max) : chunk;
    this.#dropped += chunk.length - piece.length;
    this.#chunks.push(Buffer.from(piece));
    this.#kept += piece.length;
    while (this.#chunks.length > 1 && this.#kept - this.#chunks[0]!.length >= this.#max) {
      const gone = this.#chunks.shift()!;
      this.#kept -= gone.length;
      this.#dropped += gone.length;
    }
  }

  text(): string {
    const all = Buffer.concat(this.#chunks);
    const kept = all.length > this.#max ? all.subarray(all.length - this.#max) : all;
    const dropped = this.#dropped + all.length - kept.length;
    const text = kept.toString("utf8");
    return dropped === 0 ? text : `[${dropped} bytes left out]\n${text}`;
  }
}
