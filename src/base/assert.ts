/** A broken invariant: a fault in this program, never in its input. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(`broken invariant: ${message}`);
    this.name = "AssertionError";
  }
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Unwraps a value that the caller knows to be there. */
export function must<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionError(message);
  return value;
}

/** The end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new AssertionError(`unexpected ${JSON.stringify(value)}`);
}
