/**
 * `runtime.Unknown`, the envelope around every object in protobuf: four magic bytes, then
 * typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2, contentEncoding = 3, contentType = 4.
 */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const lengthDelimited = 2;

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

export function hasEnvelope(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x6b && bytes[1] === 0x38 && bytes[2] === 0x73 && bytes[3] === 0x00;
}

/** Undefined when the bytes are no envelope. */
export function openEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (!hasEnvelope(bytes)) return undefined;
  const outer = fieldsOf(bytes.subarray(4));
  const typeMeta = outer === undefined ? undefined : fieldsOf(outer.get(1) ?? new Uint8Array());
  if (outer === undefined || typeMeta === undefined) return undefined;
  const text = (field: number): string => Buffer.from(typeMeta.get(field) ?? []).toString();
  return { apiVersion: text(1), kind: text(2), raw: outer.get(2) ?? new Uint8Array() };
}

/** Upstream writes all four fields, empty ones too. */
export function closeEnvelope({ apiVersion, kind, raw }: Envelope): Buffer {
  return Buffer.concat([envelopeHead(apiVersion, kind, raw.length), raw, envelopeTail]);
}

/** What stands before so many bytes of an object. */
export function envelopeHead(apiVersion: string, kind: string, rawLength: number): Buffer {
  const typeMeta = Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))]);
  return Buffer.concat([magic, field(1, typeMeta), fieldHead(2, rawLength)]);
}

const empty = Buffer.alloc(0);
export const envelopeTail: Buffer = Buffer.concat([field(3, empty), field(4, empty)]);

/** A length-delimited field: tag, length, bytes. */
export function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([fieldHead(number, bytes.length), bytes]);
}

export function fieldHead(number: number, length: number): Buffer {
  return Buffer.from([...varint((number << 3) | lengthDelimited), ...varint(length)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** The length-delimited fields of a message, the last of each number. Undefined when malformed. */
export function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const fields = new Map<number, Uint8Array>();
  let at = 0;
  const read = (): number | undefined => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = read();
    if (tag === undefined) return undefined;
    const wire = tag % 8;
    if (wire === 0) {
      if (read() === undefined) return undefined;
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === lengthDelimited ? read() : undefined;
    if (length === undefined || at + length > bytes.length) return undefined;
    if (wire === lengthDelimited) fields.set(Math.floor(tag / 8), bytes.subarray(at, at + length));
    at += length;
  }
  return fields;
}
