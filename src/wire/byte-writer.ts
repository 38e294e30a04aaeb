const INITIAL_BYTES = 256;

/** Builds a message body. Grows as needed; the caller bounds the size. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** An unsigned integer below 2^53 in groups of seven bits, least significant first; others become 0. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = Number.isSafeInteger(value) && value > 0 ? value : 0;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** A finite number; others become 0, because no receiver would take them. */
  f64(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleBE(Number.isFinite(value) ? value : 0, this.#length);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.#reserve(size);
    this.#length += this.#buffer.write(value, this.#length);
  }

  /** Bytes without a length: they reach to the end of the message. */
  rest(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + size));
    larger.set(this.bytes());
    this.#buffer = larger;
  }
}
