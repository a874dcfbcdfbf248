/**
 * Thrown by compiled code for a value that does not fit its type, and caught by the codec, which then reads the text
 * again slowly to say what is wrong and where. One object, so that refusing costs no stack trace.
 */
export const misfit: unique symbol = Symbol("value does not fit its type");

export function refuse(): never {
  throw misfit;
}
