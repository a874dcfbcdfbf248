import { type KubeObject, parseQuantity, Quantity } from "../../../apimachinery/index.ts";
import type { Container, PersistentVolumeClaim, Pod, ResourceQuota, Service } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";

export type Amounts = Map<string, Quantity>;

const one = Quantity.fromValue(1);
/** A quota of these wants every container to say how much it takes. */
const computeNames = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"] as const;

type Resource = AdmissionAttributes["resource"];

/** Whether a write can take anything of a quota. */
export function takesQuota(
  operation: AdmissionAttributes["operation"],
  { group, resource }: Resource,
  subresource: string,
): boolean {
  if (resource === "events" && (group === "" || group === "events.k8s.io")) return false;
  if (group === "" && resource === "namespaces") return false;
  if (group === "" && resource === "pods" && subresource === "resize") return operation === "UPDATE";
  if (subresource !== "") return false;
  const changes = group === "" && (resource === "services" || resource === "persistentvolumeclaims");
  return operation === "CREATE" || (operation === "UPDATE" && changes);
}

/** What an object takes, by the names that quotas have for it. */
export function usageOf({ group, resource }: Resource, object: KubeObject | undefined): Amounts {
  const key = group === "" ? resource : `${resource}.${group}`;
  switch (key) {
    case "pods":
      return podAmounts(object as Pod);
    case "services":
      return serviceAmounts(object as Service);
    case "persistentvolumeclaims":
      return claimAmounts(object as PersistentVolumeClaim);
    default: {
      const amounts: Amounts = new Map([[`count/${key}`, one]]);
      if (group === "" && counted.has(resource)) amounts.set(resource, one);
      return amounts;
    }
  }
}

const counted = new Set(["configmaps", "secrets", "replicationcontrollers", "resourcequotas"]);

/** `limits.cpu for: a,b; limits.memory for: a`: what containers leave open that one of these quotas limits. */
export function constraintsOf(
  { group, resource }: Resource,
  object: KubeObject | undefined,
  names: readonly string[],
): string | undefined {
  if (group !== "" || resource !== "pods") return undefined;
  const { containers = [], initContainers = [] } = (object as Pod).spec ?? {};
  const problems = computeNames
    .filter((name) => names.includes(name))
    .flatMap((name) => {
      const open = [...containers, ...initContainers].filter((container) => !specifies(container, name));
      const called = [...new Set(open.map((container) => container.name))].toSorted();
      return called.length === 0 ? [] : [`${name} for: ${called.join(",")}`];
    });
  return problems.length === 0 ? undefined : problems.toSorted().join("; ");
}

function add(amounts: Amounts, name: string, quantity: Quantity): void {
  amounts.set(name, amounts.get(name)?.add(quantity) ?? quantity);
}

function podAmounts(pod: Pod): Amounts {
  const amounts: Amounts = new Map([
    ["count/pods", one],
    ["pods", one],
  ]);
  const { phase } = pod.status ?? {};
  // What is over takes nothing but its place.
  if (phase === "Succeeded" || phase === "Failed") return new Map([["count/pods", one]]);
  for (const [name, quantity] of totals(pod, ({ resources }) => resources?.requests)) {
    add(amounts, `requests.${name}`, quantity);
    if (plain.has(name) || name.startsWith("hugepages-")) add(amounts, name, quantity);
  }
  for (const [name, quantity] of totals(pod, ({ resources }) => resources?.limits))
    if (plain.has(name)) add(amounts, `limits.${name}`, quantity);
  return amounts;
}

const plain = new Set(["cpu", "memory", "ephemeral-storage"]);

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

function serviceAmounts(service: Service): Amounts {
  const { ports: all = [], allocateLoadBalancerNodePorts } = service.spec ?? {};
  // A load balancer may do without node ports, but for those that are asked for.
  const only = service.spec?.type === "LoadBalancer" && allocateLoadBalancerNodePorts === false;
  const ports = Quantity.fromValue(only ? all.filter(({ nodePort = 0 }) => nodePort !== 0).length : all.length);
  const amounts: Amounts = new Map([
    ["count/services", one],
    ["services", one],
  ]);
  const { type } = service.spec ?? {};
  if (type === "LoadBalancer") amounts.set("services.loadbalancers", one);
  if (type === "NodePort" || type === "LoadBalancer") amounts.set("services.nodeports", ports);
  return amounts;
}

function claimAmounts(claim: PersistentVolumeClaim): Amounts {
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
export function matchesScopes(quota: ResourceQuota, resource: Resource, object: KubeObject | undefined): boolean {
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
