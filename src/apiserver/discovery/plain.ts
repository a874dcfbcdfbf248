import type { ServedResource } from "../handlers/served.ts";

/** A group version that is served though it has no stored resources (reviews), or is served elsewhere. */
export interface DiscoveredResource {
  readonly group: string;
  readonly version: string;
  readonly facts: ServedResource["descriptor"]["facts"];
  readonly storageVersionHash?: string;
}

export interface DiscoverySource {
  /** In the order in which groups and versions are listed. */
  readonly groupVersions: () => readonly { readonly group: string; readonly version: string }[];
  readonly resources: (group: string, version: string) => readonly DiscoveredResource[];
  /** Whether the server that knows them does not answer. */
  readonly isStale?: (group: string, version: string) => boolean;
}

export function apiVersions(serverAddress: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

export function apiGroupList(source: DiscoverySource): object {
  return { kind: "APIGroupList", apiVersion: "v1", groups: groupNames(source).map((group) => groupOf(source, group)) };
}

export function apiGroup(source: DiscoverySource, group: string): object | undefined {
  if (!groupNames(source).includes(group)) return undefined;
  return { kind: "APIGroup", apiVersion: "v1", ...groupOf(source, group) };
}

export function groupNames(source: DiscoverySource): readonly string[] {
  return [...new Set(source.groupVersions().map(({ group }) => group))].filter((group) => group !== "");
}

export function versionsOf(source: DiscoverySource, group: string): readonly string[] {
  return source.groupVersions().flatMap((one) => (one.group === group ? [one.version] : []));
}

function groupOf(
  source: DiscoverySource,
  group: string,
): { readonly name: string; readonly versions: unknown; readonly preferredVersion: unknown } {
  const versions = versionsOf(source, group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

export function apiResourceList(source: DiscoverySource, group: string, version: string): object | undefined {
  if (!source.groupVersions().some((one) => one.group === group && one.version === version)) return undefined;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  const resources = source
    .resources(group, version)
    .flatMap((resource) => [mainResource(resource), ...subresources(resource)]);
  return { kind: "APIResourceList", ...(group === "" ? {} : { apiVersion: "v1" }), groupVersion, resources };
}

function mainResource({ facts, storageVersionHash }: DiscoveredResource): unknown {
  return {
    name: facts.name,
    singularName: facts.singular,
    namespaced: facts.namespaced,
    kind: facts.kind,
    verbs: facts.verbs,
    ...(facts.shortNames === undefined ? {} : { shortNames: facts.shortNames }),
    ...(facts.categories === undefined ? {} : { categories: facts.categories }),
    ...(storageVersionHash === undefined ? {} : { storageVersionHash }),
  };
}

function subresources({ facts }: DiscoveredResource): readonly unknown[] {
  return (facts.subresources ?? []).map((subresource) => {
    const foreign = foreignKind(subresource.kind);
    return {
      name: `${facts.name}/${subresource.name}`,
      singularName: "",
      namespaced: facts.namespaced,
      ...(foreign === undefined ? {} : { group: foreign.group, version: foreign.version }),
      kind: foreign?.kind ?? subresource.kind,
      verbs: subresource.verbs,
    };
  });
}

/** `policy/v1.Eviction` → its parts; undefined for a kind of the same group version. Groups are given by folder. */
export function foreignKind(
  text: string,
): { readonly group: string; readonly version: string; readonly kind: string } | undefined {
  const match = /^([^/]+)\/([^.]+)\.(.+)$/.exec(text);
  if (match === null) return undefined;
  const [, folder = "", version = "", kind = ""] = match;
  return { group: groupByFolder[folder] ?? folder, version, kind };
}

const groupByFolder: Readonly<Record<string, string>> = {
  core: "",
  authentication: "authentication.k8s.io",
  events: "events.k8s.io",
};
