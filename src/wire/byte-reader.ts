/**
 * Reads a message body. Never throws: past the end, or at a malformed value, `failed` is set and
 * harmless values are returned, so that a decoder checks once, at its end.
 */
export class ByteReader {
  readonly #buffer: Buffer;
  #offset = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#take(1) ? this.#buffer[this.#offset - 1]! : 0;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value <= Number.MAX_SAFE_INTEGER) return value;
        break;
      }
      scale *= 0x80;
    }
    this.failed = true;
    return 0;
  }

  f64(): number {
    if (!this.#take(8)) return 0;
    const value = this.#buffer.readDoubleBE(this.#offset - 8);
    if (Number.isFinite(value)) return value;
    this.failed = true;
    return 0;
  }

  text(): string {
    const size = this.varint();
    return this.#take(size) ? this.#buffer.toString("utf8", this.#offset - size, this.#offset) : "";
  }

  /** All that is left; a view, not a copy. */
  rest(): Uint8Array {
    const bytes = this.#buffer.subarray(this.#offset);
    this.#offset = this.#buffer.length;
    return bytes;
  }

  /** True if every read was within bounds and nothing is left over. */
  complete(): boolean {
    return !this.failed && this.#offset === this.#buffer.length;
  }

  #take(size: number): boolean {
    if (this.failed || size > this.#buffer.length - this.#offset) {
      this.failed = true;
      return false;
    }
    this.#offset += size;
    return true;
  }
}
