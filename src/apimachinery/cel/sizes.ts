/** How large a value can be, at least and at most: characters, bytes, elements, entries. */
export interface Size {
  readonly min: number;
  readonly max: number;
}

export const unknownSize: Size = { min: 0, max: Number.POSITIVE_INFINITY };

export function exactly(size: number): Size {
  return { min: size, max: size };
}

export function eitherSize(a: Size, b: Size): Size {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

export function addSizes(a: Size, b: Size): Size {
  return { min: a.min + b.min, max: a.max + b.max };
}

export function multiplySizes(a: Size, b: Size): Size {
  return { min: times(a.min, b.min), max: times(a.max, b.max) };
}

/** Nothing, however often, is nothing. */
export function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}
