import { type FieldError, invalid } from "../../apimachinery/index.ts";
import { type IpFamily, isHeadless, needsClusterIp, type Service } from "./service-types.ts";

const policyPath = "spec.ipFamilyPolicy";
const familiesPath = "spec.ipFamilies";

function familyOf(address: string): IpFamily {
  return address.includes(":") ? "IPv6" : "IPv4";
}

/**
 * Fills `ipFamilyPolicy`, `ipFamilies` and the pair `clusterIP`/`clusterIPs` as upstream's `initIPFamilyFields`:
 * from what is set, from the old Service, else from the cluster's families (the first is the default).
 */
export function fillIpFamilies(
  service: Service,
  old: Service | undefined,
  cluster: readonly IpFamily[],
): readonly FieldError[] {
  const { spec } = service;
  if (!needsClusterIp(service)) {
    if (old !== undefined && needsClusterIp(old)) clear(service);
    return [];
  }
  if (old !== undefined) inherit(service, old);
  normalizeClusterIps(service, old);
  const given = (spec.clusterIPs ?? []).filter((address) => address !== "None").map(familyOf);
  const wantsDual = spec.ipFamilyPolicy === "PreferDualStack" || spec.ipFamilyPolicy === "RequireDualStack";
  const both = (spec.ipFamilies?.length ?? 0) === 2 || given.length === 2;
  if (spec.ipFamilyPolicy === undefined) spec.ipFamilyPolicy = policyFor(service, both, cluster);
  if (
    spec.ipFamilyPolicy === "RequireDualStack" &&
    cluster.length < 2 &&
    !(isHeadless(service) && selectorless(service))
  ) {
    return [invalid(policyPath, spec.ipFamilyPolicy, "this cluster is not configured for dual-stack services")];
  }
  const families = spec.ipFamilies ?? [];
  if (families.length === 0) families.push(...(given.length > 0 ? given : [cluster[0] ?? "IPv4"]));
  const dual = wantsDual || spec.ipFamilyPolicy !== "SingleStack";
  const other = families[0] === "IPv4" ? "IPv6" : "IPv4";
  const available = cluster.includes(other) || (isHeadless(service) && selectorless(service));
  if (dual && families.length === 1 && available) families.push(other);
  spec.ipFamilies = families;
  return checkFamilies(service, cluster);
}

function policyFor(service: Service, both: boolean, cluster: readonly IpFamily[]): string {
  if (isHeadless(service) && selectorless(service))
    return both || cluster.length > 1 ? "RequireDualStack" : "SingleStack";
  return both ? "RequireDualStack" : "SingleStack";
}

function selectorless({ spec }: Service): boolean {
  return Object.keys(spec.selector ?? {}).length === 0;
}

function checkFamilies(service: Service, cluster: readonly IpFamily[]): readonly FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  const lenient = isHeadless(service) && selectorless(service);
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    const known = cluster.includes(family as IpFamily) || lenient;
    if (!known) errors.push(invalid(`${familiesPath}[${index}]`, family, "not configured on this cluster"));
  }
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === "None" || spec.ipFamilies?.[index] === undefined) continue;
    if (familyOf(address) !== spec.ipFamilies[index]) {
      errors.push(
        invalid(
          `spec.clusterIPs[${index}]`,
          address,
          `expected an ${spec.ipFamilies[index]} value as indicated by \`ipFamilies[${index}]\``,
        ),
      );
    }
  }
  return errors;
}

/**
 * Either field may be given alone, and changed alone: who changes `clusterIP` means the first of `clusterIPs`, too.
 * Upstream: `NormalizeClusterIPs`.
 */
function normalizeClusterIps({ spec }: Service, old: Service | undefined): void {
  const single = spec.clusterIP ?? "";
  const list = spec.clusterIPs ?? [];
  const changedAlone =
    old !== undefined &&
    single !== (old.spec.clusterIP ?? "") &&
    list.join() === (old.spec.clusterIPs ?? []).join() &&
    list.length > 0;
  if (changedAlone && single !== "") spec.clusterIPs = [single, ...list.slice(1)];
  else if (single !== "" && list.length === 0) spec.clusterIPs = [single];
  else if (single === "" && list.length > 0) spec.clusterIP = list[0] ?? "";
}

/** An update that leaves out what was allocated means to keep it. */
function inherit(service: Service, old: Service): void {
  const { spec } = service;
  if (!needsClusterIp(old)) return;
  const unset = (spec.clusterIP ?? "") === "" && (spec.clusterIPs?.length ?? 0) === 0;
  if (unset) {
    if (old.spec.clusterIP !== undefined) spec.clusterIP = old.spec.clusterIP;
    if (old.spec.clusterIPs !== undefined) spec.clusterIPs = [...old.spec.clusterIPs];
  }
  spec.ipFamilyPolicy ??= old.spec.ipFamilyPolicy;
  if (spec.ipFamilyPolicy === undefined) delete spec.ipFamilyPolicy;
  if (spec.ipFamilies === undefined && old.spec.ipFamilies !== undefined) spec.ipFamilies = [...old.spec.ipFamilies];
  if (spec.ipFamilyPolicy !== "SingleStack" || old.spec.ipFamilyPolicy === "SingleStack") return;
  // Back to one family: the second one goes.
  spec.ipFamilies = (spec.ipFamilies ?? []).slice(0, 1);
  spec.clusterIPs = (spec.clusterIPs ?? []).slice(0, 1);
}

function clear({ spec }: Service): void {
  delete spec.clusterIP;
  delete spec.clusterIPs;
  delete spec.ipFamilies;
  delete spec.ipFamilyPolicy;
}
