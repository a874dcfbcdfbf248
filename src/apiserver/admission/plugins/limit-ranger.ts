import { parseQuantity, type Quantity } from "../../../apimachinery/index.ts";
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from "../../../api/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

type Amounts = Readonly<Record<string, string>>;
type Sums = Record<string, Quantity>;

/** Defaults and bounds for what containers, pods and claims of a namespace may ask for. Upstream: "Limit Ranges". */
export function limitRanger(objects: ClusterObjects): AdmissionPlugin {
  const items = (namespace: string) =>
    [...objects.list<LimitRange>("", "limitranges", namespace)].flatMap(({ spec }) => spec?.limits ?? []);
  return {
    name: "LimitRanger",
    handles: (operation, resource, subresource) =>
      (isResource(resource, "", "pods") &&
        ((operation === "CREATE" && subresource === "") || (operation === "UPDATE" && subresource === "resize"))) ||
      (isResource(resource, "", "persistentvolumeclaims") &&
        subresource === "" &&
        (operation === "CREATE" || operation === "UPDATE")),
    admit(attributes) {
      if (!isResource(attributes.resource, "", "pods") || attributes.operation !== "CREATE") return;
      for (const { spec } of objects.list<LimitRange>("", "limitranges", attributes.namespace))
        setDefaults(attributes.object as Pod, spec?.limits ?? []);
    },
    validate(attributes) {
      const problems = items(attributes.namespace).flatMap((item) => check(attributes, item));
      if (problems.length === 0) return;
      throw refuse(attributes, problems.length === 1 ? (problems[0] ?? "") : `[${problems.join(", ")}]`);
    },
  };
}

const annotation = "kubernetes.io/limit-ranger";

/**
 * What containers leave open is what a range says, and an annotation tells of it. `defaultRequest` falls back to
 * `default`, which falls back to `max`, as the API's own defaulting does.
 */
function setDefaults(pod: Pod, items: readonly LimitRangeItem[]): void {
  const own = items.filter(({ type }) => type === "Container");
  const limits: Amounts = Object.assign({}, ...own.map((item) => item.default));
  const requests: Amounts = Object.assign({}, ...own.map(({ defaultRequest }) => defaultRequest));
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const told = [
    ...containers.flatMap((container) => fill(container, limits, requests, "container")),
    ...initContainers.flatMap((container) => fill(container, limits, requests, "init container")),
  ];
  if (told.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [annotation]: `LimitRanger plugin set: ${told.join("; ")}`,
  };
}

function fill(container: Container, limits: Amounts, requests: Amounts, what: string): readonly string[] {
  const resources = (container.resources ??= {});
  const missing = (given: Amounts, present: Amounts = {}) => Object.keys(given).filter((name) => !(name in present));
  const [openRequests, openLimits] = [missing(requests, resources.requests), missing(limits, resources.limits)];
  if (openRequests.length > 0) resources.requests = { ...requests, ...resources.requests };
  if (openLimits.length > 0) resources.limits = { ...limits, ...resources.limits };
  const tell = (names: readonly string[], kind: string) =>
    names.length === 0 ? [] : [`${names.toSorted().join(", ")} ${kind} for ${what} ${container.name}`];
  return [...tell(openRequests, "request"), ...tell(openLimits, "limit")];
}

function check(attributes: AdmissionAttributes, item: LimitRangeItem): string[] {
  if (isResource(attributes.resource, "", "persistentvolumeclaims")) {
    if (item.type !== "PersistentVolumeClaim") return [];
    return checkBounds(item, (attributes.object as PersistentVolumeClaim).spec?.resources?.requests ?? {}, {}, "claim");
  }
  const pod = attributes.object as Pod;
  if (item.type === "Container") {
    return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].flatMap(({ resources }) =>
      checkBounds(item, resources?.requests ?? {}, resources?.limits ?? {}, "container"),
    );
  }
  if (item.type !== "Pod") return [];
  return checkBounds(
    item,
    podTotal(pod, ({ resources }) => resources?.requests),
    podTotal(pod, ({ resources }) => resources?.limits),
    "pod",
  );
}

