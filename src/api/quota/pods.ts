import { type KubeObject, Quantity } from "../../apimachinery/index.ts";
import { isExtendedResource, isNativeResource } from "../core/v1/extended-resources.ts";
import { type Amounts, isPodLevelResource, podAmounts } from "../core/v1/pod-amounts.ts";
import { podQos } from "../core/v1/pod-qos.ts";
import type { Container, Pod } from "../core/v1/types.ts";
import type { QuotaEvaluator } from "./evaluator.ts";
import { matchesValues } from "./scopes.ts";

const one = Quantity.fromValue(1);
const compute = ["cpu", "memory", "ephemeral-storage"];
const tracked: ReadonlySet<string> = new Set([
  ...["count/pods", "pods"],
  ...compute.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** A quota of these wants every container to say how much it takes. */
const demanded = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
const deviceClassPrefix = "deviceclass.resource.kubernetes.io/";

export const podEvaluator: QuotaEvaluator = {
  tracks: (name) =>
    tracked.has(name) ||
    name.startsWith("hugepages-") ||
    name.startsWith("requests.hugepages-") ||
    isExtendedResourceQuota(name),
  usage(object, { nowMs }) {
    const pod = object as Pod;
    const usage = new Map([["count/pods", one]]);
    return isCounted(pod, nowMs) ? new Map([...usage, ...computeUsage(pod)]) : usage;
  },
  inScope({ scopeName, operator, values = [] }, object) {
    const { spec } = object as Pod;
    switch (scopeName) {
      case "Terminating":
        return isTerminating(object);
      case "NotTerminating":
        return !isTerminating(object);
      case "BestEffort":
        return qosOf(object) === "BestEffort";
      case "NotBestEffort":
        return qosOf(object) !== "BestEffort";
      case "PriorityClass":
        return matchesValues({ operator, values }, spec.priorityClassName ? [spec.priorityClassName] : []);
      case "CrossNamespacePodAffinity":
        return looksElsewhere(object as Pod);
      default:
        return false;
    }
  },
  /** `must specify limits.cpu for: a,b; limits.memory for: a`. */
  lacking(names, object) {
    const { containers, initContainers = [], resources } = (object as Pod).spec;
    const own = [...Object.keys(resources?.requests ?? {}), ...Object.keys(resources?.limits ?? {})];
    if (own.some(isPodLevelResource)) return undefined;
    const problems = demanded
      .filter((name) => names.includes(name))
      .flatMap((name) => {
        const open = [...containers, ...initContainers].filter((container) => !specifies(container, name));
        const called = [...new Set(open.map((container) => container.name))].toSorted();
        return called.length === 0 ? [] : [`${name} for: ${called.join(",")}`];
      });
    return problems.length === 0 ? undefined : `must specify ${problems.toSorted().join("; ")}`;
  },
};

/** Whether a name in `hard` is that of a device, such as `requests.example.com/gpu`. */
export function isExtendedResourceQuota(name: string): boolean {
  if (!name.startsWith("requests.")) return false;
  return !isNativeResource(name) || name.startsWith(`requests.${deviceClassPrefix}`);
}

/** What runs, and what waits to run: neither at its end, nor overdue to go. */
function isCounted({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

export function isTerminating(object: KubeObject): boolean {
  return ((object as Pod).spec.activeDeadlineSeconds ?? -1) >= 0;
}

function computeUsage(pod: Pod): Amounts {
  const usage = new Map([["pods", one]]);
  for (const [name, amount] of podAmounts(pod, "requests", { withStatus: true })) {
    const plain = compute.includes(name) || name.startsWith("hugepages-");
    if (plain) usage.set(name, amount);
    if (plain || isExtendedResource(name) || name.startsWith(deviceClassPrefix)) usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of podAmounts(pod, "limits", { withStatus: true }))
    if (compute.includes(name)) usage.set(`limits.${name}`, amount);
  return usage;
}

function qosOf(object: KubeObject): string {
  const pod = object as Pod;
  return pod.status?.qosClass ?? podQos(pod);
}

function specifies({ resources }: Container, name: string): boolean {
  const [kind = "", resource = kind] = name.includes(".") ? name.split(".") : ["requests", name];
  const list = kind === "limits" ? resources?.limits : resources?.requests;
  return list?.[resource] !== undefined;
}

function looksElsewhere({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((side) => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
  );
}
