import { createHash } from "node:crypto";
import type { Scheme } from "../../api/index.ts";
import type { ResourceTable } from "../handlers/served.ts";
import type { DiscoveredResource, DiscoverySource } from "./plain.ts";
import { compareVersions } from "./version-order.ts";

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** What the scheme says is served, and what has come at run time. */
export function discoverySource(scheme: Scheme, table: ResourceTable): DiscoverySource {
  const builtIn = scheme.groupVersions();
  const key = (of: GroupVersion): string => `${of.group}/${of.version}`;
  const known = new Set(builtIn.map(key));
  return {
    groupVersions: () => {
      const custom = new Map<string, GroupVersion>();
      for (const { descriptor } of table.all()) {
        const { group, version } = descriptor;
        if (!known.has(key(descriptor))) custom.set(key(descriptor), { group, version });
      }
      return [...builtIn, ...[...custom.values()].sort(byGroupAndVersion)];
    },
    resources: (group, version) => resourcesOf(scheme, table, group, version),
  };
}

function byGroupAndVersion(a: GroupVersion, b: GroupVersion): number {
  return a.group === b.group ? compareVersions(a.version, b.version) : a.group < b.group ? -1 : 1;
}

/** Grows with what other servers are found to serve. */
export interface RemoteResources {
  readonly revision: number;
  readonly discovered: readonly DiscoveredResource[];
}

/** Ours, then theirs. */
export function withRemote(own: DiscoverySource, remote: RemoteResources | undefined): DiscoverySource {
  if (remote === undefined) return own;
  const isOwn = (group: string, version: string): boolean =>
    own.groupVersions().some((one) => one.group === group && one.version === version);
  return {
    groupVersions: () => {
      const theirs = new Map<string, GroupVersion>();
      for (const { group, version } of remote.discovered)
        if (!isOwn(group, version)) theirs.set(`${group}/${version}`, { group, version });
      return [...own.groupVersions(), ...theirs.values()];
    },
    resources: (group, version) =>
      isOwn(group, version)
        ? own.resources(group, version)
        : remote.discovered.filter((one) => one.group === group && one.version === version),
  };
}

function resourcesOf(
  scheme: Scheme,
  table: ResourceTable,
  group: string,
  version: string,
): readonly DiscoveredResource[] {
  const found = new Map<string, DiscoveredResource>();
  for (const resource of scheme.resources()) {
    if (resource.group !== group || resource.version !== version) continue;
    found.set(resource.facts.name, { group, version, facts: resource.facts });
  }
  for (const { descriptor } of table.all()) {
    if (descriptor.group !== group || descriptor.version !== version) continue;
    const { facts, storageVersion } = descriptor;
    const hash = storageVersionHash(storageVersion.group, storageVersion.version, storageVersion.kind);
    found.set(facts.name, { group, version, facts, storageVersionHash: hash });
  }
  return [...found.values()].sort((a, b) => (a.facts.name < b.facts.name ? -1 : 1));
}

/** Upstream: the first eight bytes of SHA-256 over `group/version/kind`, in base64. */
function storageVersionHash(group: string, version: string, kind: string): string {
  return createHash("sha256").update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString("base64");
}
