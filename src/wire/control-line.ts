/**
 * Cuts a byte stream into lines for the control protocol. Works on bytes, because a character may
 * be split between two reads; bounded, because the other side may be broken or hostile.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #held = 0;
  #overflown = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A line has begun and not yet ended. */
  get hasPartialLine(): boolean {
    return this.#held > 0;
  }

  /** A line was longer than allowed: what follows cannot be trusted, close the connection. */
  get overflown(): boolean {
    return this.#overflown;
  }

  /** Takes the bytes that arrived; returns the lines that are now complete, without their ends. */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    while (!this.#overflown) {
      const end = bytes.indexOf(NEWLINE, start);
      const part = bytes.subarray(start, end < 0 ? bytes.length : end);
      this.#hold(part);
      if (end < 0 || this.#overflown) break;
      const line = this.#take();
      if (line !== "") lines.push(line);
      start = end + 1;
    }
    return lines;
  }

  #hold(part: Uint8Array): void {
    if (this.#held + part.length > this.#maxBytes) {
      this.#overflown = true;
      this.#parts = [];
      this.#held = 0;
    } else if (part.length > 0) {
      this.#parts.push(part);
      this.#held += part.length;
    }
  }

  #take(): string {
    const whole = new Uint8Array(this.#held);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#held = 0;
    return new TextDecoder().decode(whole).trim();
  }
}

const NEWLINE = 0x0a;
