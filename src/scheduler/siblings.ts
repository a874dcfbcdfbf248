import { type Selector, selectorFromLabels, selectorFromObject } from "../apimachinery/index.ts";
import type { Pod } from "../api/index.ts";
import { type InformerFactory, informerOf, kinds } from "../client/index.ts";
import type { SiblingSelector } from "./plugins/pod-topology-spread.ts";

/**
 * The pods that count as one group for default spreading: those that every Service selecting the pod, and the
 * controller owning it, select. `undefined` when nothing groups the pod.
 */
export function informerSiblings(informers: InformerFactory): SiblingSelector {
  const services = informerOf(informers, kinds.services);
  const replicaSets = informerOf(informers, kinds.replicasets);
  const statefulSets = informerOf(informers, kinds.statefulsets);
  const replicationControllers = informerOf(informers, kinds.replicationcontrollers);
  const ownerSelector = (pod: Pod): Selector | undefined => {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
    const key = `${pod.metadata.namespace}/${owner?.name}`;
    switch (owner?.kind) {
      case "ReplicaSet":
        return selectorFromObject(replicaSets.lister.get(key)?.spec?.selector);
      case "StatefulSet":
        return selectorFromObject(statefulSets.lister.get(key)?.spec?.selector);
      case "ReplicationController":
        return selectorFromLabels(replicationControllers.lister.get(key)?.spec?.selector);
      default:
        return undefined;
    }
  };
  return (pod) => {
    const labels = pod.metadata.labels ?? {};
    const selectors: Selector[] = [];
    for (const service of services.lister.listNamespace(pod.metadata.namespace ?? "")) {
      const wanted = service.spec?.selector;
      if (wanted === undefined || Object.keys(wanted).length === 0) continue;
      const selector = selectorFromLabels(wanted);
      if (selector.matches(labels)) selectors.push(selector);
    }
    const owner = ownerSelector(pod);
    if (owner !== undefined) selectors.push(owner);
    if (selectors.length === 0) return undefined;
    return allOf(selectors);
  };
}

function allOf(selectors: readonly Selector[]): Selector {
  const [first] = selectors;
  if (selectors.length === 1 && first !== undefined) return first;
  return { ...first, matches: (labels) => selectors.every((selector) => selector.matches(labels)) } as Selector;
}
