import type { Service as ApiService } from "../../api/index.ts";
import { type FieldError, invalid } from "../../apimachinery/index.ts";
import { checkClusterIps } from "../registry/core/service-addresses.ts";
import { type IpFamily, isHeadless, needsClusterIp, type Service } from "./service-types.ts";

const policyPath = "spec.ipFamilyPolicy";

function familyOf(address: string): IpFamily {
  return address.includes(":") ? "IPv6" : "IPv4";
}

const sameList = (a: readonly string[] = [], b: readonly string[] = []) =>
  a.join() === b.join() && a.length === b.length;

/**
 * Fills `ipFamilyPolicy`, `ipFamilies` and the pair `clusterIP`/`clusterIPs` as upstream's `initIPFamilyFields`:
 * from what is set, from the old Service, else from the cluster's families (the first is the default).
 */
export function fillIpFamilies(
  service: Service,
  old: Service | undefined,
  cluster: readonly IpFamily[],
): readonly FieldError[] {
  if (old !== undefined) keepAddresses(service, old);
  normalizeClusterIps(service, old);
  if (!needsClusterIp(service) || keepsPreference(service, old)) return [];
  const { spec } = service;
  const onlyHeadless = isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (onlyHeadless ? "RequireDualStack" : "SingleStack");
  const errors: FieldError[] = [];
  checkClusterIps(service as unknown as ApiService, old as unknown as ApiService | undefined, errors);
  if (errors.length > 0) return errors;
  if (old !== undefined) releaseSecond(service, old, errors);
  checkPolicy(service, errors);
  inferFamilies(service, cluster, errors);
  if (errors.length > 0) return errors;
  if (onlyHeadless) fillFamilies(service, cluster, true);
  else {
    checkCluster(service, cluster, errors);
    if (errors.length === 0) fillFamilies(service, cluster, cluster.length === 2);
  }
  return errors;
}

/** An update that leaves out what was allocated means to keep it. */
function keepAddresses({ spec }: Service, { spec: before, ...old }: Service): void {
  if (!needsClusterIp({ ...old, spec: before }) || spec.type === "ExternalName") return;
  if ((spec.clusterIP ?? "") === "" && before.clusterIP !== undefined) spec.clusterIP = before.clusterIP;
  if ((spec.clusterIPs ?? []).length === 0 && before.clusterIPs !== undefined) spec.clusterIPs = [...before.clusterIPs];
}

/** Old clients know `clusterIP` alone, new ones give both. Upstream: `NormalizeClusterIPs`. */
function normalizeClusterIps({ spec }: Service, old: Service | undefined): void {
  const { clusterIP = "", clusterIPs = [] } = spec;
  if (old === undefined) {
    if (clusterIP !== "" && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
    return;
  }
  if (clusterIP === (old.spec.clusterIP ?? "") || !sameList(clusterIPs, old.spec.clusterIPs)) return;
  if (clusterIP === "") delete spec.clusterIPs;
  else spec.clusterIPs = [clusterIP];
}

/** Who only prefers two families gets no second one later, and loses none, unless something else changes. */
function keepsPreference({ spec }: Service, old: Service | undefined): boolean {
  if (old === undefined || spec.ipFamilyPolicy !== "PreferDualStack" || spec.type !== old.spec.type) return false;
  if ((old.spec.ipFamilyPolicy ?? "PreferDualStack") !== "PreferDualStack") return false;
  return sameList(spec.clusterIPs, old.spec.clusterIPs) && sameList(spec.ipFamilies, old.spec.ipFamilies);
}

/** Back to one family: the second one goes, where the policy says so. */
function releaseSecond({ spec }: Service, old: Service, errors: FieldError[]): void {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy: policy } = spec;
  const [addresses, families] = [old.spec.clusterIPs ?? [], old.spec.ipFamilies ?? []];
  if (policy === "SingleStack") {
    if (clusterIPs.length > 1 && sameList(clusterIPs, addresses)) spec.clusterIPs = clusterIPs.slice(0, 1);
    if (ipFamilies.length > 1 && sameList(ipFamilies, families)) spec.ipFamilies = ipFamilies.slice(0, 1);
    return;
  }
  const refuse = (what: string) =>
    errors.push(invalid(policyPath, policy, `must be 'SingleStack' to release the secondary ${what}`));
  const isReduced = (now: readonly string[], before: readonly string[]) =>
    now.length === 1 && before.length === 2 && now[0] === before[0];
  if (isReduced(clusterIPs, addresses)) refuse("cluster IP");
  if (isReduced(ipFamilies, families)) refuse("IP family");
}

function checkPolicy({ spec }: Service, errors: FieldError[]): void {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy: policy } = spec;
  if (policy !== "SingleStack") return;
  const refuse = (what: string) =>
    errors.push(
      invalid(
        policyPath,
        policy,
        `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
      ),
    );
  if (clusterIPs.length === 2) refuse("cluster IPs");
  if (ipFamilies.length === 2) refuse("IP families");
}

/** Addresses without a family say which one they mean. */
function inferFamilies({ spec }: Service, cluster: readonly IpFamily[], errors: FieldError[]): void {
  const { clusterIPs = [] } = spec;
  for (const [index, address] of clusterIPs.entries()) {
    if (address === "None") return;
    const family = familyOf(address);
    if (index < (spec.ipFamilies ?? []).length) continue;
    if (cluster.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else errors.push(invalid(`spec.clusterIPs[${index}]`, clusterIPs, `${family} is not configured on this cluster`));
  }
}

function checkCluster({ spec }: Service, cluster: readonly IpFamily[], errors: FieldError[]): void {
  if (spec.ipFamilyPolicy === "RequireDualStack" && cluster.length < 2) {
    errors.push(invalid(policyPath, spec.ipFamilyPolicy, "this cluster is not configured for dual-stack services"));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (cluster.includes(family as IpFamily)) continue;
    errors.push(invalid(`spec.ipFamilies[${index}]`, family, "not configured on this cluster"));
  }
}

function fillFamilies({ spec }: Service, cluster: readonly IpFamily[], both: boolean): void {
  const families = [...(spec.ipFamilies ?? [])];
  if (families.length === 0) families.push(cluster[0] ?? "IPv4");
  if (both && families.length === 1 && spec.ipFamilyPolicy !== "SingleStack") {
    families.push(families[0] === "IPv4" ? "IPv6" : "IPv4");
  }
  spec.ipFamilies = families;
}
