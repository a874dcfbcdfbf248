export { type ClaimOptions, claimObjects } from "./claim.ts";
export { findCondition, isConditionTrue, withCondition, withoutCondition } from "./conditions.ts";
export type { ControllerContext } from "./context.ts";
export type { Key, Reconciler, Result } from "./contract.ts";
export { Controller, type ControllerOptions, type KeyMapper } from "./controller.ts";
export { isSemanticallyEqual } from "./equality.ts";
export {
  findOrCreateRevision,
  newRevision,
  type RevisionOwner,
  revisionsOf,
  sortRevisions,
  templatePatch,
  trimHistory,
} from "./history.ts";
export { canonicalJson, contentHash, fnv32a, safeEncode } from "./hash.ts";
export { type PeriodicOptions, periodic, runAll } from "./manager.ts";
export {
  byControllerUid,
  byOwnerUid,
  controllerOf,
  groupOf,
  isControlledBy,
  mapOwner,
  newControllerRef,
  orphansIn,
  type OwnerKind,
} from "./owners.ts";
export { type DeletionRank, sortForDeletion } from "./pods/deletion-order.ts";
export { matchesNodeSelector, matchesRequiredNodeAffinity } from "./pods/node-affinity.ts";
export { PodControl, type PodOwner, podFromTemplate } from "./pods/pod-control.ts";
export {
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  isPodTerminating,
  nextAvailabilityMs,
  podCondition,
  timeOf,
} from "./pods/pod-state.ts";
export { boundVolumeOf, claimKeyOf, claimKeysOf, type VolumeLookup } from "./pods/pod-volumes.ts";
export { createReplicaController, type ReplicaKind, type ReplicaView } from "./pods/replica-controller.ts";
export type { ReplicaStatus } from "./pods/replica-status.ts";
export { generationChanged, type Predicate, where } from "./predicate.ts";
export { type Patience, patienceFor, tolerates } from "./pods/tolerations.ts";
export { slowStartBatch } from "./slow-start.ts";
export { WriteTracker } from "./write-tracker.ts";
export * as volumeAnnotations from "./volumes/annotations.ts";
export {
  bestVolume,
  isForClaim,
  isVolumeReachable,
  requestedStorage,
  storageClassOf,
  volumeMismatch,
} from "./volumes/matching.ts";
