import { type KubeObject, Quantity } from "../../apimachinery/index.ts";
import { addAmounts, type Amounts } from "../core/v1/pod-amounts.ts";
import type { DeviceRequest, DeviceSubRequest, ResourceClaim } from "../resource/v1/types.ts";
import type { QuotaEvaluator, QuotaSurroundings } from "./evaluator.ts";
import { isExtendedResourceQuota, podEvaluator } from "./pods.ts";

const countName = "count/resourceclaims.resource.k8s.io";
const classSuffix = ".deviceclass.resource.k8s.io/devices";
const implicitPrefix = "requests.deviceclass.resource.kubernetes.io/";
const extendedAnnotation = "resource.kubernetes.io/extended-resource-claim";
/** What "all" devices are taken for. Upstream: `AllocationResultsMaxSize`. */
const allDevices = 32;

type Asked = Pick<DeviceSubRequest, "deviceClassName" | "allocationMode" | "count">;

/** Claims of devices, by their classes and by the extended resources that these stand for. */
export const deviceEvaluator: QuotaEvaluator = {
  tracks(name, surroundings) {
    if (name === countName || name.endsWith(classSuffix)) return true;
    const names = extendedNames(surroundings);
    if (name.startsWith(implicitPrefix) && names.has(name.slice(implicitPrefix.length))) return true;
    return isExtendedResourceQuota(name) && [...names.values()].includes(name.slice("requests.".length));
  },
  usage(object, surroundings) {
    const claim = object as ResourceClaim;
    const byClass = new Map<string, Quantity>();
    for (const request of claim.spec.devices?.requests ?? []) addAmounts(byClass, amountsOf(request));
    const usage = new Map([[countName, Quantity.fromValue(1)]]);
    for (const [name, amount] of byClass) usage.set(`${name}${classSuffix}`, amount);
    const names = extendedNames(surroundings);
    const counted = countedWithPod(claim, surroundings);
    for (const [name, amount] of byClass) {
      const extended = names.get(name);
      for (const other of [`${implicitPrefix}${name}`, ...(extended ? [`requests.${extended}`] : [])]) {
        const rest = amount.subtract(counted.get(other) ?? Quantity.zero);
        if (rest.sign > 0) usage.set(other, rest);
      }
    }
    return usage;
  },
};

/** Where one of several requests is met, each class counts as in the worst of them. */
function amountsOf({ exactly, firstAvailable = [] }: DeviceRequest): Amounts {
  if (firstAvailable.length === 0) return exactly === undefined ? new Map() : new Map([amountOf(exactly)]);
  const most = new Map<string, Quantity>();
  for (const [name, amount] of firstAvailable.map(amountOf))
    if ((most.get(name) ?? Quantity.zero).compare(amount) < 0) most.set(name, amount);
  return most;
}

function amountOf({ deviceClassName, allocationMode = "ExactCount", count = 1 }: Asked): [string, Quantity] {
  const devices = allocationMode === "All" ? allDevices : allocationMode === "ExactCount" ? count : 0;
  return [deviceClassName, Quantity.fromValue(devices)];
}

/** By their classes. */
function extendedNames({ deviceClasses }: QuotaSurroundings): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { metadata, spec } of deviceClasses())
    if (spec.extendedResourceName) names.set(metadata.name ?? "", spec.extendedResourceName);
  return names;
}

/** What the pod has been charged for already, if the claim was made for the extended resources that it asks for. */
function countedWithPod(claim: ResourceClaim, surroundings: QuotaSurroundings): Amounts {
  const owner = podOwnerOf(claim);
  if (owner === undefined) return new Map();
  const pod = surroundings.pod(claim.metadata.namespace ?? "", owner.name);
  if (pod?.metadata.uid !== owner.uid) return new Map();
  const named = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  const isItsOwn = named === undefined ? isFirst(claim, owner.uid, surroundings) : named === claim.metadata.name;
  return isItsOwn ? podEvaluator.usage(pod, surroundings) : new Map();
}

function podOwnerOf({ metadata }: KubeObject): { readonly name: string; readonly uid: string } | undefined {
  if (metadata.annotations?.[extendedAnnotation] !== "true") return undefined;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner?.kind === "Pod" && owner.apiVersion === "v1" ? owner : undefined;
}

/** A pod has one such claim: of several, the one made first, and of those the one first by name. */
function isFirst(claim: ResourceClaim, podUid: string, { resourceClaims }: QuotaSurroundings): boolean {
  const { namespace = "", name = "", creationTimestamp } = claim.metadata;
  const madeMs = creationTimestamp === undefined ? Number.NEGATIVE_INFINITY : Date.parse(creationTimestamp);
  for (const other of resourceClaims(namespace)) {
    if (podOwnerOf(other)?.uid !== podUid) continue;
    const otherMs = Date.parse(other.metadata.creationTimestamp ?? "");
    if (otherMs < madeMs || (otherMs === madeMs && (other.metadata.name ?? "") < name)) return false;
  }
  return true;
}
