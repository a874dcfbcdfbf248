import { type DiscoverySource, type DiscoveredResource, foreignKind, groupNames, versionsOf } from "./plain.ts";

/** `APIGroupDiscoveryList` for `/api` (only the core group) or `/apis` (all others). */
export function aggregatedDiscovery(source: DiscoverySource, core: boolean): object {
  const groups = core ? [""] : groupNames(source);
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === "" ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
      versions: versionsOf(source, group).map((one) => ({
        version: one,
        resources: source.resources(group, one).map((resource) => resourceOf(resource)),
        freshness: source.isStale?.(group, one) === true ? "Stale" : "Current",
      })),
    })),
  };
}

function resourceOf({ group, version, facts }: DiscoveredResource): unknown {
  return {
    resource: facts.name,
    responseKind: { group, version, kind: facts.kind },
    scope: facts.namespaced ? "Namespaced" : "Cluster",
    singularResource: facts.singular,
    verbs: facts.verbs,
    ...(facts.shortNames === undefined ? {} : { shortNames: facts.shortNames }),
    ...(facts.categories === undefined ? {} : { categories: facts.categories }),
    ...(facts.subresources === undefined
      ? {}
      : {
          subresources: facts.subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind: foreignKind(subresource.kind) ?? { group, version, kind: subresource.kind },
            verbs: subresource.verbs,
          })),
        }),
  };
}
