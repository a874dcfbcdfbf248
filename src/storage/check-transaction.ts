import type { Operation, Precondition } from "./contract.ts";
import { InvalidRequestError, RequestTooLargeError } from "./errors.ts";
import { checkKey } from "./keys.ts";
import { OPERATIONS_MAX } from "./options.ts";

/** Throws what every engine refuses before it looks at anything stored. */
export function checkTransaction(
  preconditions: readonly Precondition[],
  operations: readonly Operation[],
  requestBytesMax: number,
): void {
  if (operations.length > OPERATIONS_MAX || preconditions.length > OPERATIONS_MAX) {
    throw new InvalidRequestError(`a transaction has at most ${OPERATIONS_MAX} operations`);
  }
  let bytes = 0;
  for (const operation of operations) {
    checkKey(operation.key);
    bytes += operation.key.length;
    if (operation.type === "delete") continue;
    bytes += operation.value.length;
    const { ttlSeconds } = operation;
    if (ttlSeconds !== undefined && !(ttlSeconds > 0 && Number.isFinite(ttlSeconds))) {
      throw new InvalidRequestError(`time to live must be positive, not ${ttlSeconds}`);
    }
  }
  if (bytes > requestBytesMax) throw new RequestTooLargeError(bytes, requestBytesMax);
  if (operations.length > 1 && new Set(operations.map(({ key }) => key)).size < operations.length) {
    throw new InvalidRequestError("a transaction names each key at most once");
  }
}
