import type { resourceV1 } from "../../api/index.ts";

type ResourceClaim = resourceV1.ResourceClaim;
export type Consumer = resourceV1.ResourceClaimConsumerReference;

export const allocationFinalizer = "resource.kubernetes.io/delete-protection";

/** What becomes of a claim whose consumers are known to be these. */
export interface Release {
  /** To be written first. */
  readonly status?: resourceV1.ResourceClaimStatus;
  /** Whether nothing holds the claim once that is written. */
  readonly isFree: boolean;
}

/**
 * The last consumer that goes takes the allocation with it, so that the next one may be placed elsewhere. A claim that
 * was never used keeps its allocation until it is deleted.
 */
export function release(claim: ResourceClaim, remaining: readonly Consumer[]): Release {
  const { reservedFor = [], allocation } = claim.status ?? {};
  const isProtected = (claim.metadata.finalizers ?? []).includes(allocationFinalizer);
  const isUnused = remaining.length === 0;
  if (remaining.length < reservedFor.length) {
    const kept = isUnused && isProtected ? undefined : allocation;
    const status = withStatus(claim, { reservedFor: isUnused ? undefined : [...remaining], allocation: kept });
    return { status, isFree: isProtected && kept === undefined };
  }
  if (!isProtected || !isUnused || claim.metadata.deletionTimestamp === undefined) return { isFree: false };
  return allocation === undefined
    ? { isFree: true }
    : { status: withStatus(claim, { allocation: undefined }), isFree: true };
}

function withStatus(claim: ResourceClaim, changes: resourceV1.ResourceClaimStatus): resourceV1.ResourceClaimStatus {
  const status: resourceV1.ResourceClaimStatus = { ...claim.status, ...changes };
  if (status.reservedFor === undefined) delete status.reservedFor;
  if (status.allocation === undefined) delete status.allocation;
  return status;
}

/** The pod that a claim was made for. */
export function owningPod(claim: ResourceClaim): { readonly name: string; readonly uid: string } | undefined {
  return claim.metadata.ownerReferences?.find(
    ({ controller, apiVersion, kind }) => controller === true && apiVersion === "v1" && kind === "Pod",
  );
}
