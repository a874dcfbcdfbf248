import {
  type KubeObject,
  type LabelSelectorObject,
  newNotFound,
  selectorFromObject,
} from "../../../apimachinery/index.ts";
import type { metaV1 } from "../../../apimachinery/index.ts";
import type { Namespace } from "../../../api/index.ts";

type LabelSelector = metaV1.LabelSelector;
import type { AdmissionAttributes } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";

/** Whether the labels of the request's namespace match. Cluster-scoped objects, but for namespaces, always do. */
export async function matchesNamespace(
  selector: LabelSelector | undefined,
  attributes: AdmissionAttributes,
  objects: ClusterObjects,
): Promise<boolean> {
  if (selector === undefined || isEmpty(selector)) return true;
  const labels = await namespaceLabels(attributes, objects);
  return labels === undefined || selectorFromObject(selector as LabelSelectorObject).matches(labels);
}

async function namespaceLabels(
  attributes: AdmissionAttributes,
  objects: ClusterObjects,
): Promise<Record<string, string> | undefined> {
  const { resource, namespace, object, subresource } = attributes;
  if (resource.group === "" && resource.resource === "namespaces") {
    // The labels that the namespace is about to have decide.
    if (object !== undefined && subresource === "") return object.metadata.labels ?? {};
    return (await namespaceNamed(attributes.name, objects)).metadata.labels ?? {};
  }
  return namespace === "" ? undefined : ((await namespaceNamed(namespace, objects)).metadata.labels ?? {});
}

async function namespaceNamed(name: string, objects: ClusterObjects): Promise<Namespace> {
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
  const compiled = selectorFromObject(selector as LabelSelectorObject);
  const matches = (candidate: KubeObject | undefined) =>
    candidate !== undefined && compiled.matches(candidate.metadata?.labels ?? {});
  return matches(object) || matches(oldObject);
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
}
