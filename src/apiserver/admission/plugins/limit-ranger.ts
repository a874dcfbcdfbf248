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

/** At most one problem of each bound, as upstream. */
function checkBounds(item: LimitRangeItem, requests: Amounts, limits: Amounts, what: string): string[] {
  const kind = bounded[what] ?? "";
  const problems: (string | undefined)[] = [];
  for (const [resource, min] of Object.entries(item.min ?? {}))
    problems.push(tooLittle(resource, min, requests, limits, kind));
  for (const [resource, max] of Object.entries(item.max ?? {}))
    problems.push(tooMuch(resource, max, requests, limits, kind));
  const ratios = what === "claim" ? {} : item.maxLimitRequestRatio;
  for (const [resource, ratio] of Object.entries(ratios ?? {}))
    problems.push(...checkRatio(resource, ratio, requests, limits, kind));
  return problems.filter((problem) => problem !== undefined);
}

function tooLittle(
  resource: string,
  min: string,
  requests: Amounts,
  limits: Amounts,
  kind: string,
): string | undefined {
  const [request, limit] = [requests[resource], limits[resource]];
  const head = `minimum ${resource} usage per ${kind} is ${min}`;
  if (request === undefined) return `${head}.  No request is specified`;
  if (below(request, min)) return `${head}, but request is ${request}`;
  return limit !== undefined && below(limit, min) ? `${head}, but limit is ${limit}` : undefined;
}

function tooMuch(resource: string, max: string, requests: Amounts, limits: Amounts, kind: string): string | undefined {
  const [request, limit] = [requests[resource], limits[resource]];
  const head = `maximum ${resource} usage per ${kind} is ${max}`;
  const isClaim = kind === bounded["claim"];
  if (isClaim && request === undefined) return `${head}.  No request is specified`;
  if (!isClaim && limit === undefined) return `${head}.  No limit is specified`;
  if (limit !== undefined && below(max, limit)) return `${head}, but limit is ${limit}`;
  return request !== undefined && below(max, request) ? `${head}, but request is ${request}` : undefined;
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
