import type { Advert } from "./message.ts";
import { advertVariable, decodeMessage, encodeMessage, typeOf } from "./message-codec.ts";

/** A settled cluster says the same ten times a second. These two spare the work of saying it anew. */

/**
 * Decodes the advertisements of one sender. While nothing but their number changes, the parts of
 * the last one are given out again: the same objects, so that "nothing new" is told by identity.
 * What it returns is what `decodeMessage` returns.
 */
export class AdvertReader {
  #bytes: Uint8Array | undefined;
  #last: Advert | undefined;

  read(type: number, body: Uint8Array): Advert | undefined {
    const sequence = this.#sequenceOnly(body);
    if (sequence !== undefined && this.#last !== undefined) {
      const { kind, intervalMs, leaving, stuck, body: content, heard } = this.#last;
      return { kind, sequence, intervalMs, leaving, stuck, body: content, heard };
    }
    const message = decodeMessage(type, body);
    if (message?.kind !== "advert") return undefined;
    this.#bytes = body;
    this.#last = message;
    return message;
  }

  /** The number of an advertisement that is otherwise like the last one. */
  #sequenceOnly(body: Uint8Array): number | undefined {
    const last = this.#bytes;
    if (last === undefined || last[0] !== body[0]) return undefined;
    const before = advertVariable(last);
    const now = advertVariable(body);
    if (before === undefined || now === undefined) return undefined;
    if (last.length - before.end !== body.length - now.end) return undefined;
    for (let i = now.end, j = before.end; i < body.length; i++, j++) {
      if (body[i] !== last[j]) return undefined;
    }
    return now.sequence;
  }
}

/** Encodes our own advertisements: as `encodeMessage` does, from kept bytes where possible. */
export class AdvertWriter {
  #advert: Advert | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  /** `advert` is like the last one but for its number if its `body` and `heard` are the same objects. */
  write(advert: Advert): { readonly type: number; readonly bytes: Uint8Array } {
    const last = this.#advert;
    const isLike =
      last !== undefined &&
      last.body === advert.body &&
      last.heard === advert.heard &&
      last.intervalMs === advert.intervalMs &&
      last.leaving === advert.leaving &&
      last.stuck === advert.stuck;
    this.#bytes = isLike ? renumbered(this.#bytes, advert) : encodeMessage(advert);
    this.#advert = advert;
    return { type: typeOf(advert), bytes: this.#bytes };
  }
}

/** The same advertisement under another number. */
function renumbered(bytes: Uint8Array, advert: Advert): Uint8Array {
  const before = advertVariable(bytes);
  const digits: number[] = [];
  let rest = advert.sequence;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push((rest % 0x80) | 0x80);
  digits.push(rest);
  if (before === undefined) return encodeMessage(advert);
  const result = new Uint8Array(1 + digits.length + bytes.length - before.end);
  result[0] = bytes[0] ?? 0;
  result.set(digits, 1);
  result.set(bytes.subarray(before.end), 1 + digits.length);
  return result;
}