const bounded: Readonly<Record<string, string>> = {
  container: "Container",
  pod: "Pod",
  claim: "PersistentVolumeClaim",
};

function checkBounds(item: LimitRangeItem, requests: Amounts, limits: Amounts, what: string): string[] {
  const kind = bounded[what] ?? "";
  const problems: string[] = [];
  const least = (resource: string, min: string) => {
    const request = requests[resource];
    if (request === undefined) {
      problems.push(`minimum ${resource} usage per ${kind} is ${min}.  No request is specified`);
    } else if (below(request, min)) {
      problems.push(`minimum ${resource} usage per ${kind} is ${min}, but request is ${request}`);
    }
    const limit = limits[resource];
    if (limit !== undefined && below(limit, min))
      problems.push(`minimum ${resource} usage per ${kind} is ${min}, but limit is ${limit}`);
  };
  for (const [resource, min] of Object.entries(item.min ?? {})) least(resource, min);
  for (const [resource, max] of Object.entries(item.max ?? {}))
    problems.push(...most(resource, max, requests, limits, kind, what));
  for (const [resource, ratio] of Object.entries(item.maxLimitRequestRatio ?? {}))
    problems.push(...checkRatio(resource, ratio, requests, limits, kind));
  return problems;
}

function most(resource: string, max: string, requests: Amounts, limits: Amounts, kind: string, what: string): string[] {
  const value = what === "claim" ? requests[resource] : limits[resource];
  const name = what === "claim" ? "request" : "limit";
  const problems: string[] = [];
  if (value === undefined) problems.push(`maximum ${resource} usage per ${kind} is ${max}.  No ${name} is specified`);
  else if (below(max, value)) problems.push(`maximum ${resource} usage per ${kind} is ${max}, but ${name} is ${value}`);
  const request = requests[resource];
  if (what !== "claim" && request !== undefined && below(max, request)) {
    problems.push(`maximum ${resource} usage per ${kind} is ${max}, but request is ${request}`);
  }
  return problems;
}

function checkRatio(resource: string, ratio: string, requests: Amounts, limits: Amounts, kind: string): string[] {
  const [request, limit] = [requests[resource], limits[resource]];
  const head = `${resource} max limit to request ratio per ${kind} is ${ratio}`;
  if (request === undefined || parseQuantity(request).isZero)
    return [`${head}, but no request is specified or request is 0`];
  if (limit === undefined || parseQuantity(limit).isZero) return [`${head}, but no limit is specified or limit is 0`];
  const observed = parseQuantity(limit).milliValue() / parseQuantity(request).milliValue();
  const allowed = parseQuantity(ratio).milliValue() / 1000;
  return observed > allowed ? [`${head}, but provided ratio is ${observed.toFixed(6)}`] : [];
}

function below(a: string, b: string): boolean {
  return parseQuantity(a).compare(parseQuantity(b)) < 0;
}

/** Sum of containers, or the largest init container where that is more. */
function podTotal(pod: Pod, amounts: (container: Container) => Amounts | undefined): Amounts {
  const sums: Sums = {};
  for (const container of pod.spec?.containers ?? []) {
    for (const [name, text] of Object.entries(amounts(container) ?? {})) {
      sums[name] = sums[name]?.add(parseQuantity(text)) ?? parseQuantity(text);
    }
  }
  for (const container of pod.spec?.initContainers ?? []) {
    for (const [name, text] of Object.entries(amounts(container) ?? {})) {
      const value = parseQuantity(text);
      const sum = sums[name];
      if (sum === undefined || sum.compare(value) < 0) sums[name] = value;
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([name, quantity]) => [name, quantity.toString()]));
}
