import {
  type KubeObject,
  type LabelSelectorObject,
  type metaV1,
  newNotFound,
  type Selector,
  selectorFromObject,
} from "../../../apimachinery/index.ts";
import type { Namespace } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";

type LabelSelector = metaV1.LabelSelector;

/** Selectors are read anew for every request, but hardly ever change. */
const compiled = new WeakMap<LabelSelector, Selector>();

function compile(selector: LabelSelector): Selector {
  const known = compiled.get(selector);
  if (known !== undefined) return known;
  const made = selectorFromObject(selector as LabelSelectorObject);
  compiled.set(selector, made);
  return made;
}

/** Whether the labels of the request's namespace match. Cluster-scoped objects, but for namespaces, always do. */
export async function matchesNamespace(
  selector: LabelSelector | undefined,
  attributes: AdmissionAttributes,
  objects: ClusterObjects,
): Promise<boolean> {
  if (selector === undefined || isEmpty(selector)) return true;
  const labels = await namespaceLabels(attributes, objects);
  return labels === undefined || compile(selector).matches(labels);
}

async function namespaceLabels(
  { operation, resource, namespace, object, subresource }: AdmissionAttributes,
  objects: ClusterObjects,
): Promise<Record<string, string> | undefined> {
  const isNamespace = resource.resource === "namespaces";
  // The labels that the namespace is about to have decide.
  if (isNamespace && subresource === "" && (operation === "CREATE" || operation === "UPDATE"))
    return object?.metadata?.labels ?? {};
  if (namespace === "" && !isNamespace) return undefined;
  return (await namespaceNamed(namespace, objects)).metadata.labels ?? {};
}

/** Rejects with 404 when there is none. */
export async function namespaceNamed(name: string, objects: ClusterObjects): Promise<Namespace> {
  const found =
    objects.get<Namespace>("", "namespaces", "", name) ??
    (await objects.getFresh<Namespace>("", "namespaces", "", name));
  if (found === undefined) throw newNotFound({ group: "", resource: "namespaces" }, name);
  return found;
}

/** Whether the new or the old object matches. */
export function matchesObject(
  selector: LabelSelector | undefined,
  { object, oldObject }: AdmissionAttributes,
): boolean {
  if (selector === undefined || isEmpty(selector)) return true;
  const wanted = compile(selector);
  // What stands for a connection has no metadata, and no labels match it.
  const matches = (candidate: KubeObject | undefined) =>
    candidate?.metadata !== undefined && wanted.matches(candidate.metadata.labels ?? {});
  return matches(object) || matches(oldObject);
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
}
