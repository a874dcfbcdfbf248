/** The fields of one protobuf message whose shape the reader knows. */
export interface ProtobufMessage {
  bytes(field: number): Uint8Array | undefined;
  text(field: number): string | undefined;
  texts(field: number): readonly string[];
  integer(field: number): number | undefined;
}

/** For the few messages that have no compiled codec. Throws `RangeError` when malformed. */
export function readMessage(buffer: Uint8Array): ProtobufMessage {
  const blobs = new Map<number, Uint8Array[]>();
  const numbers = new Map<number, number>();
  let at = 0;
  while (at < buffer.length) {
    const [tag, afterTag] = varint(buffer, at);
    const wire = tag % 8;
    const field = Math.floor(tag / 8);
    if (wire === 0) {
      const [value, next] = varint(buffer, afterTag);
      numbers.set(field, value);
      at = next;
      continue;
    }
    const [length, start] = wire === 2 ? varint(buffer, afterTag) : [wire === 1 ? 8 : 4, afterTag];
    if (start + length > buffer.length) throw new RangeError("unexpected EOF");
    const list = blobs.get(field) ?? [];
    list.push(buffer.subarray(start, start + length));
    blobs.set(field, list);
    at = start + length;
  }
  const texts = (field: number): string[] => (blobs.get(field) ?? []).map((bytes) => Buffer.from(bytes).toString());
  return {
    bytes: (field) => blobs.get(field)?.at(-1),
    text: (field) => texts(field).at(-1),
    texts,
    integer: (field) => numbers.get(field),
  };
}

/** Negative 64-bit numbers come as ten bytes; two's complement is undone. */
function varint(buffer: Uint8Array, from: number): [number, number] {
  let value = 0n;
  for (let at = from, shift = 0n; shift < 70n; at += 1, shift += 7n) {
    const byte = buffer[at];
    if (byte === undefined) throw new RangeError("unexpected EOF");
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [Number(BigInt.asIntN(64, value)), at + 1];
  }
  throw new RangeError("varint overflow");
}
