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

/** A group version that is registered, here or with another server. */
export interface RegisteredVersion extends GroupVersion {
  /** Another server answers for it, whether or not this one could too. */
  readonly isRemote: boolean;
  /** What is known of it may be out of date: its server does not answer. */
  readonly isStale: boolean;
}

/** What the APIServices say. */
export interface Registrations {
  /** Rises with every change. */
  readonly revision: number;
  /** In the order of the groups' priorities, then of the versions' in their group. */
  readonly registered: readonly RegisteredVersion[];
  isRemote(group: string, version: string): boolean;
  /** Of another server; as far as it was ever heard of. */
  resources(group: string, version: string): readonly DiscoveredResource[];
}

/** The group of registrations comes first: it is never registered itself. */
const registrationGroup = "apiregistration.k8s.io";

/** What is registered, in its order; then what this server serves and nobody has registered yet. */
export function registeredSource(own: DiscoverySource, registrations: Registrations | undefined): DiscoverySource {
  if (registrations === undefined) return own;
  const find = (group: string, version: string): RegisteredVersion | undefined =>
    registrations.registered.find((one) => one.group === group && one.version === version);
  return {
    groupVersions: () => {
      const all = new Map<string, GroupVersion>();
      const add = ({ group, version }: GroupVersion) => all.set(`${group}/${version}`, { group, version });
      const served = own.groupVersions();
      served.filter(({ group }) => group === "" || group === registrationGroup).forEach(add);
      registrations.registered.forEach(add);
      served.forEach(add);
      return [...all.values()];
    },
    resources: (group, version) =>
      find(group, version)?.isRemote === true ? registrations.resources(group, version) : own.resources(group, version),
    isStale: (group, version) => find(group, version)?.isStale === true,
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
  for (const { descriptor, computed } of table.all()) {
    if (descriptor.group !== group || descriptor.version !== version) continue;
    // Only what is stored has a version that it is stored in.
    if (computed !== undefined) continue;
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
