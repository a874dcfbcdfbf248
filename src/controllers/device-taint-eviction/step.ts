import type { DeviceTaint, DeviceToleration, Pod, ResourceSlice, resourceV1 } from "../../api/index.ts";

type ResourceClaim = resourceV1.ResourceClaim;

/** Slices of a pool: by driver and name. */
export type PoolSlices = (pool: string) => readonly ResourceSlice[];

export function poolKey(driver: string, pool: string): string {
  return `${driver}/${pool}`;
}

/** Pools of the devices that a claim was given. */
export function poolsOf({ status }: ResourceClaim): readonly string[] {
  const { results = [] } = status?.allocation?.devices ?? {};
  return [...new Set(results.map(({ driver, pool }) => poolKey(driver, pool)))];
}

/** Taints that evict, of the devices in a slice. */
export function evictingTaintsOf({ spec }: ResourceSlice): readonly (readonly [device: string, taint: DeviceTaint])[] {
  return (spec.devices ?? []).flatMap(({ name, taints = [] }) =>
    taints.filter(({ effect }) => effect === "NoExecute").map((taint) => [name, taint] as const),
  );
}

/** When pods with this claim have to go, in milliseconds since the epoch; `undefined`: no device asks for it. */
export function claimEvictionTime(claim: ResourceClaim, slicesOf: PoolSlices): number | undefined {
  const times = (claim.status?.allocation?.devices?.results ?? []).flatMap(
    ({ driver, pool, device, tolerations = [] }) =>
      taintsOf(slicesOf(poolKey(driver, pool)), device).flatMap((taint) => evictionTime(taint, tolerations) ?? []),
  );
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Only slices of a pool's newest generation count. */
function taintsOf(slices: readonly ResourceSlice[], device: string): readonly DeviceTaint[] {
  const newest = Math.max(...slices.map(({ spec }) => spec.pool.generation));
  return slices
    .filter(({ spec }) => spec.pool.generation === newest)
    .flatMap((slice) => evictingTaintsOf(slice))
    .filter(([name]) => name === device)
    .map(([, taint]) => taint);
}

function evictionTime(taint: DeviceTaint, tolerations: readonly DeviceToleration[]): number | undefined {
  if (taint.timeAdded === undefined) return undefined;
  const added = Date.parse(taint.timeAdded);
  const matching = tolerations.filter((one) => one.effect === "NoExecute" && tolerates(one, taint));
  if (matching.length === 0) return added;
  const seconds = matching.map(({ tolerationSeconds }) => tolerationSeconds);
  // One that has no end tolerates for ever, whatever others say.
  if (seconds.includes(undefined)) return undefined;
  return added + 1_000 * Math.min(...seconds.map((one) => Math.max(0, one ?? 0)));
}

function tolerates({ key = "", operator = "Equal", value = "" }: DeviceToleration, taint: DeviceTaint): boolean {
  if (key !== "" && key !== taint.key) return false;
  return operator === "Exists" || (operator === "Equal" && value === (taint.value ?? ""));
}

export interface PodClaim {
  readonly name: string;
  /** Made of a template, for one pod only. */
  readonly isGenerated: boolean;
}

/** A pod's claims that are known by now. */
export function claimsOf(pod: Pod): readonly PodClaim[] {
  return (pod.spec.resourceClaims ?? []).flatMap((entry): PodClaim[] => {
    const { name, resourceClaimName, resourceClaimTemplateName } = entry;
    if (resourceClaimName !== undefined) return [{ name: resourceClaimName, isGenerated: false }];
    if (resourceClaimTemplateName === undefined) return [];
    const made = pod.status?.resourceClaimStatuses?.find((status) => status.name === name)?.resourceClaimName;
    return made === undefined ? [] : [{ name: made, isGenerated: true }];
  });
}
