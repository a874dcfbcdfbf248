import {
  type GroupResource,
  newConflict,
  newFailure,
  optimisticLockMessage,
  type StatusError,
} from "../../apimachinery/index.ts";
import type { ResourceDescriptor } from "./contract.ts";

export function groupResourceOf(descriptor: ResourceDescriptor): GroupResource {
  return { group: descriptor.group, resource: descriptor.facts.name };
}

export function staleError(descriptor: ResourceDescriptor, name: string): StatusError {
  return newConflict(groupResourceOf(descriptor), name, optimisticLockMessage);
}

/** A reader asks for a state that has not come yet. */
export function tooLargeResourceVersion(requested: number | bigint, current: number): StatusError {
  return newFailure(504, "Timeout", `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** 410 Expired for a watch that starts in a past that is gone. */
export function tooOldResourceVersion(requested: number, oldest: number): StatusError {
  return newFailure(410, "Expired", `too old resource version: ${requested} (${oldest})`);
}
