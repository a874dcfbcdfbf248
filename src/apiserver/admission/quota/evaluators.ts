import { parseQuantity, Quantity } from "../../../apimachinery/index.ts";
import type { Container, PersistentVolumeClaim, Pod, ResourceQuota, Service } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";

/** What one write takes from the quotas of its namespace. */
export interface Usage {
  readonly amounts: ReadonlyMap<string, Quantity>;
  /** Resources that count even when nothing is asked of them. */
  readonly required: ReadonlySet<string>;
  /** Compute resources that a quota may limit but the pod leaves open, and the containers that do. */
  readonly mustSpecify: ReadonlySet<string>;
  readonly unspecifiedBy: readonly string[];
}

const one = Quantity.fromValue(1);
const none: ReadonlySet<string> = new Set();
const computeNames = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"] as const;

/** `undefined` when the write takes nothing. */
export function usageOf(attributes: AdmissionAttributes): Usage | undefined {
  const { group, resource } = attributes.resource;
  const key = group === "" ? resource : `${resource}.${group}`;
  switch (key) {
    case "pods":
      return attributes.operation === "CREATE" ? podUsage(attributes.object as Pod) : undefined;
    case "services":
      return difference(
        serviceAmounts(attributes.object as Service),
        attributes.operation === "UPDATE" ? serviceAmounts(attributes.oldObject as Service) : undefined,
      );
    case "persistentvolumeclaims":
      return difference(
        claimAmounts(attributes.object as PersistentVolumeClaim),
        attributes.operation === "UPDATE" ? claimAmounts(attributes.oldObject as PersistentVolumeClaim) : undefined,
      );
    default: {
      if (attributes.operation !== "CREATE") return undefined;
      const amounts = new Map([[`count/${key}`, one]]);
      if (group === "") amounts.set(resource, one);
      return { amounts, required: none, mustSpecify: none, unspecifiedBy: [] };
    }
  }
}

type Amounts = Map<string, Quantity>;

function difference(now: Amounts, before: Amounts | undefined): Usage {
  const amounts: Amounts = new Map(now);
  for (const [name, amount] of before ?? []) amounts.set(name, (amounts.get(name) ?? Quantity.zero).subtract(amount));
  return { amounts, required: none, mustSpecify: none, unspecifiedBy: [] };
}

function add(amounts: Amounts, name: string, quantity: Quantity): void {
  amounts.set(name, amounts.get(name)?.add(quantity) ?? quantity);
}

export function podUsage(pod: Pod): Usage {
  const amounts: Amounts = new Map([
    ["count/pods", one],
    ["pods", one],
  ]);
  for (const [name, quantity] of totals(pod, ({ resources }) => resources?.requests)) {
    add(amounts, `requests.${name}`, quantity);
    if (name === "cpu" || name === "memory" || name === "ephemeral-storage") add(amounts, name, quantity);
  }
  for (const [name, quantity] of totals(pod, ({ resources }) => resources?.limits))
    add(amounts, `limits.${name}`, quantity);
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const mustSpecify = new Set<string>(
    computeNames.filter((name) => containers.some((container) => !specifies(container, name))),
  );
  const unspecifiedBy = containers
    .filter((container) => computeNames.some((name) => !specifies(container, name)))
    .map(({ name }) => name);
  return { amounts, required: new Set(computeNames), mustSpecify, unspecifiedBy };
}

function specifies({ resources }: Container, name: string): boolean {
  const [kind = "", resource = kind] = name.includes(".") ? name.split(".") : ["requests", name];
  const list = kind === "limits" ? resources?.limits : resources?.requests;
  return list?.[resource] !== undefined;
}

function totals(pod: Pod, listOf: (container: Container) => Readonly<Record<string, string>> | undefined): Amounts {
  const sum: Amounts = new Map();
  for (const container of pod.spec?.containers ?? []) {
    for (const [name, text] of Object.entries(listOf(container) ?? {})) add(sum, name, parseQuantity(text));
  }
  for (const container of pod.spec?.initContainers ?? []) {
    for (const [name, text] of Object.entries(listOf(container) ?? {})) {
      const value = parseQuantity(text);
      if (container.restartPolicy === "Always") add(sum, name, value);
      else if ((sum.get(name)?.compare(value) ?? -1) < 0) sum.set(name, value);
    }
  }
  for (const [name, text] of Object.entries(pod.spec?.overhead ?? {})) add(sum, name, parseQuantity(text));
  return sum;
}

export function serviceAmounts(service: Service): Amounts {
  const ports = Quantity.fromValue(service.spec?.ports?.length ?? 0);
  const amounts: Amounts = new Map([
    ["count/services", one],
    ["services", one],
  ]);
  const { type } = service.spec ?? {};
  if (type === "LoadBalancer") amounts.set("services.loadbalancers", one);
  if (type === "NodePort" || (type === "LoadBalancer" && service.spec?.allocateLoadBalancerNodePorts !== false)) {
    amounts.set("services.nodeports", ports);
  }
  return amounts;
}

export function claimAmounts(claim: PersistentVolumeClaim): Amounts {
  const amounts: Amounts = new Map([
    ["count/persistentvolumeclaims", one],
    ["persistentvolumeclaims", one],
  ]);
  const storage = claim.spec?.resources?.requests?.["storage"];
  const className = claim.spec?.storageClassName;
  if (className) amounts.set(`${className}.storageclass.storage.k8s.io/persistentvolumeclaims`, one);
  if (storage === undefined) return amounts;
  amounts.set("requests.storage", parseQuantity(storage));
  if (className) amounts.set(`${className}.storageclass.storage.k8s.io/requests.storage`, parseQuantity(storage));
  return amounts;
}

/** Whether a quota with scopes speaks of this object at all. */
export function matchesScopes(quota: ResourceQuota, { resource, object }: AdmissionAttributes): boolean {
  const scopes = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists", values: [] as string[] })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (scopes.length === 0) return true;
  if (resource.group !== "" || resource.resource !== "pods") return false;
  const pod = object as Pod;
  return scopes.every(({ scopeName, operator, values }) => matchesScope(pod, scopeName, operator, values ?? []));
}

function matchesScope(pod: Pod, scope: string, operator: string, values: readonly string[]): boolean {
  const terminating = pod.spec?.activeDeadlineSeconds !== undefined;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const bestEffort = containers.every(({ resources }) =>
    [resources?.requests, resources?.limits].every(
      (list) => list?.["cpu"] === undefined && list?.["memory"] === undefined,
    ),
  );
  switch (scope) {
    case "Terminating":
      return terminating;
    case "NotTerminating":
      return !terminating;
    case "BestEffort":
      return bestEffort;
    case "NotBestEffort":
      return !bestEffort;
    case "PriorityClass":
      return matchesValue(pod.spec?.priorityClassName, operator, values);
    case "CrossNamespacePodAffinity":
      return usesOtherNamespaces(pod);
    default:
      return false;
  }
}

function matchesValue(value: string | undefined, operator: string, values: readonly string[]): boolean {
  const present = value !== undefined && value !== "";
  if (operator === "Exists") return present;
  if (operator === "DoesNotExist") return !present;
  return operator === "In" ? present && values.includes(value) : !present || !values.includes(value);
}

function usesOtherNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((side) => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
  );
}
