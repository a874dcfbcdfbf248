/** Wire types of protobuf, in the low three bits of a key. */
export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
export const wireFixed32 = 5;

export function keyOf(tag: number, wire: number): number {
  return tag * 8 + wire;
}
