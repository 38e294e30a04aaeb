import type { Millis } from "../core/units.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type {
  Acknowledgement,
  Advert,
  Heard,
  Ping,
  Pong,
  ProbeAnswer,
  ProbeRequest,
  Segment,
  WireMessage,
} from "./message.ts";

/** Most ranges that an acknowledgement names; what is beyond is acknowledged later. */
export const MAX_RANGES = 32;

/** Most peers that an advertisement lists; twice the largest cluster we aim at. */
const MAX_HEARD = 64;

const FLAG = { leaving: 1, stuck: 2, quorate: 4 } as const;

/** Times travel in hundredths of a millisecond, as integers. */
const TICKS_PER_MS = 100;

/** The type bytes of frames. Numbers are never reused. */
const TYPE = {
  advert: 1,
  ping: 2,
  pong: 3,
  "probe-request": 4,
  "probe-answer": 5,
  segment: 6,
  acknowledgement: 7,
} as const satisfies Record<WireMessage["kind"], number>;

/** The frame type of a message. */
export function typeOf(message: WireMessage): number {
  return TYPE[message.kind];
}

/** The body of a frame. `decodeMessage` is its inverse. */
export function encodeMessage(message: WireMessage): Uint8Array {
  const writer = new ByteWriter();
  if (message.kind === "advert") writeAdvert(writer, message);
  else writeDirected(writer, message);
  return writer.bytes();
}

/** Undefined if the type is unknown or the body is not exactly one message of it. */
export function decodeMessage(type: number, body: Uint8Array): WireMessage | undefined {
  const reader = new ByteReader(body);
  const message = readMessage(type, reader);
  return reader.complete() ? message : undefined;
}

/** Where the number of an advertisement stands in its body: after the flags, before all the rest. */
export function advertVariable(
  body: Uint8Array,
): { readonly sequence: number; readonly end: number } | undefined {
  let sequence = 0;
  let scale = 1;
  for (let at = 1; at <= 8 && at < body.length; at++) {
    const byte = body[at]!;
    sequence += (byte & 0x7f) * scale;
    if (byte < 0x80)
      return sequence <= Number.MAX_SAFE_INTEGER ? { sequence, end: at + 1 } : undefined;
    scale *= 0x80;
  }
  return undefined;
}

/** The frame type of advertisements. */
export const ADVERT_TYPE = TYPE.advert;

function readMessage(type: number, reader: ByteReader): WireMessage | undefined {
  switch (type) {
    case TYPE.advert:
      return readAdvert(reader);
    case TYPE.ping:
      return readNonce("ping", reader);
    case TYPE.pong:
      return readNonce("pong", reader);
    case TYPE["probe-request"]:
      return readProbeRequest(reader);
    case TYPE["probe-answer"]:
      return readProbeAnswer(reader);
    case TYPE.segment:
      return readSegment(reader);
    case TYPE.acknowledgement:
      return readAcknowledgement(reader);
    default:
      return undefined;
  }
}

function writeDirected(writer: ByteWriter, message: Exclude<WireMessage, Advert>): void {
  writer.text(message.to);
  if (message.kind === "ping" || message.kind === "pong") writer.varint(message.nonce);
  else if (message.kind === "segment") writeSegment(writer, message);
  else if (message.kind === "acknowledgement") writeAcknowledgement(writer, message);
  else writer.text(message.target);
  if (message.kind === "probe-answer") writer.varint(toTicks(message.ageMs));
}

function writeAdvert(writer: ByteWriter, { body, ...advert }: Advert): void {
  writer.u8(
    (advert.leaving ? FLAG.leaving : 0) |
      (advert.stuck ? FLAG.stuck : 0) |
      (body.quorate ? FLAG.quorate : 0),
  );
  writer.varint(advert.sequence);
  writer.varint(toTicks(advert.intervalMs));
  writer.f64(body.priority);
  writer.text(body.viewId);
  writer.text(body.dc);
  writer.varint(body.term);
  writer.varint(body.definitionVersion);
  writer.text(body.activeDigest);
  writer.f64(body.load);
  const heard = advert.heard.slice(0, MAX_HEARD);
  writer.varint(heard.length);
  for (const { node, links } of heard) {
    writer.text(node);
    writer.varint(links);
  }
}

