import type { Service } from "../../../api/index.ts";
import { fieldPath, warningsForCidr, warningsForIp } from "../../../apimachinery/index.ts";

const specPath = fieldPath("spec");

export function serviceWarnings({ metadata, spec }: Service): readonly string[] {
  const warnings: string[] = [];
  const { clusterIP = "", clusterIPs = [], externalIPs = [], loadBalancerIP = "", type } = spec ?? {};
  if (metadata.annotations?.["service.kubernetes.io/topology-aware-hints"] !== undefined) {
    warnings.push(
      "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead",
    );
  }
  const each = (list: readonly string[], field: string, warn: typeof warningsForIp) =>
    warnings.push(...list.flatMap((value, index) => warn(value, specPath.child(field).index(index))));
  if (clusterIP !== "" && clusterIP !== "None") each(clusterIPs, "clusterIPs", warningsForIp);
  const headless = type === "ClusterIP" && clusterIP === "None";
  if (headless) {
    if (loadBalancerIP !== "") warnings.push("spec.loadBalancerIP is ignored for headless services");
    if (externalIPs.length > 0) warnings.push("spec.externalIPs is ignored for headless services");
    if (spec.sessionAffinity !== "None") warnings.push("spec.SessionAffinity is ignored for headless services");
  }
  each(externalIPs, "externalIPs", warningsForIp);
  if (externalIPs.length > 0 && !headless && type !== "ExternalName")
    warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  if (loadBalancerIP !== "") warnings.push(...warningsForIp(loadBalancerIP, specPath.child("loadBalancerIP")));
  each(spec?.loadBalancerSourceRanges ?? [], "loadBalancerSourceRanges", warningsForCidr);
  if (type === "ExternalName" && externalIPs.length > 0) {
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (type !== "ExternalName" && (spec?.externalName ?? "") !== "") {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (spec?.trafficDistribution === "PreferClose") {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return warnings;
}

export function serviceStatusWarnings({ status }: Service): readonly string[] {
  const path = fieldPath("status", "loadBalancer", "ingress");
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = "" }, index) =>
    ip === "" ? [] : warningsForIp(ip, path.index(index)),
  );
}
