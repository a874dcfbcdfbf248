import { StatusError } from "../apimachinery/index.ts";
import type { Clock } from "../base/index.ts";

export function isConflict(error: unknown): boolean {
  return error instanceof StatusError && error.reason === "Conflict";
}

export function isNotFound(error: unknown): boolean {
  return error instanceof StatusError && error.reason === "NotFound";
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof StatusError && error.reason === "AlreadyExists";
}

export function isForbidden(error: unknown): boolean {
  return error instanceof StatusError && error.reason === "Forbidden";
}

export function isInvalid(error: unknown): boolean {
  return error instanceof StatusError && error.reason === "Invalid";
}

/** The namespace is being deleted and takes nothing new. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!isForbidden(error) || !(error instanceof StatusError)) return false;
  return (error.status.details?.causes ?? []).some((cause) => cause.reason === "NamespaceTerminating");
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Default 5, as upstream's `DefaultRetry`. */
  readonly attempts?: number;
}

/** Does the work again when it met a newer version of its object: at once, then after 10 ms. The work must read afresh. */
export async function retryOnConflict<T>(options: RetryOptions, work: () => Promise<T>): Promise<T> {
  const { clock, signal, attempts = 5 } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isConflict(error)) throw error;
      await clock.sleep(10, signal);
    }
  }
}

/** `undefined` instead of a failure when the object is not there. */
export async function orNotFound<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