function readAdvert(reader: ByteReader): Advert {
  const flags = reader.u8();
  const sequence = reader.varint();
  const intervalMs = fromTicks(reader.varint());
  const body = {
    priority: reader.f64(),
    viewId: reader.text(),
    dc: reader.text(),
    term: reader.varint(),
    quorate: (flags & FLAG.quorate) !== 0,
    definitionVersion: reader.varint(),
    activeDigest: reader.text(),
    load: reader.f64(),
  };
  return {
    kind: "advert",
    sequence,
    intervalMs,
    leaving: (flags & FLAG.leaving) !== 0,
    stuck: (flags & FLAG.stuck) !== 0,
    body,
    heard: readHeard(reader),
  };
}

function readHeard(reader: ByteReader): Heard[] {
  const count = reader.varint();
  if (count > MAX_HEARD) reader.failed = true;
  const heard: Heard[] = [];
  for (let i = 0; i < count && !reader.failed; i++) {
    heard.push({ node: reader.text(), links: reader.varint() });
  }
  return heard;
}

function readNonce<Kind extends "ping" | "pong">(
  kind: Kind,
  reader: ByteReader,
): (Ping | Pong) & { kind: Kind } {
  const to = reader.text();
  return { kind, to, nonce: reader.varint() } as (Ping | Pong) & { kind: Kind };
}

function readProbeRequest(reader: ByteReader): ProbeRequest {
  return { kind: "probe-request", to: reader.text(), target: reader.text() };
}

function readProbeAnswer(reader: ByteReader): ProbeAnswer {
  const to = reader.text();
  return { kind: "probe-answer", to, target: reader.text(), ageMs: fromTicks(reader.varint()) };
}

function writeSegment(writer: ByteWriter, segment: Segment): void {
  writer.varint(segment.toIncarnation);
  writer.varint(segment.stream);
  writer.varint(segment.transmission);
  writer.varint(segment.sequence);
  writer.u8(segment.end ? 1 : 0);
  writer.rest(segment.payload);
}

function readSegment(reader: ByteReader): Segment {
  return {
    kind: "segment",
    to: reader.text(),
    toIncarnation: reader.varint(),
    stream: reader.varint(),
    transmission: reader.varint(),
    sequence: reader.varint(),
    end: reader.u8() === 1,
    payload: reader.rest(),
  };
}

function writeAcknowledgement(writer: ByteWriter, ack: Acknowledgement): void {
  writer.varint(ack.toIncarnation);
  writer.varint(ack.stream);
  writer.varint(ack.transmission);
  writer.varint(ack.next);
  writer.varint(ack.window);
  const ranges = ack.ranges.slice(0, MAX_RANGES);
  writer.varint(ranges.length);
  let last = ack.next;
  for (const [first, end] of ranges) {
    writer.varint(first - last);
    writer.varint(end - first);
    last = end;
  }
}

function readAcknowledgement(reader: ByteReader): Acknowledgement {
  const to = reader.text();
  const toIncarnation = reader.varint();
  const stream = reader.varint();
  const transmission = reader.varint();
  const next = reader.varint();
  const window = reader.varint();
  const count = reader.varint();
  if (count > MAX_RANGES) reader.failed = true;
  const ranges: [number, number][] = [];
  let last = next;
  for (let i = 0; i < count && !reader.failed; i++) {
    const first = last + reader.varint();
    last = first + reader.varint();
    ranges.push([first, last]);
  }
  return { kind: "acknowledgement", to, toIncarnation, stream, transmission, next, window, ranges };
}

function toTicks(ms: Millis): number {
  return Math.max(0, Math.round(ms * TICKS_PER_MS));
}

function fromTicks(ticks: number): Millis {
  return ticks / TICKS_PER_MS;
}
