import type { GroupResource, KubeObject } from "../../apimachinery/index.ts";
import { Quantity } from "../../apimachinery/index.ts";
import type { Amounts } from "../core/v1/pod-amounts.ts";
import type { Pod, ResourceQuota, ScopedResourceSelectorRequirement } from "../core/v1/types.ts";
import type { DeviceClass, ResourceClaim } from "../resource/v1/types.ts";
import { claimEvaluator } from "./claims.ts";
import { deviceEvaluator } from "./devices.ts";
import { podEvaluator } from "./pods.ts";
import { serviceEvaluator } from "./services.ts";

/** What else an object's usage depends on. */
export interface QuotaSurroundings {
  /** Wall time. */
  readonly nowMs: number;
  readonly deviceClasses: () => Iterable<DeviceClass>;
  readonly pod: (namespace: string, name: string) => Pod | undefined;
  readonly resourceClaims: (namespace: string) => Iterable<ResourceClaim>;
}

/** How objects of one resource count against quotas. Upstream: `quota.Evaluator`. */
export interface QuotaEvaluator {
  /** Whether a name in `hard` is about such objects. */
  tracks(name: string, surroundings: QuotaSurroundings): boolean;
  /** What an object takes, by the names that quotas have for it. */
  usage(object: KubeObject, surroundings: QuotaSurroundings): Amounts;
  /** Whether an object is in a scope. Without it objects are in none. */
  inScope?(requirement: ScopedResourceSelectorRequirement, object: KubeObject): boolean;
  /** What the object lacks to be counted by quotas of these names. */
  lacking?(names: readonly string[], object: KubeObject): string | undefined;
}

const one = Quantity.fromValue(1);
/** Resources that are counted by their plain names as well as by `count/…`. */
const plainCounts = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas"];

const special: ReadonlyMap<string, QuotaEvaluator> = new Map([
  ["pods", podEvaluator],
  ["services", serviceEvaluator],
  ["persistentvolumeclaims", claimEvaluator],
  ["resourceclaims.resource.k8s.io", deviceEvaluator],
]);

/** Any other resource is only counted. */
export function quotaEvaluator({ group, resource }: GroupResource): QuotaEvaluator {
  const name = group === "" ? resource : `${resource}.${group}`;
  const found = special.get(name);
  if (found !== undefined) return found;
  const names = [`count/${name}`, ...(group === "" && plainCounts.includes(resource) ? [resource] : [])];
  const usage = new Map(names.map((each) => [each, one]));
  return { tracks: (each) => names.includes(each), usage: () => usage };
}

/** Of which resource `count/deployments.apps` speaks. */
export function countedResource(name: string): GroupResource | undefined {
  if (plainCounts.includes(name)) return { group: "", resource: name };
  if (!name.startsWith("count/")) return undefined;
  const [resource = "", ...group] = name.slice("count/".length).split(".");
  return { resource, group: group.join(".") };
}

/** All scopes of a quota, in the form of its selector. */
export function scopesOf({ spec }: ResourceQuota): readonly ScopedResourceSelectorRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" as const }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** Whether a quota is about this object: all of its scopes have to fit. */
export function isInScopes(quota: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject): boolean {
  return scopesOf(quota).every((requirement) => evaluator.inScope?.(requirement, object) === true);
}
